import { deflateSync, crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../../../../trainer/data-import/readers/picture.ts';
import { expectedPixels, imageFile } from '../../../support/images.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { readAll } from './read-all.ts';

const folder = useTempFolder();
const image = { kind: 'image' as const, height: 2, width: 2, channels: 3 as const, scale: 1, offset: 0 };
const spec = { task: 'classification' as const, input: image, labels: ['cat', 'dog'] };

/** An RGB picture as PNG, every row unfiltered. */
function png(width: number, pixels: readonly (readonly [number, number, number])[]): Uint8Array {
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const frame = Buffer.alloc(12 + data.length);
    frame.writeUInt32BE(data.length, 0);
    frame.write(type, 4, 'latin1');
    frame.set(data, 8);
    frame.writeUInt32BE(crc32(frame.subarray(4, 8 + data.length)), 8 + data.length);
    return frame;
  };
  const height = pixels.length / width;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Array.from({ length: height }, (_, y) => [
    0,
    ...pixels.slice(y * width, (y + 1) * width).flat(),
  ]);
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const data = deflateSync(Uint8Array.from(rows.flat()));
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const RED = [255, 0, 0] as const;
const BLUE = [0, 0, 255] as const;
const CHECKS = png(2, [RED, BLUE, BLUE, RED]);

describe('the reader of image folders', () => {
  it('takes labels from folders and mixes them, the same way every time', async () => {
    for (let i = 0; i < 6; i++) {
      await folder.write(`mixed/cat/${i}.png`, CHECKS);
      await folder.write(`mixed/dog/${i}.PNG`, CHECKS);
    }
    await folder.write('mixed/dog/notes.txt', 'not a picture');
    const read = await readAll(`${folder.path}/mixed`, { spec });
    expect(read).toEqual(await readAll(`${folder.path}/mixed`, { spec }));
    expect(read.rows).toHaveLength(12);
    expect(read.rows?.[0]).toMatchObject({ raw: [...RED, ...BLUE, ...BLUE, ...RED] });
    const labels = (read.rows as { label: number }[]).map(({ label }) => label);
    expect(new Set(labels.slice(0, 6)).size).toBe(2);
  });

  it('makes grey of colours where the model wants one channel', async () => {
    const grey = await decodePicture(CHECKS, { height: 2, width: 2, channels: 1 });
    expect(grey).toEqual({ ok: true, value: Float32Array.of(76, 29, 29, 76) });
  });

  it('squeezes the whole picture', async () => {
    const wide = png(4, [RED, RED, BLUE, BLUE, RED, RED, BLUE, BLUE]);
    const read = await decodePicture(wide, { height: 1, width: 2, channels: 3 });
    expect(read.ok && read.value[0]).toBeGreaterThan(200);
    expect(read.ok && read.value[5]).toBeGreaterThan(200);
  });

  it('names truncated, altered and foreign pictures, and reads on', async () => {
    const altered = Uint8Array.from(CHECKS);
    altered[45] = (altered[45] ?? 0) ^ 1;
    await folder.write('bad/cat/altered.png', altered);
    await folder.write('bad/cat/good.png', CHECKS);
    await folder.write('bad/cat/text.jpg', 'no picture at all');
    await folder.write('bad/cat/truncated.png', CHECKS.subarray(0, CHECKS.length - 14));
    const { rows, problems } = await readAll(`${folder.path}/bad`, { spec });
    expect(rows).toHaveLength(1);
    expect(problems?.toSorted()).toEqual([
      'cat/altered.png: the PNG is damaged',
      'cat/text.jpg: not a JPEG, PNG or WebP image',
      'cat/truncated.png: the PNG is truncated',
    ]);
  });

  it('leaves nothing out uncounted: whatever a picture is called, and however deep it lies', async () => {
    for (const name of ['a.jfif', 'b.jpe', 'no ending', 'deeper/c.png', '.DS_Store', 'Thumbs.db'])
      await folder.write(`odd/dog/${name}`, CHECKS);
    await folder.write('odd/dog/moving.gif', 'GIF89a');
    const { rows, problems } = await readAll(`${folder.path}/odd`, { spec });
    expect(rows).toHaveLength(4);
    expect(problems).toEqual([expect.stringMatching(/^dog\/moving\.gif: /)]);
  });

  it('reads JPEG and WebP as well', async () => {
    const twelve = { ...image, height: 8, width: 12 };
    for (const file of ['rgb.jpg', 'turned.webp']) await folder.write(`kinds/cat/${file}`, imageFile(file));
    const { rows } = await readAll(`${folder.path}/kinds`, { spec: { ...spec, input: twelve } });
    const expected = ['rgb.jpg', 'turned.webp'].map((file) => [...expectedPixels(file, twelve)]);
    expect((rows as { raw: number[] }[]).map(({ raw }) => [...raw])).toEqual(
      expect.arrayContaining(expected),
    );
  });

  it('refuses a folder that is no label, and a folder without pictures', async () => {
    await folder.write('strange/cow/1.png', CHECKS);
    expect(await readAll(`${folder.path}/strange`, { spec })).toEqual({
      refused: expect.stringMatching(/"cow" is no label of the model; --ignore cow/),
    });
    expect(await readAll(`${folder.path}/strange`, { spec, columns: { ignore: ['cow'] } })).toEqual({
      refused: expect.stringMatching(/found none/),
    });
  });
});
