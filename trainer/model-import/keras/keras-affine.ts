/**
 * Keras layers that multiply and add a number for each channel, as the BatchNormalization that computes the same:
 * gamma * (x - mean) / sqrt(variance + epsilon) + beta.
 */
import { err, ok, type Result } from '../../../shared/result.ts';
import type { Json } from '../json-object.ts';

export interface KerasAffine {
  /** Of the BatchNormalization. */
  readonly config: Json;
  /** Weights that its own config held, by their new names. */
  readonly own: ReadonlyMap<string, Float32Array>;
  /** Weights of the files by their new names; null for one that is left out. */
  readonly renamed: ReadonlyMap<string, string | null>;
  /** Numbers that one weight of the files becomes: a mean of everything, for each channel. */
  readonly channels: number | null;
}

export const AFFINE_LAYERS: ReadonlySet<string> = new Set(['Normalization', 'Rescaling']);

/** Keras divides by max(deviation, 1e-7). */
const LEAST_VARIANCE = 1e-14;

/**
 * @param shape  of what the layer reads, batch and all, where the files say it
 * @returns null where the layer may stay what it is; what can't be said as a BatchNormalization
 */
export function affineOf(
  className: string,
  config: Json,
  shape: readonly unknown[] | null,
): Result<KerasAffine | null, string> {
  return className === 'Rescaling' ? ofRescaling(config) : ofNormalization(config, shape);
}

/** One number for all channels is what TensorFlow.js has a layer for. */
function ofRescaling({ name, scale, offset = 0 }: Json): Result<KerasAffine | null, string> {
  if (!Array.isArray(scale) && !Array.isArray(offset)) return ok(null);
  const factors = numbersOf(scale);
  const shifts = numbersOf(offset);
  if (factors === null || shifts === null) return err('expected numbers as scale and offset');
  const size = Math.max(factors.length, shifts.length);
  const spread = (numbers: readonly number[]) =>
    Float32Array.from({ length: size }, (_, i) => numbers[numbers.length === 1 ? 0 : i] ?? Number.NaN);
  const own = new Map([
    ['gamma', spread(factors)],
    ['beta', spread(shifts)],
    ['moving_mean', new Float32Array(size)],
    ['moving_variance', new Float32Array(size).fill(1)],
  ]);
  const config = { name, axis: -1, epsilon: 0, scale: true, center: true, dtype: 'float32' };
  return ok({ config, own, renamed: new Map(), channels: null });
}

function ofNormalization(
  { name, axis = -1, invert, mean, variance }: Json,
  shape: readonly unknown[] | null,
): Result<KerasAffine, string> {
  if (invert === true) return err('invert: expected false');
  const axes = numbersOf(axis ?? []);
  if (axes === null) return err('axis: expected a number');
  if (axes.length > 1) return err(`axis: expected the last one, got [${axes.join(',')}]`);
  const last = shape?.at(-1);
  const channels = typeof last === 'number' ? last : null;
  if (axes.length === 0 && channels === null) return err('axis: expected the last one, got none');
  const config = {
    name,
    axis: axes[0] ?? -1,
    epsilon: LEAST_VARIANCE,
    scale: false,
    center: false,
    dtype: 'float32',
  };
  const renamed = new Map([
    ['mean', 'moving_mean'],
    ['variance', 'moving_variance'],
    ['count', null],
  ]);
  const own = new Map<string, Float32Array>();
  for (const [key, value] of Object.entries({ moving_mean: mean, moving_variance: variance })) {
    if (value === undefined || value === null) continue;
    const numbers = numbersOf(value);
    if (numbers === null) return err(`${key}: expected numbers`);
    const size = numbers.length === 1 ? (channels ?? 1) : numbers.length;
    own.set(
      key,
      Float32Array.from({ length: size }, (_, i) => numbers[numbers.length === 1 ? 0 : i] ?? 0),
    );
  }
  return ok({ config, own, renamed, channels });
}

/** Numbers, however they are nested. */
function numbersOf(value: unknown): number[] | null {
  const flat: unknown[] = [value].flat(8);
  return flat.every((item): item is number => typeof item === 'number') ? flat : null;
}
