/**
 * float32 numbers as short texts: 0.1, not 0.10000000149011612. A client that reads the text as float32 has the very bits
 * the model gave. Our own: JavaScript shortens doubles alone, and a float32 read as one has up to 17 digits.
 */

/** 10 ** i, which are doubles without error up to 22. */
const POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const MIN_DIGITS = 6;
/** Nine significant digits are always enough (IEEE 754-2019, 5.12.2). */
const MAX_DIGITS = 9;

/**
 * The double with the shortest text, of 6 to 9 significant digits, that is still this float32.
 *
 * Rounds to a whole number of decimal places by one multiplication and one division. The quotient of a whole number
 * below 2^53 and an exact power of ten is the double nearest to that decimal, which is what its text reads as: no text
 * is made to find it. Numbers far from 1, for which the power is not exact, take the way over texts.
 *
 * @param value  a float32; NaN and infinities are themselves
 */
export function shortestFloat(value: number): number {
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  for (let digits = MIN_DIGITS; digits <= MAX_DIGITS; digits++) {
    const power = POWERS[digits - 1 - exponent];
    if (power === undefined) break;
    const short = Math.round(value * power) / power;
    if (Math.fround(short) === value) return short;
  }
  return shortestByText(value);
}

function shortestByText(value: number): number {
  for (let digits = MIN_DIGITS; digits < MAX_DIGITS; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(MAX_DIGITS));
}
