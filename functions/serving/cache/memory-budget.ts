/**
 * How the memory of an isolate is shared out. The platform ends an isolate at 128 MB, whatever takes them, and memory of
 * WASM never shrinks: so what may grow is bounded by what it may become together, not by what each takes now.
 *
 *   models' heap + image decoder   96 MiB, of which the decoder always has 16
 *   bodies of requests             16 MB, several times that for a moment when they are read as JSON
 *   the log's gathering             2 MB a model
 *   weights as objects              4 MiB at most, a copy (shared/model/kernels/panels.ts)
 *   script, JavaScript's heap      the rest
 *
 * The decoder's memory lives for a picture, or stays small; so it gets what the models' heap has left over when a picture
 * comes, up to its own limit. As long as models fit into 32 MiB, that is all it could use.
 */
import { KEPT_DECODER_BYTES, MAX_DECODER_BYTES } from '../../../shared/model/images/decoder.ts';

const MEBIBYTE = 2 ** 20;
/** The models' heap and the decoder's memory. */
export const MAX_WASM_BYTES = 96 * MEBIBYTE;
/**
 * Where the models' heap stops growing. A champion and its successor are both there while one takes the place of the
 * other.
 */
export const MAX_HEAP_BYTES = MAX_WASM_BYTES - KEPT_DECODER_BYTES;
/** What loaded models may take together; others make room (program-cache.ts). */
export const MODEL_BUDGET_BYTES = 48_000_000;
/** Bodies of all requests in flight. */
export const MAX_BODIES_BYTES = 16_000_000;

/** What the decoder may take for a picture while the models' heap has grown to so many bytes. */
export function roomForDecoder(heapBytes: number): number {
  return Math.min(MAX_DECODER_BYTES, MAX_WASM_BYTES - heapBytes);
}
