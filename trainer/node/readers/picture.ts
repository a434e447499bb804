/**
 * PNG and JPEG files as pixels of the size a model wants: the whole picture squeezed, bilinear with antialiasing
 * (a triangle filter as wide as the reduction, like Pillow's), on stored values without gamma; transparency is dropped.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import decodeJpeg, { init as initJpeg } from '@jsquash/jpeg/decode.js';
import decodePng, { init as initPng } from '@jsquash/png/decode.js';
import resize, { initResize } from '@jsquash/resize';
import type { InputSpec } from '../../../shared/model/spec.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { isWholeJpeg, isWholePng } from './whole-picture.ts';

type ImageInput = Pick<Extract<InputSpec, { kind: 'image' }>, 'height' | 'width' | 'channels'>;

/** What the codecs expect of a browser: a plain holder of RGBA pixels. */
class Pixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly colorSpace = 'srgb';

  constructor(data: Uint8ClampedArray, width: number, height?: number) {
    this.data = data;
    this.width = width;
    this.height = height ?? data.length / 4 / width;
  }
}

let ready: Promise<unknown> | null = null;

/** The codecs would fetch their WASM over HTTP; in Node they get it from the installed packages. */
function loadCodecs(): Promise<unknown> {
  if (!('ImageData' in globalThis)) Object.assign(globalThis, { ImageData: Pixels });
  ready ??= Promise.all([
    compile('@jsquash/png/codec/pkg/squoosh_png_bg.wasm').then((module) => initPng(module)),
    compile('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm').then((module) => initJpeg(module)),
    compile('@jsquash/resize/lib/resize/pkg/squoosh_resize_bg.wasm').then((module) => initResize(module)),
  ]);
  return ready;
}

async function compile(path: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(fileURLToPath(import.meta.resolve(path))));
}

/**
 * @param bytes  of a PNG or JPEG file
 * @returns pixels 0 to 255, [height * width * channels], row by row; grey is 0.299 R + 0.587 G + 0.114 B (ITU-R 601)
 */
export async function decodePicture(
  bytes: Uint8Array,
  { height, width, channels }: ImageInput,
): Promise<Result<Float32Array, string>> {
  const format = formatOf(bytes);
  if (format === null) return err('expected a PNG or JPEG picture, got something else');
  const damaged = err(`expected a ${format} picture, got one that is truncated or altered`);
  if (!(format === 'PNG' ? isWholePng(bytes) : isWholeJpeg(bytes))) return damaged;
  await loadCodecs();
  // Not `slice`: a Buffer's is a view of a larger one.
  const file = new Uint8Array(bytes).buffer;
  let picture: Pixels;
  try {
    picture = format === 'PNG' ? await decodePng(file) : await decodeJpeg(file);
  } catch {
    return damaged;
  }
  if (picture.width !== width || picture.height !== height) {
    picture = await resize(picture, {
      width,
      height,
      method: 'triangle',
      premultiply: false,
      linearRGB: false,
    });
  }
  return ok(channels === 3 ? toRgb(picture.data) : toGrey(picture.data));
}

function formatOf(bytes: Uint8Array): 'PNG' | 'JPEG' | null {
  if (bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47) return 'PNG';
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff ? 'JPEG' : null;
}

function toRgb(rgba: Uint8ClampedArray): Float32Array {
  const out = new Float32Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    out[to++] = rgba[from] as number;
    out[to++] = rgba[from + 1] as number;
    out[to++] = rgba[from + 2] as number;
  }
  return out;
}

function toGrey(rgba: Uint8ClampedArray): Float32Array {
  const out = new Float32Array(rgba.length / 4);
  for (let i = 0; i < out.length; i++) {
    const [red, green, blue] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]] as [number, number, number];
    out[i] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return out;
}
