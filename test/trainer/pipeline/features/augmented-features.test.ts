/**
 * A base that averages the colours of a picture, and pictures that only get brighter: what the base sees of a copy is
 * known without computing it.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../../shared/events/inbox.ts';
import type { ExampleEvent } from '../../../../shared/events/schema.ts';
import { storeInput } from '../../../../shared/events/stored-input.ts';
import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import { createModel, loadSpec, replaceSpec } from '../../../../shared/model/spec/load-spec.ts';
import { createRuntime } from '../../../../shared/model/run/runtime.ts';
import { type Spec, specSchema } from '../../../../shared/model/spec/spec.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { RunRecord } from '../../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { drawCopy } from '../../../../trainer/augment/copies.ts';
import { importBase } from '../../../../trainer/model-import/base-import.ts';
import { runJob } from '../../../../trainer/node/job.ts';
import {
  addCopies,
  planCopies,
  storeCopies,
} from '../../../../trainer/pipeline/features/augmented-features.ts';
import type { RunContext } from '../../../../trainer/run/context.ts';
import { loadTrainingRecord } from '../../../../trainer/pipeline/fine-tune/fine-tune.ts';
import { readExamples } from '../../../../trainer/pipeline/features/features.ts';
import { storeFeatures } from '../../../../trainer/pipeline/features/store-features.ts';
import { saveShard, type ShardRef, type Snapshot } from '../../../../trainer/pipeline/data/snapshot-file.ts';
import { copyOf } from '../../../support/copy-of.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { extractHere, stopwatch } from './extract-here.ts';

const folder = useTempFolder();
const SIZE = 8;
const SHARDS = [5, 4];
/** Of nine examples: what is not named watches the training or is held out. */
const SPLIT = { train: [0, 2, 3, 5, 8] };

let store: ObjectStore;
let base: string;
let snapshot: Snapshot;
let shell: Pick<RunContext, 'wasm' | 'kernels' | 'runtime' | 'now' | 'stopwatch' | 'onProgress' | 'run'>;

function specWith(augmentation: object | null): Spec {
  return specSchema.parse({
    format: 'holdfast-spec/1',
    name: 'm',
    task: 'classification',
    salt: 'ab'.repeat(32),
    labels: ['dark', 'light'],
    input: { kind: 'image', height: SIZE, width: SIZE, channels: 3, scale: 1 },
    base,
    training: { augmentation, seed: 7 },
  });
}

function contextOf(augmentation: object | null, over: ObjectStore = store): RunContext {
  return { ...shell, store: over, spec: specWith(augmentation), base };
}

async function importAverage(): Promise<string> {
  const layer = { pool_size: [1, 1], strides: [1, 1], padding: 'valid' };
  const config = { name: 'same', ...layer, batch_input_shape: [null, SIZE, SIZE, 3] };
  const layers = [{ class_name: 'MaxPooling2D', config }];
  const modelTopology = { class_name: 'Sequential', config: { name: 'colours', layers } };
  const model = { format: 'layers-model', modelTopology, weightsManifest: [] };
  await folder.write('colours/model.json', JSON.stringify(model));
  const source = `${folder.path}/colours`;
  const imported = await importBase({ store, source, output: 'same', pooling: 'average', now: new Date() });
  if (!imported.ok) throw new Error(imported.error);
  return imported.value.manifest.digest;
}

beforeAll(async () => {
  store = createMemoryStore();
  base = await importAverage();
  const shards: ShardRef[] = [];
  let next = 0;
  for (const length of SHARDS) {
    const examples = [];
    for (let i = 0; i < length; i++, next++) {
      const input = await storeInput(store, 'm', new Float32Array(SIZE * SIZE * 3).fill(100 + next));
      examples.push({ id: `e-${next}`, at: next, label: next % 2, input });
    }
    shards.push(await saveShard(store, 'm', examples));
  }
  snapshot = { windows: [{ shards }] } as unknown as Snapshot;
  const wasm = await loadWasmModule();
  shell = {
    wasm,
    kernels: await loadKernelModule(),
    runtime: createRuntime(wasm),
    now: () => new Date(),
    stopwatch,
    onProgress: () => {},
    run: { id: 'r', model: 'm' } as RunContext['run'],
  };
  const extraction = extractHere(contextOf(null));
  for (const shard of shards) await storeFeatures(contextOf(null), shard, extraction);
});

