/**
 * A window of several shards, answered shard by shard, beside the same window answered in one piece.
 */
import { beforeAll, expect, test } from 'vitest';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { runJob } from '../../../../trainer/node/job.ts';
import { createNodeHost } from '../../../../trainer/node/node-host.ts';
import { predict, argmaxRows, openProgram } from '../../../../trainer/pipeline/features/judged-model.ts';
import { loadCandidate } from '../../../../trainer/run/candidate-files.ts';
import type { RunContext } from '../../../../trainer/run/context.ts';
import { loadEvidence } from '../../../../trainer/pipeline/judge/evidence-file.ts';
import { readExamples } from '../../../../trainer/pipeline/features/features.ts';
import { loadTrainingRecord } from '../../../../trainer/pipeline/fine-tune/fine-tune.ts';
import { openRun } from '../../../../trainer/run/record.ts';
import { loadSnapshot, shardsOf, type Snapshot } from '../../../../trainer/pipeline/data/snapshot-file.ts';
import { loadSplit } from '../../../../trainer/pipeline/data/split.ts';
import { createBlobModel } from '../../../support/tabular-model.ts';

const store = createMemoryStore();
let ctx: RunContext;
let snapshot: Snapshot;

beforeAll(async () => {
  const night = { n: 3_500, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
  await createBlobModel(store, 'blobs', night, { window: { examples: 10_000, keep: 12 } });
  const run = await runJob({ store, model: 'blobs', by: 'a test', promote: false });
  if (!run.ok) throw new Error(run.error.detail);
  ctx = await openRun(await createNodeHost({ store, threads: 1 }), 'blobs', run.value.id);
  snapshot = await loadSnapshot(store, 'blobs', run.value.snapshot as string);
});

test('says of every example what a single piece says, in the same order', async () => {
  expect(snapshot.windows).toHaveLength(1);
  expect(shardsOf(snapshot).length).toBeGreaterThan(2);
  const [window] = (await loadEvidence(ctx)).windows;
  const { holdout } = await loadSplit(ctx);
  const whole = await readExamples(ctx, snapshot, holdout.flat());
  const { constants } = await loadTrainingRecord(ctx);
  const candidate = { program: openProgram(ctx.runtime, await loadCandidate(ctx)), constants, base: null };
  const outputs = await predict(ctx, candidate, whole);
  expect(window?.exampleIds).toEqual(whole.ids);
  expect(window).toMatchObject({
    labels: Int32Array.from(whole.labels),
    candidate: argmaxRows(outputs, whole.ids.length),
    candidateProbabilities: outputs,
  });
});
