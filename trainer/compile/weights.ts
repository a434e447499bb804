/**
 * The weights of a tfjs model, whichever its format: how `weightsManifest` describes them, and their bytes as numbers.
 */
import * as z from 'zod';
import { err, ok, type Result } from '../../shared/result.ts';
import { invalid, unsupported, type ModelError } from '../../shared/model/plan/error.ts';
import { sizeOf, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';

export interface WeightSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: 'float32' | 'int32' | 'bool';
  /** How a number is stored; uint8 and uint16 (as in quantised files) are decoded as `stored * scale + min`. */
  readonly encoding: 'float32' | 'int32' | 'bool' | 'float16' | 'uint8' | 'uint16';
  readonly scale: number;
  readonly min: number;
}

export interface WeightGroup {
  readonly paths: readonly string[];
  readonly weights: readonly WeightSpec[];
}

/** A model of either format, as far as its weights go. */
export interface Weighted {
  readonly weightGroups: readonly WeightGroup[];
}

const BYTES_PER_NUMBER = { float32: 4, int32: 4, bool: 1, float16: 2, uint8: 1, uint16: 2 } as const;

const DTYPES = ['float32', 'int32', 'bool'] as const;

const quantizationSchema = z.discriminatedUnion('dtype', [
  z.object({ dtype: z.literal(['uint8', 'uint16']), scale: z.number(), min: z.number() }),
  z.object({ dtype: z.literal('float16') }),
]);

const weightSpecSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.string(),
  quantization: quantizationSchema.optional(),
});

export const weightsManifestSchema = z.array(
  z.object({ paths: z.array(z.string()), weights: z.array(weightSpecSchema) }),
);

/**
 * @param groups  what `weightsManifestSchema` has let through
 * @returns an error for a shard outside the model's folder, or for a weight that holds no numbers
 */
export function parseWeightGroups(
  groups: z.infer<typeof weightsManifestSchema>,
): Result<WeightGroup[], ModelError> {
  const parsed: WeightGroup[] = [];
  for (const { paths, weights } of groups) {
    const outside = paths.find((path) => path.startsWith('/') || path.split('/').includes('..'));
    if (outside !== undefined)
      return invalid(`weightsManifest: the path '${outside}' leaves the model's folder`);
    const specs: WeightSpec[] = [];
    for (const weight of weights) {
      const spec = parseWeightSpec(weight);
      if (!spec.ok) return unsupported(`weights: '${weight.name}' ${spec.error}`);
      specs.push(spec.value);
    }
    parsed.push({ paths, weights: specs });
  }
  return ok(parsed);
}

function parseWeightSpec({
  name,
  shape,
  dtype: declared,
  quantization,
}: z.infer<typeof weightSpecSchema>): Result<WeightSpec, string> {
  const dtype = DTYPES.find((known) => known === declared);
  if (dtype === undefined) return err(`is ${declared}, expected ${DTYPES.join(', ')}`);
  if (quantization === undefined) return ok({ name, shape, dtype, encoding: dtype, scale: 1, min: 0 });
  if (quantization.dtype === 'float16') {
    if (dtype === 'float32') return ok({ name, shape, dtype, encoding: 'float16', scale: 1, min: 0 });
    return err(`is ${dtype} quantised as float16, which holds float32 only`);
  }
  const { dtype: encoding, scale, min } = quantization;
  if (dtype === 'bool') return err(`is bool quantised as ${encoding}, which holds float32 and int32 only`);
  return ok({ name, shape, dtype, encoding, scale, min });
}

/** Paths of the weight shards relative to `model.json`, in the order in which their bytes are concatenated. */
export function listWeightFiles(model: Weighted): string[] {
  return model.weightGroups.flatMap((group) => group.paths);
}

/** Bytes that a weight takes in its shard. */
export function byteLengthOf(spec: WeightSpec): number {
  return sizeOf(spec.shape) * BYTES_PER_NUMBER[spec.encoding];
}

/**
 * Decodes the weights to float32. int32 and bool too: they are sizes, axes and masks, which float32 holds exactly
 * up to 2^24.
 *
 * @param model  says which weights there are, in which order and encoding
 * @param bytes  all shards, concatenated in the order of `listWeightFiles`
 * @returns tensors by name; an error when the bytes are not exactly as many as `model` describes
 */
export function decodeWeights(model: Weighted, bytes: Uint8Array): Result<Map<string, Tensor>, ModelError> {
  const specs = model.weightGroups.flatMap((group) => group.weights);
  const expected = specs.reduce((total, spec) => total + byteLengthOf(spec), 0);
  if (bytes.byteLength !== expected) {
    return invalid(`weights: model.json describes ${expected} bytes, the shards hold ${bytes.byteLength}`);
  }
  const tensors = new Map<string, Tensor>();
  let offset = 0;
  for (const spec of specs) {
    if (tensors.has(spec.name)) return invalid(`weights: the name '${spec.name}' stands twice in model.json`);
    const end = offset + byteLengthOf(spec);
    // Copied: shards don't align their tensors, and a uint8 tensor may leave the next one at an odd address.
    // Not by `slice`, which a Node Buffer overrides to share memory.
    const own = new Uint8Array(bytes.subarray(offset, end));
    tensors.set(spec.name, { shape: spec.shape, data: decode(spec, own.buffer) });
    offset = end;
  }
  return ok(tensors);
}

function decode(spec: WeightSpec, buffer: ArrayBuffer): Float32Array {
  switch (spec.encoding) {
    case 'float32':
      return new Float32Array(buffer);
    case 'int32':
      return Float32Array.from(new Int32Array(buffer));
    case 'bool':
      return Float32Array.from(new Uint8Array(buffer));
    case 'float16':
      return Float32Array.from(new Uint16Array(buffer), float16ToNumber);
    case 'uint8':
      return Float32Array.from(new Uint8Array(buffer), dequantise(spec));
    case 'uint16':
      return Float32Array.from(new Uint16Array(buffer), dequantise(spec));
  }
}

function dequantise({ dtype, scale, min }: WeightSpec): (stored: number) => number {
  return dtype === 'int32' ? (stored) => Math.round(stored * scale + min) : (stored) => stored * scale + min;
}

/** IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  const scale = exponent < 15 ? 1 / (1 << (15 - exponent)) : 1 << (exponent - 15);
  return sign * (1 + fraction / 1024) * scale;
}
