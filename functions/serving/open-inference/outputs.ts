/**
 * The output tensors of a prediction, as JSON and as bytes.
 */
import { floatBytes } from '../../../shared/bytes.ts';
import { outputWidth } from '../../../shared/model/spec/task.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { floatsText } from '../float-text.ts';
import type { Prediction } from '../inference.ts';
import { LABEL, labelsOf, PROBABILITIES } from '../model-signature.ts';
import { shortestFloat } from '../shortest-float.ts';
import type { RequestedOutput } from './infer-request.ts';

export interface OutputTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | readonly string[];
}

/** Which outputs a request asks for, in which order and form. */
export function chooseOutputs(
  requested: readonly RequestedOutput[] | null,
  known: readonly string[],
  binaryOutput: boolean,
): Result<readonly RequestedOutput[], string> {
  if (requested === null) return ok(known.map((name) => ({ name, binary: binaryOutput, classes: null })));
  for (const [i, { name, classes }] of requested.entries()) {
    if (!known.includes(name)) {
      return err(`outputs[${i}]: expected ${known.join(' or ')}, got ${JSON.stringify(name.slice(0, 80))}`);
    }
    if (classes !== null && name !== PROBABILITIES) {
      return err(`outputs[${i}]: only ${PROBABILITIES} can be answered as a classification`);
    }
  }
  return ok(requested);
}

/**
 * One requested tensor of a prediction: numbers [n, width], labels [n], or with `classification` the best of each row
 * as texts `probability:index:label`, [n, classes]. A label that there is none for is an empty text.
 */
export function toOutput({ name, classes }: RequestedOutput, prediction: Prediction): OutputTensor {
  const { spec, outputs, predicted } = prediction;
  const labels = labelsOf(spec);
  if (name === LABEL) {
    const names = predicted.map((label) => (label === null ? '' : (labels[label] as string)));
    return { name, shape: [names.length], values: names };
  }
  const width = outputWidth(spec);
  if (classes === null) return { name, shape: [predicted.length, width], values: outputs };
  const top = Math.min(classes, width);
  return { name, shape: [predicted.length, top], values: classify(outputs, labels, top) };
}

/** `value:index:label`, the most probable first (Triton's classification extension). */
function classify(outputs: Float32Array, labels: readonly string[], top: number): string[] {
  const classes: string[] = [];
  for (let at = 0; at < outputs.length; at += labels.length) {
    const row = outputs.subarray(at, at + labels.length);
    const order = [...row.keys()].sort((a, b) => (row[b] as number) - (row[a] as number) || a - b);
    for (const i of order.slice(0, top)) {
      classes.push(`${shortestFloat(row[i] as number)}:${i}:${labels[i]}`);
    }
  }
  return classes;
}

/**
 * The tensor's object in the answer, written by hand so that every float is as short as float32 allows.
 *
 * @param binarySize  bytes that follow after the JSON, in place of `data`; null for data inside
 */
export function outputJson({ name, shape, values }: OutputTensor, binarySize: number | null): string {
  const datatype = values instanceof Float32Array ? 'FP32' : 'BYTES';
  const head = `{"name":"${name}","datatype":"${datatype}","shape":[${shape.join(',')}]`;
  if (binarySize !== null) return `${head},"parameters":{"binary_data_size":${binarySize}}}`;
  return `${head},"data":${values instanceof Float32Array ? floatsText(values) : JSON.stringify(values)}}`;
}

/** A tensor's binary data: float32 little-endian, or texts each behind its length in four bytes. */
export function outputBytes({ values }: OutputTensor): Uint8Array {
  return values instanceof Float32Array ? floatBytes(values) : joinBytes(values);
}

const encoder = new TextEncoder();

/** Each string after its length, 4 bytes, little-endian. */
function joinBytes(values: readonly string[]): Uint8Array {
  const encoded = values.map((value) => encoder.encode(value));
  const joined = new Uint8Array(encoded.reduce((size, { byteLength }) => size + 4 + byteLength, 0));
  const view = new DataView(joined.buffer);
  let at = 0;
  for (const bytes of encoded) {
    view.setUint32(at, bytes.byteLength, true);
    joined.set(bytes, at + 4);
    at += 4 + bytes.byteLength;
  }
  return joined;
}
