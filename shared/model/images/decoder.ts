/**
 * Encoded images as the pixels that a spec's input wants: the same code and the same binary at the edge, in the trainer
 * and in imports, so a picture has the same pixels everywhere, bit for bit.
 *
 * The binary (source/, build.sh) is libjpeg-turbo, libpng and libwebp with a resampler that gives what Pillow gives.
 */
import { err, ok, type Result } from '../../result.ts';
import type { ImageSpec } from '../spec/input.ts';

export type ImageFormat = 'JPEG' | 'PNG' | 'WebP';

/** What a model wants of an image. */
export type ImageTarget = Pick<ImageSpec, 'height' | 'width' | 'channels' | 'resize'>;

export interface ImageDecoder {
  /**
   * @param bytes  of a JPEG, PNG or WebP file
   * @returns pixels 0 to 255, [height * width * channels], row by row; or what is wrong, without a place:
   *   `the JPEG is truncated`
   */
  decode(bytes: Uint8Array, target: ImageTarget): Result<Float32Array, string>;
  /** How many pixels the image had that was decoded last: what it cost. 0 when its header was not read. */
  pixelsRead(): number;
  /** Whether the image that was decoded last failed for want of room alone: with all that a decoder may take it might do. */
  lackedRoom(): boolean;
}

/** Known to source/pictures.h. */
const PROBLEMS = {
  1: 'truncated',
  2: 'damaged',
  3: 'unsupported',
  4: 'cmyk',
  5: 'animated',
  6: 'too-many-pixels',
  7: 'too-much-memory',
  8: 'too-many-scans',
} as const;
type Problem = (typeof PROBLEMS)[keyof typeof PROBLEMS];

const RESIZE = { stretch: 0, cover: 1, contain: 2 } as const;

/** Known to source/resample.c; documented in docs/images.md. */
const MAX_MEGAPIXELS = 25;
/** Known to source/memory.c. */
export const MAX_DECODER_BYTES = 64 * 2 ** 20;
/** Memory of WASM never shrinks: an instance that grew past this is dropped after the picture that needed it. */
export const KEPT_DECODER_BYTES = 16 * 2 ** 20;

type Decode = (
  file: number,
  bytes: number,
  height: number,
  width: number,
  channels: number,
  resize: number,
) => number;

interface Exports {
  readonly memory: WebAssembly.Memory;
  /** @param room  what the memory may take for the next picture, stack and tables included */
  readonly reset: (room: number) => void;
  readonly allocate: (bytes: number) => number;
  readonly decode_jpeg: Decode;
  readonly decode_png: Decode;
  readonly decode_webp: Decode;
  /** Of the picture whose header was read last. */
  readonly width: () => number;
  readonly height: () => number;
}

/** Thrown through the binary's frames: its libraries expect that reporting a failure does not return. */
class DecodeFailure extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem);
    this.problem = problem;
  }
}

/**
 * @param module  `decoders.wasm`, compiled; instantiated when the first image comes
 * @param room    what the decoder's memory may take for a picture, asked before each: at least KEPT_DECODER_BYTES
 */
export function createImageDecoder(
  module: WebAssembly.Module,
  room: () => number = () => MAX_DECODER_BYTES,
): ImageDecoder {
  let kept: Exports | null = null;
  let pixels = 0;
  let lacked = false;
  return {
    decode(bytes, target) {
      pixels = 0;
      lacked = false;
      const format = formatOf(bytes);
      if (format === null) return err('not a JPEG, PNG or WebP image');
      const codec = kept ?? instantiate(module);
      // Whatever ends a picture early, a trap included, leaves the instance in the middle of something.
      kept = null;
      try {
        codec.reset(room());
        const raw = run(codec, format, bytes, target);
        if (codec.memory.buffer.byteLength <= KEPT_DECODER_BYTES) kept = codec;
        return ok(raw);
      } catch (cause) {
        const problem = toProblem(cause);
        lacked = problem === 'too-much-memory' && room() < MAX_DECODER_BYTES;
        return err(describe(format, problem, codec));
      } finally {
        pixels = codec.width() * codec.height();
      }
    },
    pixelsRead: () => pixels,
    lackedRoom: () => lacked,
  };
}

/** By the first bytes, whatever a name or media type says. */
export function formatOf(bytes: Uint8Array): ImageFormat | null {
  const head = String.fromCharCode(...bytes.subarray(0, 12));
  if (head.startsWith('\xff\xd8\xff')) return 'JPEG';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG';
  return head.startsWith('RIFF') && head.slice(8) === 'WEBP' ? 'WebP' : null;
}

function instantiate(module: WebAssembly.Module): Exports {
  const fail = (problem: number): never => {
    throw new DecodeFailure(PROBLEMS[problem as keyof typeof PROBLEMS]);
  };
  return new WebAssembly.Instance(module, { host: { fail } }).exports as unknown as Exports;
}

function run(codec: Exports, format: ImageFormat, bytes: Uint8Array, target: ImageTarget): Float32Array {
  const { height, width, channels, resize = 'stretch' } = target;
  const file = codec.allocate(bytes.byteLength);
  new Uint8Array(codec.memory.buffer).set(bytes, file);
  const at = decoderOf(codec, format)(file, bytes.byteLength, height, width, channels, RESIZE[resize]);
  return Float32Array.from(new Uint8Array(codec.memory.buffer, at, height * width * channels));
}

function decoderOf(codec: Exports, format: ImageFormat): Decode {
  switch (format) {
    case 'JPEG':
      return codec.decode_jpeg;
    case 'PNG':
      return codec.decode_png;
    case 'WebP':
      return codec.decode_webp;
  }
}

/**
 * A trap, or a recursion too deep, is a file that found a fault in a library: it stays inside the instance, and the file
 * is refused.
 */
function toProblem(cause: unknown): Problem {
  if (cause instanceof DecodeFailure) return cause.problem;
  if (cause instanceof Error && (cause.name === 'RuntimeError' || cause.name === 'RangeError'))
    return 'damaged';
  throw cause;
}

function describe(format: ImageFormat, problem: Problem, codec: Exports): string {
  const size = `${codec.width()} x ${codec.height()} pixels`;
  switch (problem) {
    case 'truncated':
      return `the ${format} is truncated`;
    case 'damaged':
      return `the ${format} is damaged`;
    case 'unsupported':
      return `the ${format} is of a kind that is not read (lossless, arithmetic coding or 12 bits)`;
    case 'cmyk':
      return `the ${format} is in CMYK, expected grey or RGB`;
    case 'animated':
      return `the ${format} is animated, expected a still image`;
    case 'too-many-pixels':
      return `${size}, at most ${MAX_MEGAPIXELS} megapixels`;
    case 'too-much-memory':
      return `the ${format} of ${size} takes more than ${MAX_DECODER_BYTES / 2 ** 20} MB to decode`;
    case 'too-many-scans':
      return `the ${format} has too many scans`;
  }
}
