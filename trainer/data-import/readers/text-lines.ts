/**
 * Lines of a text: a line ends at a line feed, with or without a carriage return before it. (Node's readline also ends
 * one at U+2028, which may stand inside a JSON string.)
 */

const decoder = new TextDecoder();
const LINE_FEED = 10;

/** @param chunks  UTF-8 */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      yield toLine([...rest, chunk.subarray(from, at)]);
      rest = [];
      from = at + 1;
    }
    if (from < chunk.length) rest.push(chunk.subarray(from));
  }
  if (rest.length > 0) yield toLine(rest);
}

function toLine(parts: readonly Buffer[]): string {
  const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
  return decoder.decode(bytes).replace(/\r$/, '');
}
