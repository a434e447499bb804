/**
 * Sets in small packs where more than a head on features is trained: two phases on the end of a base, augmented copies,
 * a champion that reads another base and teaches.
 */
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { writeEvents } from '../../../../shared/events/inbox.ts';
import { loadSpec, replaceSpec } from '../../../../shared/model/spec/load-spec.ts';
import { specSchema } from '../../../../shared/model/spec/spec.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import type { RunRecord } from '../../../../shared/registry/jobs/runs.ts';
import { runJob } from '../../../../trainer/node/job.ts';
import { loadTrainingRecord } from '../../../../trainer/pipeline/fine-tune/fine-tune.ts';
import { importBarBase } from '../../../support/bar-base.ts';
import { barEvents, createBarModel } from '../../../support/image-model.ts';

vi.mock('../../../../trainer/pipeline/fine-tune/pack-numbers.ts', () => ({ PACK_NUMBERS: 20_000 }));

const MODEL = 'bars';
const HISTORY = { n: 2_000, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
const LATER_MS = HISTORY.fromMs + 86_400_000;
/** Nothing is compared over splits: this is about the training. */
const GATE = { edge: { latencyRatio: 100 }, splits: { count: 0 } };
const TRAINING = { epochs: 4, learningRate: 0.01 };

describe('the end of a base, on augmented copies, in packs', () => {
  const objects = createMemoryStore();
  const written = new Set<string>();
  const store = {
    ...objects,
    put: (...args: Parameters<typeof objects.put>) => {
      written.add(args[0].split('/').at(-1) ?? '');
      return objects.put(...args);
    },
  };
  let night: RunRecord;

  async function retrain(options: object): Promise<RunRecord> {
    const run = await runJob({ store, model: MODEL, by: 'a test', promote: true, threads: 1, ...options });
    if (!run.ok) throw new Error(run.error.detail);
    return run.value;
  }
  const recordOf = (run: RunRecord) => loadTrainingRecord({ store, run });

  beforeAll(async () => {
    const base = (await importBarBase(store)).digest;
    const head = [{ units: 8 }];
    await createBarModel(store, MODEL, HISTORY, { base, head, training: TRAINING, gate: GATE });
    expect(await retrain({})).toMatchObject({ error: null, promoted: true });
    const seen = await loadSpec(store, MODEL);
    if (!seen.ok) throw new Error(seen.error.detail);
    const unfreeze = { from: 'top', epochs: 2, rateFactor: 0.3 };
    const augmentation = { copies: 1, brightness: 0.1 };
    const training = { ...TRAINING, start: 'fresh', unfreeze, augmentation };
    await replaceSpec(store, seen.value, specSchema.parse({ ...seen.value.spec, training }));
    const events = barEvents({ n: 800, seed: 11, fromMs: LATER_MS, noise: 100 });
    await writeEvents(store, MODEL, events, new Date(LATER_MS));
    written.clear();
    night = await retrain({ promote: false });
  });

  test('are trained in both phases, with copies and a teacher that reads the whole base', async () => {
    expect(night).toMatchObject({ error: null, status: 'complete' });
    const { epochs, parent } = await recordOf(night);
    expect(parent).toBeNull();
    expect(epochs).toHaveLength(6);
    expect(epochs.at(-1)?.validationAccuracy).toBeGreaterThan(0.6);
    for (const file of ['pack-2', 'pack-2-shown', 'scattered-2', 'watched-0-0', 'watched-0-0-shown'])
      expect([...written], file).toContain(file);
  });

  test('end in the same bits in steps of a moment', async () => {
    const again = await retrain({
      promote: false,
      snapshot: night.snapshot,
      stepCpuSeconds: 0.05,
    });
    expect(again).toMatchObject({ error: null, status: 'complete' });
    expect((await recordOf(again)).digest).toBe((await recordOf(night)).digest);
    const steps = await store.list(keys.run(MODEL, again.id, 'steps/fine-tune-'));
    expect(steps.length).toBeGreaterThan(6);
    expect(await store.list(keys.run(MODEL, again.id, 'training/'))).toEqual([]);
  });
});
