/**
 * Quantises weights as tensorflowjs_converter does (`--quantize_uint8` and so on), each tensor in another encoding.
 */
import type * as tf from '@tensorflow/tfjs';

export interface QuantisedWeights {
  readonly specs: tf.io.WeightsManifestEntry[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** @param weights  unquantised, in the order of `specs`; every number takes four bytes */
export function quantise(
  specs: readonly tf.io.WeightsManifestEntry[],
  weights: Uint8Array,
): QuantisedWeights {
  const parts: Uint8Array[] = [];
  let offset = 0;
  const quantised = specs.map((spec, i) => {
    const bytes = spec.shape.reduce((size, dim) => size * dim, 4);
    const own = new Uint8Array(weights.subarray(offset, offset + bytes)).buffer;
    offset += bytes;
    const values = [...(spec.dtype === 'int32' ? new Int32Array(own) : new Float32Array(own))];
    const dtypes =
      spec.dtype === 'int32' ? (['uint8', 'uint16'] as const) : (['uint8', 'uint16', 'float16'] as const);
    const dtype = dtypes[i % dtypes.length] ?? 'uint8';
    if (dtype === 'float16') {
      parts.push(new Uint8Array(Uint16Array.from(values, toFloat16).buffer));
      return { ...spec, quantization: { dtype, original_dtype: 'float32' as const } };
    }
    const min = Math.min(0, ...values);
    const scale = (Math.max(...values) - min || 1) / (dtype === 'uint8' ? 255 : 65_535);
    const stored = values.map((value) => Math.round((value - min) / scale));
    parts.push(dtype === 'uint8' ? Uint8Array.from(stored) : new Uint8Array(Uint16Array.from(stored).buffer));
    return { ...spec, quantization: { dtype, scale, min } };
  });
  return { specs: quantised, bytes: new Uint8Array(Buffer.concat(parts)) };
}

/** Truncated; numbers below the smallest normal one become 0. */
function toFloat16(value: number): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  const sign = (bits >>> 16) & 0x8000;
  return exponent <= 0 ? sign : sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}
