/**
 * JSON as the servers of both protocols read it: RFC 8259, and the bare tokens NaN, Infinity and Inf, with or without a
 * minus (RapidJSON's kParseNanAndInfFlag). What is JSON takes the platform's parser and nothing else.
 */

/**
 * @returns the value; bare tokens as the numbers they name
 * @throws SyntaxError as `JSON.parse` does
 */
export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const spelled = spellTokens(text);
    if (spelled === null) throw cause;
    return parseSpelled(spelled, cause);
  }
}

const TOKENS = ['NaN', 'Infinity', 'Inf', '-NaN', '-Infinity', '-Inf'];
/** No JSON number means NaN: an object stands for it until it is parsed. */
const NAN_KEY = '\u0000NaN';
const NAN_OBJECT = JSON.stringify({ [NAN_KEY]: 0 });
/** Above the largest double, so it is parsed as infinity. */
const INFINITY = '1e999';

/** The text with its bare tokens written in JSON, or null when it has none. One pass, whatever the text is. */
function spellTokens(text: string): string | null {
  if (!text.includes('NaN') && !text.includes('Inf')) return null;
  let spelled = '';
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === 'N' || character === 'I' || character === '-') {
      const token = TOKENS.find((token) => text.startsWith(token, at));
      if (token === undefined) continue;
      spelled += `${text.slice(copied, at)} ${spell(token)} `;
      copied = at + token.length;
      at = copied - 1;
    }
  }
  return copied === 0 ? null : spelled + text.slice(copied);
}

/** Where the string that begins at `start` has its closing quote; the text's end when it has none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

function spell(token: string): string {
  if (token.endsWith('NaN')) return NAN_OBJECT;
  return token.startsWith('-') ? `-${INFINITY}` : INFINITY;
}

/** @throws the first parser's complaint, whose positions are those of the client's text */
function parseSpelled(spelled: string, complaint: unknown): unknown {
  try {
    return spelled.includes(NAN_OBJECT) ? JSON.parse(spelled, reviveNaN) : JSON.parse(spelled);
  } catch {
    throw complaint;
  }
}

function reviveNaN(_key: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && NAN_KEY in value ? NaN : value;
}
