import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DATA_NOTE, dataPath, hasData } from '../../../support/data.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { readAll } from './read-all.ts';

const folder = useTempFolder();
const image = (height: number, width: number) => ({
  kind: 'image' as const,
  height,
  width,
  channels: 1 as const,
  scale: 1 / 255,
  offset: 0,
});
const spec = { task: 'classification' as const, input: image(2, 3), labels: ['0', '1'] };

function idx(dims: readonly number[], data: readonly number[], type = 0x08): Uint8Array {
  const header = Buffer.alloc(4 + 4 * dims.length);
  header.set([0, 0, type, dims.length]);
  for (const [i, dim] of dims.entries()) header.writeUInt32BE(dim, 4 + 4 * i);
  return Buffer.concat([header, Uint8Array.from(data)]);
}

const PIXELS = [0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255];

async function writePair(name: string, images: Uint8Array, labels: Uint8Array): Promise<string> {
  await folder.write(`${name}/train-labels-idx1-ubyte`, labels);
  return folder.write(`${name}/train-images-idx3-ubyte`, images);
}

describe('the IDX reader', () => {
  it('reads images with the labels beside them', async () => {
    const path = await writePair('good', idx([2, 2, 3], PIXELS), idx([2], [1, 0]));
    expect(await readAll(path, { spec })).toMatchObject({
      rows: [
        { row: 0, raw: PIXELS.slice(0, 6), label: 1 },
        { row: 1, raw: PIXELS.slice(6), label: 0 },
      ],
      maxRows: 2,
    });
  });

  it('reads gzipped images with labels that are not, or that lie elsewhere', async () => {
    await folder.write('mixed/t10k-labels-idx1-ubyte', idx([2], [1, 0]));
    const path = await folder.write('mixed/t10k-images-idx3-ubyte.gz', gzipSync(idx([2, 2, 3], PIXELS)));
    expect((await readAll(path, { spec })).rows).toHaveLength(2);
    const labelsFile = await folder.write('elsewhere.bin', idx([2], [0, 0]));
    expect(await readAll(path, { spec, labelsFile })).toMatchObject({ rows: [{ label: 0 }, { label: 0 }] });
  });

  it('takes a label as an index where the labels of the model are words', async () => {
    const path = await writePair('words', idx([2, 2, 3], PIXELS), idx([2], [1, 2]));
    expect(await readAll(path, { spec: { ...spec, labels: ['shirt', 'shoe'] } })).toMatchObject({
      rows: [{ label: 1 }],
      problems: ['image 1: label: expected a number below 2, got 2'],
    });
  });

  it.each([
    [
      'another magic number',
      idx([2, 2, 3], PIXELS).fill(7, 0, 2),
      idx([2], [1, 0]),
      /expected IDX .* got 07 07 08 03/,
    ],
    [
      'another type',
      idx([2, 2, 3], PIXELS, 0x0d),
      idx([2], [1, 0]),
      /unsigned bytes \(IDX type 08\), got type 0d/,
    ],
    [
      'truncated images',
      idx([2, 2, 3], PIXELS.slice(1)),
      idx([2], [1, 0]),
      /expected 28 bytes for 2x2x3, got 27/,
    ],
    ['truncated labels', idx([2, 2, 3], PIXELS), idx([2], [1]), /expected 10 bytes for 2, got 9/],
    ['another size', idx([2, 3, 2], PIXELS), idx([2], [1, 0]), /expected images of 2x3x1.* got 3x2/],
    ['too few labels', idx([2, 2, 3], PIXELS), idx([1], [1]), /has 2 images, .* has 1 labels/],
  ])('refuses %s as a whole', async (name, images, labels, message) => {
    const path = await writePair(name, images, labels);
    expect(await readAll(path, { spec })).toEqual({ refused: expect.stringMatching(message) });
  });

  it('says where it looked for the labels', async () => {
    const path = await folder.write('alone/train-images-idx3-ubyte', idx([2, 2, 3], PIXELS));
    expect(await readAll(path, { spec })).toEqual({
      refused: expect.stringMatching(/expected beside it, as train-labels-idx1-ubyte; .*--labels-file/),
    });
  });

  it.skipIf(!hasData)(`reads MNIST's test images${DATA_NOTE}`, async () => {
    const labels = Array.from({ length: 10 }, (_, digit) => String(digit));
    const path = dataPath('images', 'mnist', 't10k-images-idx3-ubyte.gz');
    const { rows, problems } = await readAll(path, {
      spec: { task: 'classification', input: image(28, 28), labels },
    });
    expect([rows?.length, problems]).toEqual([10_000, []]);
    expect(rows?.slice(0, 5)).toMatchObject([7, 2, 1, 0, 4].map((label) => ({ label })));
  });
});
