/**
 * The body of an infer request: JSON; or JSON with the bytes of tensors behind it (Triton's extension for binary tensor
 * data), its length in the header Inference-Header-Content-Length. A length of 0 says that all of the body is one tensor, and a media type of images
 * that it is one encoded image.
 */
import { ok, type Result } from '../../../shared/result.ts';
import { parseJsonBody } from '../../http/body.ts';
import { type AppError, invalid } from '../../http/errors.ts';
import { type InferRequest, type InputTensor, parseInferRequest } from './infer-request.ts';

export const HEADER_LENGTH = 'Inference-Header-Content-Length';

export interface RawTensor extends InputTensor {
  /** null where `data` holds the values. */
  readonly bytes: Uint8Array | null;
}

export type InferBody =
  | { readonly kind: 'request'; readonly request: InferRequest; readonly tensors: readonly RawTensor[] }
  | { readonly kind: 'raw'; readonly bytes: Uint8Array }
  | { readonly kind: 'image'; readonly bytes: Uint8Array };

/**
 * @param contentType   the body's media type; empty without one
 * @param headerLength  the header's text; null without it
 */
export function parseInferBody(
  bytes: Uint8Array,
  contentType: string,
  headerLength: string | null,
): Result<InferBody, AppError> {
  if (contentType.startsWith('image/')) return ok({ kind: 'image', bytes });
  if (headerLength === null) return parseParts(bytes, bytes.subarray(bytes.byteLength));
  const length = /^\d{1,15}$/.test(headerLength) ? Number(headerLength) : Infinity;
  if (length > bytes.byteLength) {
    const got = JSON.stringify(headerLength.slice(0, 40));
    return invalid(`${HEADER_LENGTH}: expected at most the body's ${bytes.byteLength} bytes, got ${got}`);
  }
  if (length === 0) return ok({ kind: 'raw', bytes });
  return parseParts(bytes.subarray(0, length), bytes.subarray(length));
}

function parseParts(json: Uint8Array, binary: Uint8Array): Result<InferBody, AppError> {
  const body = parseJsonBody(json);
  if (!body.ok) return body;
  const request = parseInferRequest(body.value);
  if (!request.ok) return request;
  const tensors: RawTensor[] = [];
  let at = 0;
  for (const [i, input] of request.value.inputs.entries()) {
    const size = input.binarySize ?? 0;
    if (at + size > binary.byteLength) {
      const left = binary.byteLength - at;
      return invalid(`inputs[${i}]: binary_data_size is ${size}, and ${left} bytes are left behind the JSON`);
    }
    tensors.push({ ...input, bytes: input.binarySize === null ? null : binary.subarray(at, at + size) });
    at += size;
  }
  if (at < binary.byteLength) {
    return invalid(`expected ${at} bytes behind the JSON, as the inputs say, got ${binary.byteLength}`);
  }
  return ok({ kind: 'request', request: request.value, tensors });
}
