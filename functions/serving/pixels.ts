/**
 * Pixels that come from 0 to 1, as many a client divides them: a request may say so, and where none does it is noticed.
 */
import type { InputSpec } from '../../shared/model/spec/spec.ts';
import { ok, type Result } from '../../shared/result.ts';
import { type AppError, invalid } from '../http/errors.ts';
import type { Example } from './inference.ts';

type Examples = Result<Example[], AppError>;

/** How near to a whole number a pixel is that was one before it was divided in float32. */
const NEAR = 1e-3;

/**
 * @param pixels  what the request says of them: `unit` for 0 to 1, nothing for 0 to 255
 * @param where   names it in messages
 * @returns what makes pixels of examples as they were sent
 */
export function checkPixels(
  pixels: unknown,
  where: string,
  input: InputSpec,
): Result<(examples: Examples) => Examples, AppError> {
  if (pixels === undefined || pixels === null) return ok((examples) => examples);
  if (pixels !== 'unit')
    return invalid(`${where}: expected "unit", for pixels from 0 to 1, or nothing, for 0 to 255`);
  if (input.kind !== 'image') return invalid(`${where}: the model reads no pixels`);
  return ok((examples) => (examples.ok ? multiply(examples.value, where) : examples));
}

function multiply(examples: readonly Example[], where: string): Examples {
  const whole: Example[] = [];
  for (const example of examples) {
    // An encoded image has its own pixels.
    if (!(example instanceof Float32Array)) whole.push(example);
    else if (example.some((pixel) => pixel > 1))
      return invalid(`${where}: "unit" says 0 to 1, and a pixel is above`);
    else whole.push(example.map(toWhole));
  }
  return ok(whole);
}

function toWhole(pixel: number): number {
  const value = pixel * 255;
  const nearest = Math.round(value);
  return Math.abs(value - nearest) < NEAR ? nearest : value;
}

export const DIVIDED_WARNING =
  'every pixel is from 0 to 1 where 0 to 255 is read; pixels: "unit" says so in a request';

/** Whether an example is all from 0 to 1, with something in between: no picture of whole pixels is. */
export function looksDivided(example: Example): boolean {
  if (!(example instanceof Float32Array)) return false;
  let between = false;
  for (let i = 0; i < example.length; i++) {
    const pixel = example[i] as number;
    if (pixel > 1) return false;
    between ||= pixel > 0 && pixel < 1;
  }
  return between;
}
