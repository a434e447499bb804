/**
 * A run that tries twice, in whatever runtime: both candidates in the same digests.
 */
import { expect, test } from 'vitest';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import type { WasmModules } from '../../../shared/model/run/wasm-modules.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { RunContext } from '../../../trainer/run/context.ts';
import { loadTrainingRecord } from '../../../trainer/pipeline/fine-tune/fine-tune.ts';
import { runPipeline } from '../../../trainer/pipeline/pipeline.ts';
import { startRun } from '../../../trainer/run/start.ts';
import { createBlobModel } from '../../support/tabular-model.ts';
import { AFTER, HISTORY, MODEL, nightEvents, retriedSpec, retryOf } from './retry-night.ts';

/** Of both candidates' edge.bin, on every machine. */
const DIGESTS = [
  '8b62c767c239f4642580cbc30212bd1aaae17305647768997916ac01adeec5ee',
  'd3a6d5c67dbc2f54376ab61fa380381202425bf1edd9872bf4db6de2ebfbe9f7',
];

export function describeRetrying(
  runtime: string,
  load: () => Promise<{ readonly wasm: WasmModules; readonly kernels: WebAssembly.Module }>,
): void {
  test(`in ${runtime}, a run that tries twice trains the candidates that it trains everywhere`, async () => {
    const store = createMemoryStore();
    const { wasm, kernels } = await load();
    const retrain = async (fromMs: number): Promise<RunRecord> => {
      const now = new Date(fromMs);
      const started = await startRun(store, MODEL, { trigger: 'cron', by: 'a test', now, suffix: '' });
      if (!started.ok) throw new Error(started.error.detail);
      const host = {
        store,
        wasm,
        kernels,
        runtime: createRuntime(wasm),
        now: () => now,
        stopwatch: async (work: () => void) => (work(), 1),
        onProgress: () => {},
      };
      return runPipeline(host, MODEL, started.value.id, { do: (_, body) => body() });
    };
    await createBlobModel(store, MODEL, HISTORY, retriedSpec({ strength: 8 }));
    await retrain(AFTER);
    await writeEvents(store, MODEL, nightEvents(), new Date(AFTER));
    const run = await retrain(AFTER + 36_000_000);
    expect(run).toMatchObject({ status: 'complete', promoted: true, candidate: 2 });
    const first = { store, run } as unknown as RunContext;
    const records = await Promise.all([first, retryOf(first)].map(loadTrainingRecord));
    expect(records.map(({ digest }) => digest)).toEqual(DIGESTS);
  });
}
