/**
 * Text that can be shown anywhere: what a terminal would obey is written out.
 */

/**
 * Control characters of both sets, and what turns the direction of text or begins a line for some readers: Unicode's
 * bidirectional controls, U+2028 and U+2029.
 */
const UNPRINTABLE = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const KEPT = new Set(['\n', '\t']);

/** The text with `\u001b` for an escape, and so on; line feeds and tabs stay. Of JSON it makes the same JSON. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    KEPT.has(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
