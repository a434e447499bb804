/**
 * JSON as the servers of both protocols read it: RFC 8259, and the bare tokens NaN, Infinity and Inf, with or without a
 * minus (RapidJSON's kParseNanAndInfFlag). What is JSON takes the platform's parser and nothing else.
 *
 * Of other documents the tokens are written as texts of one character, no longer than they were, for the same parser; a
 * walk over what it gives puts the numbers in their place. So a document of tokens takes about as long as one of zeros.
 */

/**
 * @returns the value; bare tokens as the numbers they name
 * @throws SyntaxError as `JSON.parse` does
 */
export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (complaint) {
    const marked = text.includes('NaN') || text.includes('Inf') ? markTokens(text) : null;
    if (marked === null) throw complaint;
    return parseMarked(marked, complaint);
  }
}

interface Marked {
  readonly text: string;
  /** What stands for which number. */
  readonly marks: ReadonlyMap<string, number>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const [QUOTE, BACKSLASH, MINUS, CAPITAL_I, CAPITAL_N] = [...encoder.encode('"\\-IN')] as [
  number,
  number,
  number,
  number,
  number,
];
/** Without their minus; the longer first. Of all of them only NaN ends with a capital. */
const NANS = [encoder.encode('NaN')];
const INFINITIES = [encoder.encode('Infinity'), encoder.encode('Inf')];

/** The document with a mark wherever a bare token stands, in one pass; null when it has none, or no marks are left. */
function markTokens(text: string): Marked | null {
  const [nan, plus, minus] = findMarks(text);
  if (nan === undefined || plus === undefined || minus === undefined) return null;
  const from = encoder.encode(text);
  const to = new Uint8Array(from.length);
  let written = 0;
  let hasTokens = false;
  for (let at = 0; at < from.length;) {
    const byte = from[at] as number;
    const length = byte === CAPITAL_N || byte === CAPITAL_I || byte === MINUS ? tokenLength(from, at) : 0;
    if (length > 0) {
      hasTokens = true;
      const infinity = byte === MINUS ? minus : plus;
      to[written] = QUOTE;
      to[written + 1] = from[at + length - 1] === CAPITAL_N ? nan : infinity;
      to[written + 2] = QUOTE;
      written += 3;
      at += length;
    } else if (byte === QUOTE) {
      const end = endOfString(from, at);
      to.set(from.subarray(at, end), written);
      written += end - at;
      at = end;
    } else {
      to[written++] = byte;
      at += 1;
    }
  }
  if (!hasTokens) return null;
  const marks = new Map([
    [String.fromCharCode(nan), NaN],
    [String.fromCharCode(plus), Infinity],
    [String.fromCharCode(minus), -Infinity],
  ]);
  return { text: decoder.decode(to.subarray(0, written)), marks };
}

/** Characters that a string holds as they are, the least likely ones first. */
const CANDIDATES = '\u007f~^`|;&%$#@!?=<>(){}*+_:,.';

/** Those of which no string of the document consists. A document that has a string of each is not read. */
function findMarks(text: string): number[] {
  const free: number[] = [];
  for (const candidate of CANDIDATES) {
    const code = candidate.charCodeAt(0);
    const escaped = `"\\u00${code.toString(16)}"`;
    const isTaken =
      text.includes(`"${candidate}"`) ||
      text.includes(escaped) ||
      text.includes(escaped.toUpperCase().replace('U', 'u'));
    if (!isTaken) free.push(code);
    if (free.length === 3) break;
  }
  return free;
}

/** Of the bare token that begins there, its minus included; 0 where none does. */
function tokenLength(bytes: Uint8Array, at: number): number {
  const sign = bytes[at] === MINUS ? 1 : 0;
  for (const token of bytes[at + sign] === CAPITAL_N ? NANS : INFINITIES) {
    if (startsWith(bytes, at + sign, token)) return sign + token.length;
  }
  return 0;
}

function startsWith(bytes: Uint8Array, at: number, token: Uint8Array): boolean {
  for (let i = 0; i < token.length; i++) if (bytes[at + i] !== token[i]) return false;
  return true;
}

/** Behind the closing quote of the string that begins at `start`; the document's end when it has none. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    if (bytes[at] === BACKSLASH) at += 1;
    else if (bytes[at] === QUOTE) return at + 1;
  }
  return bytes.length;
}

/** @throws the first parser's complaint, whose positions are those of the client's text */
function parseMarked({ text, marks }: Marked, complaint: unknown): unknown {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw complaint;
  }
  const numberFor = (value: unknown): number | undefined =>
    typeof value === 'string' && value.length === 1 ? marks.get(value) : undefined;
  const single = numberFor(document);
  if (single !== undefined) return single;
  // By a stack of its own: a document may be nested deeper than calls can be.
  const open = [document];
  for (let container = open.pop(); container !== undefined; container = open.pop()) {
    for (const inner of Array.isArray(container)
      ? putIntoList(container, numberFor)
      : putIntoFields(container as Record<string, unknown>, numberFor, complaint)) {
      open.push(inner);
    }
  }
  return document;
}

type NumberFor = (value: unknown) => number | undefined;

/** @returns the containers inside of it */
function putIntoList(list: unknown[], numberFor: NumberFor): object[] {
  const inner: object[] = [];
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (typeof value === 'object' && value !== null) inner.push(value);
    else list[i] = numberFor(value) ?? value;
  }
  return inner;
}

/** @throws the complaint where a token stands for a name */
function putIntoFields(fields: Record<string, unknown>, numberFor: NumberFor, complaint: unknown): object[] {
  const inner: object[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (numberFor(name) !== undefined) throw complaint;
    const number = numberFor(value);
    if (typeof value === 'object' && value !== null) inner.push(value);
    // A document's `__proto__` is a field like any other.
    else if (number !== undefined) Object.defineProperty(fields, name, { ...AS_PARSED, value: number });
  }
  return inner;
}

const AS_PARSED = { writable: true, enumerable: true, configurable: true } as const;
