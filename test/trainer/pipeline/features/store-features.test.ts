/**
 * A base that averages the colours of a picture: its features are known without computing them.
 */
import { expect, test } from 'vitest';
import { storeInput } from '../../../../shared/events/stored-input.ts';
import { createRuntime } from '../../../../shared/model/run/runtime.ts';
import { specSchema } from '../../../../shared/model/spec/spec.ts';
import { loadKernelModule } from '../../../../trainer/kernels/kernels-node.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { importBase } from '../../../../trainer/model-import/base-import.ts';
import type { RunContext } from '../../../../trainer/run/context.ts';
import { readExamples } from '../../../../trainer/pipeline/features/features.ts';
import { storeFeatures } from '../../../../trainer/pipeline/features/store-features.ts';
import { saveShard, type Snapshot } from '../../../../trainer/pipeline/data/snapshot-file.ts';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { extractHere, stopwatch } from './extract-here.ts';

const folder = useTempFolder();
const SIZE = 224;
const PICTURES = 12;

async function importAverage(store: ObjectStore): Promise<string> {
  const layer = {
    pool_size: [1, 1],
    strides: [1, 1],
    padding: 'valid',
    batch_input_shape: [null, SIZE, SIZE, 3],
  };
  const layers = [{ class_name: 'MaxPooling2D', config: { name: 'same', ...layer } }];
  const modelTopology = { class_name: 'Sequential', config: { name: 'colours', layers } };
  const model = { format: 'layers-model', modelTopology, weightsManifest: [] };
  await folder.write('colours/model.json', JSON.stringify(model));
  const source = `${folder.path}/colours`;
  const base = await importBase({ store, source, output: 'same', pooling: 'average', now: new Date() });
  if (!base.ok) throw new Error(base.error);
  return base.value.manifest.digest;
}

test('features of large pictures are computed a few at a time, and lie where their examples do', async () => {
  const store = createMemoryStore();
  const input = { kind: 'image', height: SIZE, width: SIZE, channels: 3, scale: 1 } as const;
  const base = await importAverage(store);
  const spec = specSchema.parse({
    format: 'holdfast-spec/1',
    name: 'm',
    task: 'classification',
    salt: 'ab'.repeat(32),
    labels: ['dark', 'light'],
    input,
    base,
  });
  const examples = [];
  for (let i = 0; i < PICTURES; i++) {
    const picture = await storeInput(store, 'm', new Float32Array(SIZE * SIZE * 3).fill(i));
    examples.push({ id: `e-${i}`, at: i, label: i % 2, input: picture });
  }
  const shard = await saveShard(store, 'm', examples);

  let open = 0;
  let most = 0;
  const get: ObjectStore['get'] = async (key) => {
    if (!key.startsWith(keys.input('m', ''))) return store.get(key);
    most = Math.max(most, (open += 1));
    return store.get(key);
  };
  const run = { id: 'r', model: 'm' } as RunContext['run'];
  const wasm = await loadWasmModule();
  const shell = {
    wasm,
    kernels: await loadKernelModule(),
    runtime: createRuntime(wasm),
    now: () => new Date(),
    stopwatch,
    onProgress: () => {},
  };
  const ctx: RunContext = { ...shell, store: { ...store, get }, run, spec, base: spec.base };
  const told: number[] = [];
  const onBlock = async (done: number): Promise<void> => {
    open = 0;
    told.push(done);
  };
  const extraction = extractHere(ctx, { onBatch: onBlock });
  expect(await storeFeatures(ctx, shard, extraction)).toEqual({ computed: 12, left: 0 });
  expect(most).toBe(7);
  expect(told).toEqual([7, 12]);
  expect(await storeFeatures(ctx, shard, extraction)).toEqual({ computed: 0, left: 0 });

  const snapshot = { windows: [{ shards: [shard] }] } as unknown as Snapshot;
  const read = await readExamples(ctx, snapshot, [0, 7, 11]);
  expect(read).toMatchObject({ ids: ['e-0', 'e-7', 'e-11'], size: 3 });
  expect([...read.labels]).toEqual([0, 1, 1]);
  for (const [i, value] of [0, 0, 0, 7, 7, 7, 11, 11, 11].entries()) {
    expect(read.values[i]).toBeCloseTo(value, 3);
  }
});
