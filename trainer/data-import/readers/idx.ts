/**
 * Reads the IDX format of MNIST (Y. LeCun et al., yann.lecun.com/exdb/mnist): a file of images and one of labels,
 * each gzipped or not. Unsigned bytes only; images are [n, height, width] or [n, height, width, channels].
 */
import { dirname, join } from 'node:path';
import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { parseLabel, type TaskSpec } from '../../../shared/model/spec/task.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { ExampleSource, ReadOptions, ReadRow } from './example-source.ts';
import { createMeter, type InputFile, scanFile, streamFile } from './input-file.ts';

const UNSIGNED_BYTE = 0x08;

/**
 * @param labelsPath  where the labels lie; null: beside the images, under the name that MNIST gives them
 */
export async function openIdx(
  images: InputFile,
  labelsPath: string | null,
  options: ReadOptions,
): Promise<Result<ExampleSource, string>> {
  const { input } = options.spec;
  if (input.kind !== 'image')
    return err(
      `${images.name}: IDX holds images, and this model's input is ${input.kind === 'tensor' ? 'a tensor' : 'tabular'}`,
    );
  const imagesHeader = await readIdxHeader(images);
  if (!imagesHeader.ok) return imagesHeader;
  const [count = 0, ...shape] = imagesHeader.value.dims;
  const wanted = [input.height, input.width, input.channels];
  if ((shape.length === 2 ? [...shape, 1] : shape).join('x') !== wanted.join('x'))
    return err(
      `${images.name}: expected images of ${wanted.join('x')}, as the model's spec says, got ${shape.join('x')}`,
    );

  const labels = await openLabels(images, labelsPath);
  if (!labels.ok) return labels;
  const labelsHeader = await readIdxHeader(labels.value);
  if (!labelsHeader.ok) return labelsHeader;
  if (labelsHeader.value.dims.length !== 1)
    return err(`${labels.value.name}: expected labels in 1 dimension, got ${labelsHeader.value.dims.length}`);
  if (labelsHeader.value.dims[0] !== count)
    return err(
      `${images.name} has ${count} images, ${labels.value.name} has ${labelsHeader.value.dims[0]} labels`,
    );

  const meter = createMeter(images.bytes);
  return ok({
    name: images.name,
    digest: createHash('sha256').update(`${images.digest}\n${labels.value.digest}`).digest('hex'),
    maxRows: count,
    fraction: meter.fraction,
    rows: () =>
      readRows(
        images,
        labels.value,
        wanted.reduce((a, b) => a * b),
        options,
        meter.add,
      ),
  });
}

interface IdxHeader {
  readonly dims: readonly number[];
  readonly bytes: number;
}

/** Reads and checks the header: two zero bytes, the type, the number of dimensions, then each as uint32 big-endian. */
async function readIdxHeader(file: InputFile): Promise<Result<IdxHeader, string>> {
  const start = await readStart(file, 4 + 4 * 255);
  const magic = start.subarray(0, 4);
  if (magic.length < 4 || magic[0] !== 0 || magic[1] !== 0 || magic[3] === 0)
    return err(`${file.name}: expected IDX (first bytes 00 00 08), got ${hex(magic)}`);
  if (magic[2] !== UNSIGNED_BYTE)
    return err(`${file.name}: expected unsigned bytes (IDX type 08), got type ${hex(magic.subarray(2, 3))}`);
  const bytes = 4 + 4 * (magic[3] as number);
  if (start.length < bytes) return err(`${file.name}: its header ends early`);
  const dims = Array.from({ length: magic[3] as number }, (_, i) => start.readUInt32BE(4 + 4 * i));
  const expected = bytes + dims.reduce((a, b) => a * b, 1);
  if (file.bytes !== expected)
    return err(`${file.name}: expected ${expected} bytes for ${dims.join('x')}, got ${file.bytes}`);
  return ok({ dims, bytes });
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replaceAll(/(..)(?=.)/g, '$1 ');
}

async function readStart(file: InputFile, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let read = 0;
  for await (const chunk of streamFile(file)) {
    parts.push(chunk);
    read += chunk.length;
    if (read >= length) break;
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** `train-images-idx3-ubyte.gz` has its labels in `train-labels-idx1-ubyte.gz`, or without `.gz`. */
async function openLabels(images: InputFile, labelsPath: string | null): Promise<Result<InputFile, string>> {
  if (labelsPath !== null) return scanFile(labelsPath);
  const name = images.name.replace('images', 'labels').replace(/idx\d/, 'idx1');
  if (name === images.name)
    return err(`${images.name}: no name for its labels follows from this; name them with --labels-file`);
  const names = [name, name.endsWith('.gz') ? name.slice(0, -3) : `${name}.gz`];
  for (const candidate of names) {
    const path = join(dirname(images.path), candidate);
    if (await exists(path)) return scanFile(path);
  }
  return err(`${images.name}: its labels were expected beside it, as ${name}; name them with --labels-file`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function* readRows(
  images: InputFile,
  labels: InputFile,
  size: number,
  { spec }: ReadOptions,
  onBytes: (length: number) => void,
): AsyncGenerator<ReadRow> {
  const labelOf = labelReader(spec);
  const labelBytes = readBlocks(labels, 1, () => {});
  let row = 0;
  for await (const pixels of readBlocks(images, size, onBytes)) {
    const next = await labelBytes.next();
    const label = labelOf(next.value?.[0] ?? 0);
    yield label.ok
      ? ok({ row, raw: Float32Array.from(pixels), label: label.value })
      : err({ row, problem: `image ${row}: label: ${label.error}` });
    row += 1;
  }
}

/**
 * A number is the target of a regression; else the label of that name or, where no label of the model is a number, the
 * label in that place.
 */
function labelReader(spec: TaskSpec): (value: number) => Result<number, string> {
  if (spec.task === 'regression') return ok;
  const { labels } = spec;
  const named = labels.some((label) => /^\d+$/.test(label));
  return (value) => {
    if (named) return parseLabel(spec, String(value));
    return value < labels.length ? ok(value) : err(`expected a number below ${labels.length}, got ${value}`);
  };
}

/** The file's data in blocks of `size` bytes; the header has been checked, so that they come out even. */
async function* readBlocks(
  file: InputFile,
  size: number,
  onBytes: (length: number) => void,
): AsyncGenerator<Uint8Array, undefined> {
  let skip = -1;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of streamFile(file, onBytes)) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (skip === -1) {
      if (rest.length < 4) continue;
      skip = 4 + 4 * (rest[3] as number);
    }
    if (skip > 0) {
      if (rest.length < skip) continue;
      rest = rest.subarray(skip);
      skip = 0;
    }
    let at = 0;
    for (; at + size <= rest.length; at += size) yield rest.subarray(at, at + size);
    rest = rest.subarray(at);
  }
}
