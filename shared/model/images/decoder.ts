/**
 * Encoded images as the pixels that a spec's input wants: the same code and the same binary at the edge, in the trainer
 * and in imports, so a picture has the same pixels everywhere, bit for bit.
 *
 * The binary (source/, build.sh) is libjpeg-turbo, libpng and libwebp with a resampler that gives what Pillow gives.
 */
import { err, ok, type Result } from '../../result.ts';
import type { ImageSpec } from '../input.ts';

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
const MAX_MEMORY_MB = 64;
/** Memory of WASM never shrinks: an instance that grew past this is dropped after the picture that needed it. */
const KEPT_BYTES = 16 * 2 ** 20;

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
  readonly reset: () => void;
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

/** @param module  `decoders.wasm`, compiled; instantiated when the first image comes */
export function createImageDecoder(module: WebAssembly.Module): ImageDecoder {
  let kept: Exports | null = null;
  let pixels = 0;
  return {
    decode(bytes, target) {
      pixels = 0;
      const format = formatOf(bytes);
      if (format === null) return err('not a JPEG, PNG or WebP image');
      const codec = kept ?? instantiate(module);
      // Whatever ends a picture early, a trap included, leaves the instance in the middle of something.
      kept = null;
      try {
        const raw = run(codec, format, bytes, target);
        if (codec.memory.buffer.byteLength <= KEPT_BYTES) kept = codec;
        return ok(raw);
      } catch (cause) {
        return err(describe(format, toProblem(cause), codec));
      } finally {
        pixels = codec.width() * codec.height();
      }
    },
    pixelsRead: () => pixels,
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
  codec.reset();
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
      return `the ${format} of ${size} takes more than ${MAX_MEMORY_MB} MB to decode`;
    case 'too-many-scans':
      return `the ${format} has too many scans`;
  }
}
