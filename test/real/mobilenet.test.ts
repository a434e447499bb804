/**
 * MobileNet v1 0.25/224 (Howard et al. 2017) and photographs: as it was published, and as the base of a model of our
 * own that is fed a folder of pictures. The pictures are cuts of a few photographs, so this shows that the path works,
 * not how well such a model would do on photographs it has never seen.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { createRandom, type Random } from '../../shared/random.ts';
import { createRuntime } from '../../shared/model/run/runtime.ts';
import { loadBase } from '../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../shared/model/run/wasm-node.ts';
import { DATA_NOTE, dataPath, hasData } from '../support/data.ts';
import { encodePng } from '../../trainer/report/page/png.ts';
import { type TempFolder, useTempFolder } from '../support/temp-folder.ts';
import { type Deployment, FIXED_SPEC, startDeployment } from './deployment.ts';

const MODEL = dataPath('models', 'mobilenet_v1_0.25_224_layers');
const SIZE = 224;
const LABELS = {
  cat: ['cat', 'chelsea'],
  cup: ['coffee', 'cup', 'mug'],
  sky: ['rocket'],
  face: ['astronaut'],
};
const CUTS_PER_LABEL = 60;
/** Pixels to -1 … 1, as MobileNet was trained. */
const PREPROCESSING = ['--scale', '0.00784313725', '--offset', '-1'];

describe.skipIf(!hasData)(`MobileNet and photographs${DATA_NOTE}`, () => {
  const folder = useTempFolder();
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await startDeployment();
  });
  afterAll(() => deployment?.dispose());

  const importBase = async (...options: readonly string[]): Promise<string> => {
    const printed = await deployment.holdfast('base', 'import', MODEL, ...options, '--json');
    return z.object({ digest: z.string() }).parse(JSON.parse(printed)).digest;
  };

  test('imported whole, it says of every photograph what TensorFlow.js says', async () => {
    const digest = await importBase();
    const base = await loadBase(deployment.local.store, createRuntime(await loadWasmModule()), digest);
    if (!base.ok) throw new Error(base.error.detail);
    for (const [name, { top5 }] of Object.entries(await readExpected())) {
      const pixels = await readPhoto(name);
      const output = base.value.program.run(
        Float32Array.from(pixels, (pixel) => pixel / 127.5 - 1),
        1,
      );
      const best = output.indexOf(Math.max(...output));
      expect([name, best]).toEqual([name, top5[0]?.index]);
      for (const { index, raw } of top5) expect(output[index]).toBeCloseTo(raw, 3);
    }
  });

  test('a folder of pictures makes a version on it that is promoted', async () => {
    const pictures = await writePictures(folder);
    const base = await importBase('--layer', 'conv_pw_13_relu');
    const input = ['--input', 'image', '--size', '224x224x3', ...PREPROCESSING];
    const labels = ['--labels', Object.keys(LABELS).join(',')];
    const spec = await folder.write('spec.json', FIXED_SPEC);
    // Half of so few pictures is what the gate needs for a judgement.
    const recipe = ['--holdout', '0.5', '--head', 'none', '--learning-rate', '0.01'];
    await deployment.holdfast(
      'create',
      'things',
      ...input,
      ...labels,
      '--base',
      base,
      ...recipe,
      '--spec',
      spec,
    );
    const said = await deployment.holdfast('import', 'things', pictures);
    expect(said).toContain('imported 240 examples');
    const run = await deployment.train('things');
    expect(run).toMatchObject({ status: 'complete', verdict: 'promote', promoted: true });
    // Pictures are objects of their own in the bucket: 200 of them make a shard.
    expect(run.steps.find(({ name }) => name === 'features')?.note).toMatch(
      /^2 shards, 2 of them new, [\d.e+]+ a second$/,
    );
    const { windows } = await deployment.report('things', run);
    expect(windows.at(-1)?.candidate).toBeGreaterThan(0.95);
  });

  test('it is asked over HTTP with the pixels of a photograph', async () => {
    const pixels = [...(await readPhoto('chelsea'))];
    expect(await deployment.predict('things', [pixels])).toEqual(['cat']);
    expect(await deployment.predict('things', [nest(pixels)])).toEqual(['cat']);
  });
});

const expectedSchema = z.object({
  models: z.object({
    'mobilenet_v1_0.25_224_layers': z.record(
      z.string(),
      z.object({ top5: z.array(z.object({ index: z.int(), raw: z.number() })) }),
    ),
  }),
});

async function readExpected() {
  const json: unknown = JSON.parse(await readFile(dataPath('photos', 'expected.json'), 'utf8'));
  return expectedSchema.parse(json).models['mobilenet_v1_0.25_224_layers'];
}

/** RGB, [SIZE, SIZE, 3]. */
async function readPhoto(name: string): Promise<Uint8Array> {
  return readFile(dataPath('photos', 'rgb224', `${name}.rgb`));
}

/** `<folder>/<label>/<n>.png`: cuts of the photographs of each label. */
async function writePictures(folder: TempFolder): Promise<string> {
  const random = createRandom(7);
  for (const [label, names] of Object.entries(LABELS)) {
    for (let i = 0; i < CUTS_PER_LABEL; i++) {
      const photo = await readPhoto(names[i % names.length] as string);
      const pixels = cutOut(photo, random);
      const png = await encodePng({ height: SIZE, width: SIZE, channels: 3, pixels });
      await folder.write(`pictures/${label}/${i}.png`, png);
    }
  }
  return `${folder.path}/pictures`;
}

/** A square of the photograph, three fifths of its side or more, blown up to its size, every other one mirrored. */
function cutOut(photo: Uint8Array, random: Random): Uint8Array {
  const side = Math.floor(SIZE * (0.6 + 0.4 * random.uniform()));
  const [top, left] = [random.below(SIZE - side + 1), random.below(SIZE - side + 1)];
  const mirrored = random.below(2) === 1;
  const out = new Uint8Array(photo.length);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const column = Math.floor(((mirrored ? SIZE - 1 - x : x) * side) / SIZE);
      const from = ((top + Math.floor((y * side) / SIZE)) * SIZE + left + column) * 3;
      out.set(photo.subarray(from, from + 3), (y * SIZE + x) * 3);
    }
  }
  return out;
}

/** [SIZE * SIZE * 3] as [SIZE][SIZE][3]. */
function nest(pixels: readonly number[]): number[][][] {
  return Array.from({ length: SIZE }, (_, y) =>
    Array.from({ length: SIZE }, (_, x) => pixels.slice((y * SIZE + x) * 3, (y * SIZE + x) * 3 + 3)),
  );
}