const BRIGHTER = { brightness: 0.2, copies: 3 };

async function learnFrom(ctx: RunContext) {
  const train = await readExamples(ctx, snapshot, SPLIT.train);
  return addCopies(ctx, ctx.spec.training, snapshot, SPLIT, train);
}

const planOf = ({ spec }: RunContext, split = SPLIT) => planCopies(spec, spec.training, snapshot, split);

describe('augmented copies of a model with a base', () => {
  test('stand behind the originals, with their labels, and are what the base sees of the changed pictures', async () => {
    const ctx = contextOf(BRIGHTER, await copyOf(store));
    const { ids, labels, values, size } = await learnFrom(ctx);
    const wanted = SPLIT.train.map((at) => `e-${at}`);
    expect(ids).toEqual([...wanted, ...wanted, ...wanted, ...wanted]);
    expect([...labels]).toEqual([0, 1, 2, 3].flatMap(() => SPLIT.train.map((at) => at % 2)));
    for (let copy = 0; copy <= 3; copy++) {
      for (const [i, at] of SPLIT.train.entries()) {
        const { brightness } = drawCopy(
          { ...BRIGHTER, mixup: 0 },
          { height: SIZE, width: SIZE },
          { seed: 7, example: `e-${at}`, copy },
        );
        const expected = 100 + at + (copy === 0 ? 0 : Math.round(255 * brightness));
        expect(Math.abs((values[(copy * 5 + i) * size] ?? 0) - expected)).toBeLessThanOrEqual(1);
      }
    }
    const told = new Set(values.map(Math.round));
    expect(told.size).toBeGreaterThan(15);
  });

  test('are made of training examples only', () => {
    const parts = planOf(contextOf(BRIGHTER));
    expect(parts.map(({ copy, indices }) => [copy, indices])).toEqual(
      [1, 2, 3].flatMap((copy) => [
        [copy, [0, 2, 3]],
        [copy, [0, 3]],
      ]),
    );
    expect(planOf(contextOf(BRIGHTER), { train: [6] })).toHaveLength(3);
  });

  test('are none without augmentation, and for mixup alone, which needs no copies', async () => {
    expect(planOf(contextOf(null))).toEqual([]);
    expect(planOf(contextOf({ mixup: 0.2 }))).toEqual([]);
    const train = await readExamples(contextOf(null), snapshot, SPLIT.train);
    expect(await learnFrom(contextOf(null))).toEqual(train);
  });

  test('are computed once: a repeated run computes none, and one that draws more only those', async () => {
    const ctx = contextOf(BRIGHTER, await copyOf(store));
    const counts = async (split: { train: number[] }) => {
      const computed = [];
      for (const part of planOf(ctx, split)) {
        computed.push((await storeCopies(ctx, part, extractHere(ctx))).computed);
      }
      return computed;
    };
    expect(await counts(SPLIT)).toEqual([3, 2, 3, 2, 3, 2]);
    const before = await learnFrom(ctx);
    expect(await counts(SPLIT)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await counts({ train: [0, 1, 2, 8] })).toEqual([1, 0, 1, 0, 1, 0]);
    expect(await learnFrom(ctx)).toEqual(before);
  });

  test('are the same in whatever order and company they are computed', async () => {
    const [one, other] = [contextOf(BRIGHTER, await copyOf(store)), contextOf(BRIGHTER, await copyOf(store))];
    for (const train of [[8], [3], [0, 2], [5, 8]]) {
      for (const part of planOf(other, { train }).toReversed())
        await storeCopies(other, part, extractHere(other));
    }
    expect(await learnFrom(other)).toEqual(await learnFrom(one));
  });

  test('are others for another seed or range, and the first ones stay when there are to be more', async () => {
    const shared = await copyOf(store);
    const keysOf = async () => new Set(await shared.list('models/m/copies/'));
    await learnFrom(contextOf({ ...BRIGHTER, copies: 1 }, shared));
    const first = await keysOf();
    expect(first.size).toBe(2);
    await learnFrom(contextOf({ ...BRIGHTER, copies: 2 }, shared));
    const second = await keysOf();
    expect(second.size).toBe(4);
    expect([...first].every((key) => second.has(key))).toBe(true);
    await learnFrom(contextOf({ brightness: 0.3, copies: 1 }, shared));
    expect((await keysOf()).size).toBe(6);
    await learnFrom(contextOf({ brightness: 0.3, copies: 1, rotation: 0 }, shared));
    expect((await keysOf()).size).toBe(6);
  });

  test('that are damaged fail the run by the key to delete', async () => {
    const shared = await copyOf(store);
    const ctx = contextOf(BRIGHTER, shared);
    await learnFrom(ctx);
    const key = (await shared.list(keys.copies('m', base, '', '', 1).replace('/-1', '')))[0] ?? '';
    const bytes = (await shared.get(key))?.bytes ?? new Uint8Array();
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await shared.put(key, bytes);
    await expect(learnFrom(ctx)).rejects.toThrow(`${key} was truncated or altered; delete it`);
  });

  test('report how far they have come', async () => {
    const ctx = contextOf({ rotation: 5, copies: 1 }, await copyOf(store));
    const told: number[] = [];
    const part = planOf(ctx)[0];
    if (part === undefined) throw new Error('expected a part');
    await storeCopies(ctx, part, extractHere(ctx, { onBatch: async (done) => void told.push(done) }));
    expect(told).toEqual([3]);
  });
});

