/**
 * Picture files as examples, by the decoder that serves them at the edge.
 */
import {
  createImageDecoder,
  type ImageDecoder,
  type ImageTarget,
} from '../../../shared/model/images/decoder.ts';
import { loadDecoderModule } from '../../../shared/model/images/decoders-node.ts';
import type { Result } from '../../../shared/result.ts';

let decoder: Promise<ImageDecoder> | null = null;

/**
 * @param bytes  of a JPEG, PNG or WebP file
 * @returns pixels 0 to 255, [height * width * channels], row by row
 */
export async function decodePicture(
  bytes: Uint8Array,
  target: ImageTarget,
): Promise<Result<Float32Array, string>> {
  decoder ??= loadDecoderModule().then(createImageDecoder);
  return (await decoder).decode(bytes, target);
}
