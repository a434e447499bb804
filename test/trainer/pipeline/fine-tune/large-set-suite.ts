/**
 * A training set of more than one pack as packs really are, in whatever runtime: pictures without a base, left and
 * taken up by a clock that runs fast.
 */
import { expect, test } from 'vitest';
import { writeEvents } from '../../../../shared/events/inbox.ts';
import { storeInput } from '../../../../shared/events/stored-input.ts';
import { createModel } from '../../../../shared/model/spec/load-spec.ts';
import { createRuntime } from '../../../../shared/model/run/runtime.ts';
import { specSchema } from '../../../../shared/model/spec/spec.ts';
import type { WasmModules } from '../../../../shared/model/run/wasm-modules.ts';
import { createRandom } from '../../../../shared/random.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { openRun } from '../../../../trainer/run/record.ts';
import { makeSnapshot } from '../../../../trainer/pipeline/data/snapshot.ts';
import { makeSplit } from '../../../../trainer/pipeline/data/split.ts';
import { startRun } from '../../../../trainer/run/start.ts';
import { followTraining } from '../../../../trainer/pipeline/fine-tune/training-steps.ts';
import { loadPlan } from '../../../../trainer/pipeline/fine-tune/dataset-plan.ts';

const MODEL = 'skies';
const START = new Date('2026-11-01T00:00:00Z');
const SIDE = 32;
const PICTURES = 1_100;

/** On every machine and in every runtime. */
const DIGEST = 'dc822dbd476e11ea8f03986f77810f59a45e9d22b9205320c152295cae786afe';

export function testLargeSet(
  runtime: string,
  load: () => Promise<{ readonly wasm: WasmModules; readonly kernels: WebAssembly.Module }>,
): void {
  test(`in ${runtime}, a set of several packs ends in the same candidate, in one step or in many`, async () => {
    const { wasm, kernels } = await load();
    const store = createMemoryStore();
    const spec = specSchema.parse({
      format: 'holdfast-spec/1',
      name: MODEL,
      task: 'classification',
      salt: 'ab'.repeat(32),
      labels: ['dark', 'light'],
      input: { kind: 'image', height: SIDE, width: SIDE, channels: 3 },
      head: [{ units: 4 }],
      training: { epochs: 2 },
      holdout: { fraction: 0.2 },
    });
    await createModel(store, spec);
    const random = createRandom(1);
    const events = [];
    for (let i = 0; i < PICTURES; i++) {
      const label = i % 2;
      const raw = Float32Array.from({ length: SIDE * SIDE * 3 }, () => random.below(200) + 50 * label);
      const input = await storeInput(store, MODEL, raw);
      events.push({ kind: 'example' as const, id: `picture-${i}`, at: START.getTime() + i, input, label });
    }
    await writeEvents(store, MODEL, events, START);
    let nowMs = START.getTime() + 86_400_000;
    let tickMs = 0;
    const started = await startRun(store, MODEL, {
      trigger: 'cron',
      by: 'a test',
      now: new Date(nowMs),
      suffix: '',
    });
    if (!started.ok) throw new Error(started.error.detail);
    const host = {
      store,
      wasm,
      kernels,
      runtime: createRuntime(wasm),
      now: () => new Date((nowMs += tickMs)),
      stopwatch: async (work: () => void) => (work(), 1),
      onProgress: () => {},
    };
    const ctx = await openRun(host, MODEL, started.value.id);
    const snapshot = await makeSnapshot(ctx);
    await makeSplit(ctx, snapshot, []);
    const steps: string[] = [];
    const train = () =>
      followTraining(
        ctx,
        {
          do: async (name, body) => {
            const result = await body();
            steps.push(name);
            if (name === 'fine-tune set 1') expect((await loadPlan(ctx)).train).toHaveLength(2);
            return result;
          },
        },
        snapshot,
      );
    expect((await train()).digest).toBe(DIGEST);
    expect(steps).toEqual(['fine-tune set 1', 'fine-tune 1', 'fine-tune']);
    tickMs = 3_000;
    expect((await train()).digest).toBe(DIGEST);
    expect(steps.length).toBeGreaterThan(8);
  }, 180_000);
}
