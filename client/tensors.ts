/**
 * Tensors as bytes: the Open Inference Protocol's extension for binary tensor data. JSON first, its length in a header,
 * then the elements, little-endian, in the order of the tensors.
 */

export interface Tensor {
  /** the batch first */
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array | readonly string[];
}

export interface OutputTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | readonly string[];
}

interface TensorHead {
  readonly name: string;
  readonly datatype: 'FP32' | 'BYTES';
  readonly shape: readonly number[];
  readonly data?: readonly string[];
  readonly parameters?: { readonly binary_data_size: number };
}

/** Strings go in the JSON, numbers behind it. All platforms that run JavaScript today are little-endian. */
export function encodeTensors(
  tensors: Readonly<Record<string, Tensor>>,
  parameters: object = {},
): {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly jsonBytes: number;
} {
  const parts: Uint8Array[] = [];
  const inputs = Object.entries(tensors).map(([name, { shape, data }]) => {
    if (!ArrayBuffer.isView(data)) return { name, shape, datatype: 'BYTES', data };
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { name, shape, datatype: datatypeOf(data), parameters: { binary_data_size: data.byteLength } };
  });
  const json = new TextEncoder().encode(
    JSON.stringify({ inputs, parameters: { binary_data_output: true, ...parameters } }),
  );
  const body = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, json.byteLength));
  body.set(json);
  let at = json.byteLength;
  for (const part of parts) {
    body.set(part, at);
    at += part.byteLength;
  }
  return { body, jsonBytes: json.byteLength };
}

function datatypeOf(data: Exclude<Tensor['data'], readonly string[]>): string {
  if (data instanceof Float32Array) return 'FP32';
  if (data instanceof Float64Array) return 'FP64';
  return data instanceof Int32Array ? 'INT32' : 'UINT8';
}

/** @param jsonBytes  how many of the bytes are JSON */
export function decodeTensors(bytes: ArrayBuffer, jsonBytes: number): Record<string, OutputTensor> {
  const json = new TextDecoder().decode(new Uint8Array(bytes, 0, jsonBytes));
  const described = JSON.parse(json) as { readonly outputs: readonly TensorHead[] };
  const outputs: Record<string, OutputTensor> = {};
  let at = jsonBytes;
  for (const { name, datatype, shape, data = [], parameters } of described.outputs) {
    const end = at + (parameters?.binary_data_size ?? 0);
    const own = bytes.slice(at, end);
    if (parameters === undefined) outputs[name] = { shape, data };
    else outputs[name] = { shape, data: datatype === 'FP32' ? new Float32Array(own) : splitStrings(own) };
    at = end;
  }
  return outputs;
}

/** Each after its length, 4 bytes. */
function splitStrings(bytes: ArrayBuffer): string[] {
  const view = new DataView(bytes);
  const strings: string[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const length = view.getUint32(at, true);
    strings.push(new TextDecoder().decode(new Uint8Array(bytes, at + 4, length)));
    at += 4 + length;
  }
  return strings;
}
