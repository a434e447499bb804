import { describe, expect, test } from 'vitest';
import { fromBase64 } from '../../../shared/bytes.ts';
import { storeInline } from '../../../shared/events/stored-input.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { decodePicture } from '../../../trainer/data-import/readers/picture.ts';
import type { RunContext } from '../../../trainer/run/context.ts';
import { drawFlips, reducePicture } from '../../../trainer/report/flip-pictures.ts';
import { saveShard, type Snapshot } from '../../../trainer/pipeline/data/snapshot-file.ts';
import { blobSpec } from '../../support/tabular-model.ts';
import { makeContext } from '../pipeline/make-context.ts';

const IMAGE = { kind: 'image', height: 2, width: 3, channels: 1, scale: 1 / 255, offset: 0 } as const;
const PIXELS = Float32Array.of(0, 50, 100, 150, 200, 255);
const FLIP = { window: 'w01', id: 'a', label: 'red', candidate: 'blue' };

async function makeSnapshot(): Promise<{ ctx: RunContext; snapshot: Snapshot }> {
  const store = createMemoryStore();
  const examples = ['a', 'b'].map((id) => ({ id, at: 0, label: 0, input: storeInline(PIXELS) }));
  const shards = [await saveShard(store, 'blobs', examples)];
  const snapshot = { windows: [{ id: 'w01', fromMs: 0, toMs: 1, examples: 2, shards }] };
  const ctx = { ...makeContext('r1', store), spec: blobSpec('blobs', { input: IMAGE }) };
  return { ctx, snapshot: snapshot as unknown as Snapshot };
}

describe('pictures of flipped examples', () => {
  test('show the stored input, pixel for pixel, of the flipped ones only', async () => {
    const { ctx, snapshot } = await makeSnapshot();
    const drawn = await drawFlips(ctx, snapshot, [FLIP, { ...FLIP, id: 'nobody' }]);
    expect(Object.keys(drawn)).toEqual(['a']);
    const [, base64 = ''] = /^data:image\/png;base64,(.+)$/.exec(drawn['a'] ?? '') ?? [];
    const decoded = await decodePicture(fromBase64(base64) ?? new Uint8Array(), IMAGE);
    expect(decoded).toEqual({ ok: true, value: PIXELS });
  });

  test('there are none of a model that reads a table', async () => {
    const { ctx, snapshot } = await makeSnapshot();
    expect(await drawFlips({ ...ctx, spec: blobSpec('blobs') }, snapshot, [FLIP])).toEqual({});
  });
});

describe('a large picture', () => {
  test('is reduced to averages of squares, the last row and column of what is left', () => {
    const [height, width] = [97, 192];
    const pixels = Uint8Array.from({ length: height * width }, (_, i) => (i % width < 96 ? 10 : 30));
    pixels[0] = 14;
    const reduced = reducePicture({ height, width, channels: 1, pixels });
    expect([reduced.height, reduced.width]).toEqual([49, 96]);
    expect([...reduced.pixels.subarray(0, 3), ...reduced.pixels.subarray(-2)]).toEqual([11, 10, 10, 30, 30]);
  });

  test('a small one stays as it is', () => {
    const picture = { height: 28, width: 28, channels: 1 as const, pixels: new Uint8Array(784) };
    expect(reducePicture(picture)).toBe(picture);
  });
});
