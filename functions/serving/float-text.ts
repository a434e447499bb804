/**
 * Float32 numbers as text, as TF Serving writes them: no digit that float32 does not need, whole numbers with a point, so
 * that a reader who tells integers from decimals always sees decimals, and NaN and infinities as bare tokens.
 */
import { shortestFloat } from './shortest-float.ts';

/** `0.1`, `3.0`, `1e-7`, `NaN`, `-Infinity` */
export function floatText(value: number): string {
  if (!Number.isInteger(value)) return String(Number.isFinite(value) ? shortestFloat(value) : value);
  if (Object.is(value, -0)) return '-0.0';
  const text = String(shortestFloat(value));
  return text.includes('e') ? text : `${text}.0`;
}

/** `[0.1,0.9]` */
export function floatsText(values: Float32Array): string {
  let text = '';
  for (const value of values) text += text === '' ? floatText(value) : `,${floatText(value)}`;
  return `[${text}]`;
}

/**
 * `[[0.1,0.9],[0.5,0.5]]`
 *
 * @param values  [rows, width]
 */
export function rowsText(values: Float32Array, width: number): string {
  const rows: string[] = [];
  for (let at = 0; at < values.length; at += width) rows.push(floatsText(values.subarray(at, at + width)));
  return `[${rows.join(',')}]`;
}
