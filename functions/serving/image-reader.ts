/**
 * Encoded images of requests as pixels. Decoding one takes the isolate for itself, so between large ones everybody else
 * gets a turn.
 */
import type { ImageDecoder } from '../../shared/model/images/decoder.ts';
import type { InputSpec } from '../../shared/model/spec/spec.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { type AppError, invalid } from '../http/errors.ts';

/** The bytes of an encoded image (JPEG, PNG, WebP), where a request has them in place of numbers. */
export interface EncodedImage {
  readonly bytes: Uint8Array;
  /** how a message names it: `instances[3]` */
  readonly where: string;
}

export interface ImageReader {
  /**
   * @returns pixels, [rawSize]; `invalid` when the bytes are no image that can be read, or the input is none;
   *   `overloaded` when it would take more memory than the isolate has left beside its models
   */
  read(image: EncodedImage, input: InputSpec): Promise<Result<Float32Array, AppError>>;
}

/** About 30 ms of decoding. */
const PAUSE_AFTER_PIXELS = 2_000_000;

/** @param pause  lets others have their turn */
export function createImageReader(decoder: ImageDecoder, pause: () => Promise<void>): ImageReader {
  let pixelsSincePause = 0;
  return {
    async read({ bytes, where }, input) {
      if (input.kind !== 'image') {
        return invalid(
          `${where}: this input expects numbers, got ${bytes.byteLength} bytes of an encoded image`,
        );
      }
      if (pixelsSincePause >= PAUSE_AFTER_PIXELS) {
        pixelsSincePause = 0;
        await pause();
      }
      const decoded = decoder.decode(bytes, input);
      pixelsSincePause += decoder.pixelsRead();
      if (decoded.ok) return ok(decoded.value);
      return decoder.lackedRoom()
        ? err({ kind: 'overloaded', detail: `${where}: there is no room to decode so large an image now` })
        : invalid(`${where}: ${decoded.error}`);
    },
  };
}
