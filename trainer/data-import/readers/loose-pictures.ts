/**
 * Reads pictures wherever they lie in a folder and those below it, without labels: to look at, not to learn from.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InputSpec } from '../../../shared/model/spec/spec.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { reasonOf } from './input-file.ts';
import { decodePicture } from './picture.ts';

const PICTURE = /\.(png|jpe?g)$/i;

export interface LoosePicture {
  /** the path below the folder */
  readonly name: string;
  /** [rawSize] */
  readonly raw: Float32Array;
}

/** The first pictures by name, at most `count`, in the size that the model reads. */
export async function readLoosePictures(
  folder: string,
  input: Extract<InputSpec, { kind: 'image' }>,
  count: number,
): Promise<Result<LoosePicture[], string>> {
  let names: string[];
  try {
    names = (await readdir(folder, { recursive: true })).filter((name) => PICTURE.test(name)).sort();
  } catch (error) {
    return err(`${folder}: ${reasonOf(error)}`);
  }
  if (names.length === 0) return err(`${folder}: expected pictures (*.png, *.jpg), found none`);
  const pictures: LoosePicture[] = [];
  for (const name of names.slice(0, count)) {
    const pixels = await decodePicture(await readFile(join(folder, name)), input);
    if (!pixels.ok) return err(`${name}: ${pixels.error}`);
    pictures.push({ name, raw: pixels.value });
  }
  return ok(pictures);
}