describe('a run of a model with a base and augmentation', () => {
  const MODEL = 'm';

  async function collect(to: ObjectStore): Promise<void> {
    const events: ExampleEvent[] = [];
    for (let i = 0; i < 240; i++) {
      const label = i % 2;
      const picture = new Float32Array(SIZE * SIZE * 3).fill(90 + 60 * label + (i % 20));
      // A pixel that tells pictures apart: the same content counts as one group.
      picture[0] = i % 256;
      const input = await storeInput(to, MODEL, picture);
      events.push({ kind: 'example', id: `e-${i}`, at: 1_000 * i, label, input });
    }
    await writeEvents(to, MODEL, events, new Date(0));
  }

  test('says how many copies were new, computes none twice, and learns from them', async () => {
    const shared = await copyOf(store);
    const spec = { ...specWith({ brightness: 0.05, copies: 2 }), scheduled: false };
    await createModel(shared, spec);
    await collect(shared);
    const steps: string[] = [];
    const run = async (snapshot?: string) => {
      const options = { store: shared, model: MODEL, by: 'a test', promote: false };
      const done = await runJob({
        ...options,
        ...(snapshot === undefined ? {} : { snapshot }),
        onProgress: ({ step, message }) => void steps.push(`${step}: ${message}`),
      });
      if (!done.ok) throw new Error(done.error.detail);
      return done.value;
    };
    const noteOf = ({ steps }: RunRecord, step: string) => steps.find(({ name }) => name === step)?.note;
    const first = await run();
    expect(first).toMatchObject({ status: 'complete', error: null });
    const trained = Number(/^(\d+) to train on/.exec(noteOf(first, 'split') ?? '')?.[1]);
    expect(noteOf(first, 'augment')).toMatch(
      new RegExp(`^${2 * trained} augmented copies, ${2 * trained} of them new, [\\d.e+]+ a second$`),
    );
    expect(steps.at(-1)).toBeDefined();
    expect(steps.join('\n')).toMatch(
      new RegExp(`augment: ${2 * trained} of ${2 * trained} examples, [\\d,]+ a second`),
    );
    const again = await run(first.snapshot ?? '');
    expect(noteOf(again, 'augment')).toBe(`${2 * trained} augmented copies, 0 of them new`);
    const recordOf = ({ id }: RunRecord) => loadTrainingRecord({ store: shared, run: { id, model: MODEL } });
    const [one, other] = [await recordOf(first), await recordOf(again)];
    expect(other.digest).toBe(one.digest);
    expect(one.examples).toBe(trained);
    await replaceSpecTraining(shared, { augmentation: null });
    const plain = await run(first.snapshot ?? '');
    expect(noteOf(plain, 'augment')).toBeUndefined();
    expect((await recordOf(plain)).digest).not.toBe(one.digest);
  });

  async function replaceSpecTraining(to: ObjectStore, changes: object): Promise<void> {
    const loaded = await loadSpec(to, MODEL);
    if (!loaded.ok) throw new Error(loaded.error.detail);
    const { spec } = loaded.value;
    const training = { ...spec.training, ...changes };
    const replaced = await replaceSpec(to, loaded.value, specSchema.parse({ ...spec, training }));
    if (!replaced.ok) throw new Error(replaced.error.detail);
  }
});
