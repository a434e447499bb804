/**
 * MNIST (LeCun et al. 1998) on a small convolutional base that has never seen a digit: DoodleNet, which tells 345
 * kinds of drawings apart.
 */
import { readFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { listQuarantines } from '../../shared/registry/quarantine.ts';
import { DATA_NOTE, dataPath, hasData } from '../support/data.ts';
import { type TempFolder, useTempFolder } from '../support/temp-folder.ts';
import { accuracyOf, type Deployment, FIXED_SPEC, startDeployment } from './deployment.ts';

const mnist = (name: string): string => dataPath('images', 'mnist', name);
const TRAIN = mnist('train-images-idx3-ubyte.gz');
const PIXELS = 784;
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;

describe.skipIf(!hasData)(`MNIST on DoodleNet, from IDX files past a poisoned night${DATA_NOTE}`, () => {
  const folder = useTempFolder();
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await startDeployment();
  });
  afterAll(() => deployment?.dispose());

  test('the base is cut before its classifier and agrees with TensorFlow.js', async () => {
    const cut = ['--layer', 'max_pooling2d_2', '--pooling', 'flatten'];
    const base = JSON.parse(
      await deployment.holdfast('base', 'import', dataPath('models', 'doodlenet_layers'), ...cut, '--json'),
    ) as { digest: string };
    expect(base).toMatchObject({ inputShape: [28, 28, 1], featureSize: 576, repeated: false });
    const spec = await folder.write('spec.json', FIXED_SPEC);
    const labels = ['--labels', '0,1,2,3,4,5,6,7,8,9'];
    const limits = ['--window', '3000', '--epochs', '8'];
    await deployment.holdfast('create', 'mnist', '--base', base.digest, ...labels, ...limits, '--spec', spec);
  });

  test('a few thousand images make a first version that is right on 19 of 20 and more', async () => {
    expect(await deployment.holdfast('import', 'mnist', TRAIN, '--limit', '3000')).toContain(
      'imported 3,000',
    );
    const run = await deployment.train('mnist');
    expect(run).toMatchObject({ status: 'complete', verdict: 'promote', promoted: true, candidate: 1 });
    const { windows } = await deployment.report('mnist', run);
    expect(windows.at(-1)?.candidate).toBeGreaterThan(0.94);
    const features = run.steps.find(({ name }) => name === 'features');
    expect(features?.note).toMatch(/^3 shards, 3 of them new/);
    expect(features?.seconds).toBeGreaterThan(0.1);
  });

  test('more images make a second one that is no worse on images of other writers by the gate’s margin', async () => {
    await deployment.holdfast('import', 'mnist', TRAIN, '--skip', '3000', '--limit', '2000');
    const run = await deployment.train('mnist');
    expect(run).toMatchObject({ status: 'complete', candidate: 2, championAtStart: 1 });
    expect(run.steps.find(({ name }) => name === 'features')?.note).toMatch(/^5 shards, 2 of them new/);
    const { images, labels } = await readTest(2_000);
    const champion = accuracyOf(await deployment.predict('mnist', images, 1), labels);
    const candidate = accuracyOf(await deployment.predict('mnist', images, 2), labels);
    expect(champion).toBeGreaterThan(0.94);
    expect(candidate).toBeGreaterThan(0.95);
    expect(candidate).toBeGreaterThan(champion - 0.01);
    // A few hundred held-out examples may be too few to show it; then the candidate waits as a challenger.
    expect(['promote', 'hold']).toContain(run.verdict);
  });

  test('a night on which two digits were swapped is kept apart: nothing is learned, and the champion stays', async () => {
    const before = await statusOf();
    await deployment.holdfast('import', 'mnist', await writePoisonedNight(folder, 5_000, 4_000));
    const run = await deployment.train('mnist');
    expect(run).toMatchObject({ status: 'skipped', promoted: false, candidate: null });
    expect(run.summary).toMatch(
      /^Nothing new that may be learned from: \d+\.\d % of 4000 new labels agree .* 2 classes .* kept apart$/,
    );
    const kept = await quarantines();
    expect(kept).toMatchObject([{ status: 'held', examples: 4_000 }]);
    const moved = kept[0]?.renamings.map(({ from, to }) => [from, to]).sort();
    expect(moved).toEqual([
      [4, 9],
      [9, 4],
    ]);
    expect(await statusOf()).toEqual(before);
  });

  test('the night after goes on with the right labels alone: its version mixes nothing up', async () => {
    await deployment.holdfast('import', 'mnist', TRAIN, '--skip', '9000', '--limit', '2000');
    const run = await deployment.train('mnist');
    expect(run).toMatchObject({ status: 'complete', candidate: 3 });
    expect(await quarantines()).toMatchObject([{ status: 'held' }]);
    const { images, labels } = await readTest(2_000);
    expect(accuracyOf(await deployment.predict('mnist', images, 3), labels)).toBeGreaterThan(0.95);
  });

  const quarantines = async () => {
    const found = await listQuarantines(deployment.local.store, 'mnist');
    if (!found.ok) throw new Error(found.error.detail);
    return found.value;
  };
  const statusOf = async () =>
    statusSchema.parse(JSON.parse(await deployment.holdfast('status', 'mnist', '--json')));
});

const statusSchema = z.object({ champion: z.object({ to: z.int() }), versions: z.array(z.int()) });

/** The first of the test images, as a client would send them, and their labels. */
async function readTest(n: number): Promise<{ images: number[][]; labels: string[] }> {
  const pixels = gunzipSync(await readFile(mnist('t10k-images-idx3-ubyte.gz'))).subarray(IMAGES_HEADER);
  const digits = gunzipSync(await readFile(mnist('t10k-labels-idx1-ubyte.gz'))).subarray(LABELS_HEADER);
  return {
    images: Array.from({ length: n }, (_, i) => [...pixels.subarray(i * PIXELS, (i + 1) * PIXELS)]),
    labels: Array.from(digits.subarray(0, n), String),
  };
}

/** A part of the training images as IDX files, every 4 labelled 9 and every 9 labelled 4. Returns the images' path. */
async function writePoisonedNight(folder: TempFolder, from: number, n: number): Promise<string> {
  const pixels = gunzipSync(await readFile(TRAIN)).subarray(IMAGES_HEADER);
  const digits = gunzipSync(await readFile(mnist('train-labels-idx1-ubyte.gz'))).subarray(LABELS_HEADER);
  const labels = digits.subarray(from, from + n).map((digit) => (digit === 4 ? 9 : digit === 9 ? 4 : digit));
  const images = pixels.subarray(from * PIXELS, (from + n) * PIXELS);
  await folder.write('night-labels-idx1-ubyte.gz', gzipSync(encodeIdx([n], labels)));
  return folder.write('night-images-idx3-ubyte.gz', gzipSync(encodeIdx([n, 28, 28], images)));
}

function encodeIdx(dims: readonly number[], data: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * dims.length);
  header.set([0, 0, 8, dims.length]);
  for (const [i, size] of dims.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([header, data]);
}
