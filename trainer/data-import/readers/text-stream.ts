/**
 * Text files in whatever encoding: as UTF-8, or refused with the line that is none.
 */
import { err, ok, type Result } from '../../../shared/result.ts';
import { type InputFile, streamFile } from './input-file.ts';

/** As the Encoding Standard calls them (WHATWG), and what people call them. */
const ENCODINGS: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  'utf-8': 'utf-8',
  utf16: 'utf-16le',
  'utf-16': 'utf-16le',
  'utf-16le': 'utf-16le',
  'utf-16be': 'utf-16be',
  latin1: 'windows-1252',
  'iso-8859-1': 'windows-1252',
  'windows-1252': 'windows-1252',
  cp1252: 'windows-1252',
  latin2: 'iso-8859-2',
  'iso-8859-2': 'iso-8859-2',
  'windows-1250': 'windows-1250',
  'windows-1251': 'windows-1251',
  shift_jis: 'shift_jis',
  'euc-jp': 'euc-jp',
  gb18030: 'gb18030',
  big5: 'big5',
  'euc-kr': 'euc-kr',
};

/** Names that `--encoding` takes. */
export const ENCODING_NAMES = Object.keys(ENCODINGS);

/** How a text file is written; null is found out. */
export interface TextForm {
  readonly encoding?: string | null | undefined;
  readonly delimiter?: string | null | undefined;
}

export interface TextFile {
  readonly file: InputFile;
  /** null: UTF-8, which needs no decoding. */
  readonly decoder: string | null;
}

/** A text that can be read, or why it can't and what helps. */
export function openText(file: InputFile, { encoding = null }: TextForm): Result<TextFile, string> {
  if (encoding !== null) {
    const known = ENCODINGS[encoding.toLowerCase()];
    if (known === undefined)
      return err(`there is no encoding ${JSON.stringify(encoding)}; known are ${ENCODING_NAMES.join(', ')}`);
    return ok({ file, decoder: known === 'utf-8' ? null : known });
  }
  if (file.start[0] === 0xff && file.start[1] === 0xfe) return ok({ file, decoder: 'utf-16le' });
  if (file.start[0] === 0xfe && file.start[1] === 0xff) return ok({ file, decoder: 'utf-16be' });
  const kind = nameKind(file.start);
  if (kind !== null) return err(`${file.name}: expected a table as text, got ${kind}`);
  if (file.notUtf8 !== null)
    return err(
      `${file.name}: line ${file.notUtf8}: expected a text in UTF-8, got other bytes; --encoding latin1 (or ${['utf16', 'windows-1251', 'shift_jis'].join(', ')}, …) says how it is written`,
    );
  return ok({ file, decoder: null });
}

/** Files that are no text, by their first bytes, and the way out. */
function nameKind(start: Uint8Array): string | null {
  const head = Buffer.from(start).toString('latin1');
  if (head.startsWith('PK'))
    return 'a zip archive: an Excel workbook (xlsx) is one; save it as CSV UTF-8, or unpack it';
  if (head.startsWith('\xd0\xcf\x11\xe0')) return 'an old Excel workbook (xls); save it as CSV UTF-8';
  if (head.startsWith('PAR1')) return 'a Parquet file; --format parquet reads it';
  if (head.startsWith('\x28\xb5\x2f\xfd')) return 'a file packed by zstd; unpack it, or pack it by gzip';
  if (head.startsWith('BZh')) return 'a file packed by bzip2; unpack it, or pack it by gzip';
  if (head.startsWith('SQLite format 3')) return 'an SQLite database; export the table as CSV';
  return null;
}

/** The text's UTF-8, unpacked, chunk by chunk. */
export async function* streamText(
  { file, decoder }: TextFile,
  onBytes: (length: number) => void = () => {},
): AsyncGenerator<Buffer> {
  if (decoder === null) {
    yield* streamFile(file, onBytes);
    return;
  }
  const decode = new TextDecoder(decoder);
  for await (const chunk of streamFile(file, onBytes)) {
    const text = decode.decode(chunk, { stream: true });
    if (text !== '') yield Buffer.from(text);
  }
  const rest = decode.decode();
  if (rest !== '') yield Buffer.from(rest);
}
