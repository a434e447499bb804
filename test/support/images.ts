/**
 * Small image files of every kind, and what Pillow makes of them (test/fixtures/images/make.py).
 */
import { fromBase64 } from '../../shared/bytes.ts';
import type { ImageTarget } from '../../shared/model/images/decoder.ts';
import fixture from '../fixtures/images/images.json' with { type: 'json' };

export interface ImageCase extends ImageTarget {
  readonly file: string;
  readonly expected: Uint8Array;
}

export const IMAGE_FILES = decodeAll(fixture.files);
/** Whole files that are refused nevertheless. */
export const REFUSED_FILES = decodeAll(fixture.refused);

export const IMAGE_CASES: readonly ImageCase[] = fixture.cases.map(({ pixels, ...target }) => ({
  ...(target as Omit<ImageCase, 'expected'>),
  expected: toBytes(pixels),
}));

export function imageFile(name: string): Uint8Array<ArrayBuffer> {
  const bytes = IMAGE_FILES.get(name) ?? REFUSED_FILES.get(name);
  if (bytes === undefined) throw new Error(`there is no image ${name}`);
  return bytes;
}

/** What Pillow makes of a file, as raw pixels. */
export function expectedPixels(file: string, { width, height, channels, resize }: ImageTarget): Float32Array {
  const found = IMAGE_CASES.find(
    (known) =>
      known.file === file &&
      known.width === width &&
      known.height === height &&
      known.channels === channels &&
      known.resize === (resize ?? 'stretch'),
  );
  if (found === undefined) throw new Error(`no pixels are known of ${file} at this size`);
  return Float32Array.from(found.expected);
}

function decodeAll(files: Readonly<Record<string, string>>): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  return new Map(Object.entries(files).map(([name, text]) => [name, toBytes(text)]));
}

function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(fromBase64(text) ?? []);
}
