/**
 * What a night is measured on: pictures of 8x8 whose class is the pattern behind their noise, a base that makes 1,280
 * features of them, and the head 1280-1024-10.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeEvents } from '../../../shared/events/inbox.ts';
import type { ExampleEvent } from '../../../shared/events/schema.ts';
import { storeInline } from '../../../shared/events/stored-input.ts';
import { createModel } from '../../../shared/model/spec/load-spec.ts';
import { specSchema } from '../../../shared/model/spec/spec.ts';
import { inputLayer, toLayersModel } from '../../../trainer/model/trunk.ts';
import { createRandom } from '../../../shared/random.ts';
import { encodeJson } from '../../../shared/registry/store/json.ts';
import { promote } from '../../../shared/registry/champion/promotion.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { importBase } from '../../../trainer/model-import/base-import.ts';
import { runJob } from '../../../trainer/node/job.ts';

const SIDE = 8;
const CLASSES = 10;
const FEATURES = 1_280;
/** As an import writes them. */
const BATCH_EVENTS = 2_000;
/** Of a hundred examples 20 are held out, and a tenth of the others watch the training. */
const TRAINED_SHARE = 0.72;
const DAY_MS = 86_400_000;

export interface NightSize {
  /** Training examples that are new, and that are replayed. */
  readonly fresh: number;
  readonly replayed: number;
  readonly epochs: number;
}

export const FULL_NIGHT: NightSize = { fresh: 10_000, replayed: 30_000, epochs: 10 };
export const QUICK_NIGHT: NightSize = { fresh: 500, replayed: 1_500, epochs: 4 };

/**
 * A model whose champion was trained on a few examples of a long history; the rest of that history, and a night's new
 * examples, are in its log when this returns.
 */
export async function prepareNight(store: ObjectStore, model: string, size: NightSize): Promise<void> {
  const { fresh, replayed, epochs } = size;
  const startMs = Date.now() - 40 * DAY_MS;
  const night = await createNightModel(store, model, epochs, fresh + replayed);
  // Seldom at first, over the whole time: what is imported between them later lies in windows that are closed by then.
  const few = Math.max(900, Math.round(replayed / 30));
  await night.write({ n: few, seed: 1, fromMs: startMs, toMs: startMs + 30 * DAY_MS });
  await trainChampion(store, model);
  // A tenth more than are drawn: whoever is held out is decided by chance.
  const past = Math.round((replayed * 1.1) / TRAINED_SHARE) - few;
  await night.write({ n: past, seed: 2, fromMs: startMs + 1, toMs: startMs + 30 * DAY_MS - 1 });
  const now = Date.now();
  await night.write({
    n: Math.round(fresh / TRAINED_SHARE),
    seed: 3,
    fromMs: now - DAY_MS,
    toMs: now - 1_000,
  });
}

/** A first version, promoted by hand: there is too little yet for a gate to be sure. */
export async function trainChampion(store: ObjectStore, model: string): Promise<void> {
  const ended = await runJob({ store, model, by: 'bench', promote: false });
  if (!ended.ok) throw new Error(ended.error.detail);
  const { candidate, summary } = ended.value;
  if (candidate === null) throw new Error(`no first version: ${summary}`);
  const request = { by: 'bench', reason: 'the first one', at: new Date(), force: true };
  const moved = await promote(store, model, candidate, request);
  if (!moved.ok) throw new Error(moved.error.detail);
}

export interface Stretch {
  readonly n: number;
  readonly seed: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface NightModel {
  /** Writes labelled examples, evenly spread over a stretch of time. */
  write(stretch: Stretch): Promise<void>;
}

/** @param maxExamples  what a night trains on at most */
export async function createNightModel(
  store: ObjectStore,
  model: string,
  epochs: number,
  maxExamples: number,
): Promise<NightModel> {
  const base = await importWideBase(store);
  const spec = specSchema.parse({
    format: 'holdfast-spec/1',
    name: model,
    task: 'classification',
    input: { kind: 'image', height: SIDE, width: SIDE, channels: 1 },
    labels: Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
    base,
    head: [{ units: 1_024 }],
    training: { epochs, patience: epochs, maxExamples },
    window: { examples: 300 },
    salt: 'ab'.repeat(32),
  });
  await createModel(store, spec);
  const patterns = drawPatterns();
  return {
    async write({ n, seed, fromMs, toMs }) {
      const random = createRandom(seed);
      for (let at = 0; at < n; at += BATCH_EVENTS) {
        const events = Array.from({ length: Math.min(BATCH_EVENTS, n - at) }, (_, i): ExampleEvent => {
          const label = random.below(CLASSES);
          const pattern = patterns[label] as Float32Array;
          const raw = pattern.map((level) => Math.floor(level * 150 + random.uniform() * 105));
          const id = `${seed}-${String(at + i).padStart(6, '0')}`;
          const time = Math.floor(fromMs + ((toMs - fromMs) * (at + i)) / n);
          return { kind: 'example', id, at: time, input: storeInline(raw), label };
        });
        await writeEvents(store, model, events, new Date());
      }
    },
  };
}

function drawPatterns(): Float32Array[] {
  const random = createRandom(7);
  return Array.from({ length: CLASSES }, () =>
    Float32Array.from({ length: SIDE * SIDE }, () => random.uniform()),
  );
}

/** One layer: a filter as large as the picture, which is a dense layer. @returns its digest */
async function importWideBase(store: ObjectStore): Promise<string> {
  const random = createRandom(11);
  const draw = (n: number, size: number) =>
    Float32Array.from({ length: n }, () => (random.uniform() * 2 - 1) * size);
  const input = inputLayer([SIDE, SIDE, 1]);
  const config = { name: 'wide', filters: FEATURES, kernel_size: [SIDE, SIDE], strides: [1, 1] };
  const rest = { padding: 'valid', use_bias: true, activation: 'relu' };
  const layers = [
    input,
    { className: 'Conv2D', name: 'wide', config: { ...config, ...rest }, inputs: [input.name] },
  ];
  const tensors = new Map([
    [
      'wide/kernel',
      { shape: [SIDE, SIDE, 1, FEATURES], data: draw(SIDE * SIDE * FEATURES, Math.sqrt(3 / (SIDE * SIDE))) },
    ],
    ['wide/bias', { shape: [FEATURES], data: draw(FEATURES, 0.1) }],
  ]);
  const { modelJson, weights } = toLayersModel({ layers, tensors, output: 'wide' });
  const folder = await mkdtemp(path.join(tmpdir(), 'holdfast-night-'));
  try {
    await writeFile(path.join(folder, 'model.json'), encodeJson(modelJson));
    await writeFile(path.join(folder, 'weights.bin'), weights);
    const now = new Date('2026-11-01T00:00:00Z');
    const imported = await importBase({ store, source: folder, output: null, pooling: 'auto', now });
    if (!imported.ok) throw new Error(imported.error);
    return imported.value.manifest.digest;
  } finally {
    await rm(folder, { recursive: true });
  }
}
