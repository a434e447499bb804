/**
 * Inputs that are a tensor of numbers, neither a table nor a picture: spectrograms, embeddings, windows of sensors, what
 * another model made of something. The model sees them standardised by channel, the last axis, as trainer and edge both
 * compute it from the version's constants; a base sees them as they came.
 */
import type { Constants } from '../../registry/versions/manifest.ts';
import type { Result } from '../../result.ts';
import type { NumberPolicy } from './feature.ts';
import { readNested } from './nested-numbers.ts';
import type { InputSpec } from './spec.ts';
import type { ConstantsFit, RowEncoder } from './table-encoder.ts';

export type TensorInput = Extract<InputSpec, { kind: 'tensor' }>;

/** How many numbers vary together: of an embedding every one, of a series the sensors, of a picture its channels. */
export function channelsOf({ shape }: TensorInput): number {
  return shape.at(-1) ?? 1;
}

/** Numbers nested as the shape says, or flat; where its last dimension is 1, also without it. */
export function parseTensor(
  { shape }: TensorInput,
  value: unknown,
  where: string,
  numbers: NumberPolicy,
): Result<Float32Array, string> {
  return readNested(value, shape, numbers === 'any' ? isNumber : holdsInFloat32, where);
}

function isNumber(item: unknown): boolean {
  return typeof item === 'number';
}

function holdsInFloat32(item: unknown): boolean {
  return typeof item === 'number' && Number.isFinite(Math.fround(item));
}

/** `(x - mean) * scale` of each number's channel; without constants what came. */
export function createTensorEncoder(input: TensorInput, constants: Constants | null): RowEncoder {
  if (constants === null) return (raw, out, offset) => out.set(raw, offset);
  const channels = channelsOf(input);
  const mean = Float64Array.from({ length: channels }, (_, i) => constants.mean[i] ?? 0);
  const scale = Float64Array.from({ length: channels }, (_, i) => constants.scale[i] ?? 1);
  return (raw, out, offset) => {
    for (let at = 0; at < raw.length; at += channels) {
      for (let i = 0; i < channels; i++)
        out[offset + at + i] = ((raw[at + i] as number) - (mean[i] as number)) * (scale[i] as number);
    }
  };
}

/**
 * Mean and reciprocal standard deviation of every channel (population, two passes), over all its places in all examples.
 * A channel that never varies gets scale 1: it is centred and never divided by zero.
 */
export function createTensorFit(input: TensorInput): ConstantsFit {
  const channels = channelsOf(input);
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  const first = new Float64Array(channels);
  const varies = new Uint8Array(channels);
  let count = 0;
  const each = (raw: Float32Array, visit: (value: number, channel: number) => void): void => {
    for (let at = 0; at < raw.length; at += channels)
      for (let i = 0; i < channels; i++) visit(raw[at + i] as number, i);
  };
  return {
    centre(raw) {
      if (count === 0) first.set(raw.subarray(0, channels));
      count += raw.length / channels;
      each(raw, (value, i) => {
        sums[i] = (sums[i] as number) + value;
        if (value !== first[i]) varies[i] = 1;
      });
    },
    spread(raw) {
      each(raw, (value, i) => {
        const distance = value - (sums[i] as number) / count;
        squares[i] = (squares[i] as number) + distance * distance;
      });
    },
    constants: () => ({
      mean: Array.from(sums, (sum) => (count === 0 ? 0 : sum / count)),
      scale: Array.from(squares, (sum, i) => (varies[i] === 1 ? 1 / Math.sqrt(sum / count) : 1)),
    }),
  };
}
