/**
 * `$inference_response`: JSON, or JSON with the bytes of tensors behind it where the request asked for bytes.
 */
import { joinBytes } from '../../../shared/bytes.ts';
import type { EncodedResponse, Prediction } from '../inference.ts';
import type { RequestedOutput } from './infer-request.ts';
import { outputBytes, outputJson, toOutput } from './outputs.ts';

export interface AnswerForm {
  readonly id: string | null;
  readonly outputs: readonly RequestedOutput[];
}

/** The prediction's id is also among the parameters: clients of this protocol seldom show headers. */
export function inferAnswer({ id, outputs }: AnswerForm, prediction: Prediction): EncodedResponse {
  const parts: Uint8Array[] = [];
  const described = outputs.map((requested) => {
    const output = toOutput(requested, prediction);
    if (!requested.binary) return outputJson(output, null);
    const bytes = outputBytes(output);
    parts.push(bytes);
    return outputJson(output, bytes.byteLength);
  });
  const { spec, version } = prediction;
  const echo = id === null ? '' : `"id":${JSON.stringify(id)},`;
  const json = `{"model_name":"${spec.name}","model_version":"${version}",${echo}"parameters":{"prediction_id":"${prediction.id}"},"outputs":[${described.join(',')}]}`;
  return parts.length === 0 ? { type: 'application/json', body: json } : withBytes(json, parts);
}

const encoder = new TextEncoder();

function withBytes(json: string, parts: readonly Uint8Array[]): EncodedResponse {
  const head = encoder.encode(json);
  const body = joinBytes([head, ...parts]);
  return { type: 'application/octet-stream', body, jsonBytes: head.byteLength };
}
