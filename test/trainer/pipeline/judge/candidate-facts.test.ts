/**
 * The facts about a candidate's files, of a run that truly was, and of files in which one fault was planted.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { loadCandidate, type VersionFiles } from '../../../../trainer/run/candidate-files.ts';
import { runJob } from '../../../../trainer/node/job.ts';
import { createNodeHost } from '../../../../trainer/node/node-host.ts';
import type { RunContext } from '../../../../trainer/run/context.ts';
import { loadSnapshot } from '../../../../trainer/pipeline/data/snapshot-file.ts';
import { loadSplit } from '../../../../trainer/pipeline/data/split.ts';
import { openProgram } from '../../../../trainer/pipeline/features/judged-model.ts';
import { type Examples, readExamples } from '../../../../trainer/pipeline/features/features.ts';
import { loadTrainingRecord } from '../../../../trainer/pipeline/fine-tune/fine-tune.ts';
import { examineCandidate } from '../../../../trainer/pipeline/judge/candidate-facts.ts';
import { openRun } from '../../../../trainer/run/record.ts';
import { createBlobModel } from '../../../support/tabular-model.ts';

const store = createMemoryStore();
let ctx: RunContext;
let files: VersionFiles;
let examples: Examples;

beforeAll(async () => {
  await createBlobModel(store, 'blobs', { n: 600, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') });
  const run = await runJob({ store, model: 'blobs', by: 'a test', promote: false });
  if (!run.ok) throw new Error(run.error.detail);
  ctx = await openRun(await createNodeHost({ store, threads: 1 }), 'blobs', run.value.id);
  const snapshot = await loadSnapshot(store, 'blobs', run.value.snapshot as string);
  files = await loadCandidate(ctx);
  examples = await readExamples(ctx, snapshot, (await loadSplit(ctx)).holdout.flat());
});

async function examine(given: VersionFiles, on: Examples = examples) {
  const { constants } = await loadTrainingRecord(ctx);
  const candidate = { program: openProgram(ctx.runtime, given), constants, base: null };
  try {
    return await examineCandidate(ctx, given, candidate, 100, on);
  } finally {
    candidate.program.dispose();
  }
}

/** The last of the stored weights, which is a bias of the last layer, moved. */
function moveLast(bytes: Uint8Array, by: number): Uint8Array<ArrayBuffer> {
  const moved = Uint8Array.from(bytes);
  const view = new DataView(moved.buffer);
  const at = Math.floor(moved.length / 4) * 4 - 4;
  view.setFloat32(at, view.getFloat32(at, true) + by, true);
  return moved;
}

test('what was written answers alike in every form', async () => {
  expect(await examine(files)).toMatchObject({ finite: true, reproduces: true, exportAgrees: true });
});

describe('both forms are run: a fault is noticed', () => {
  test('in the exported weights, which compiled anew answer otherwise', async () => {
    const facts = await examine({ ...files, 'weights.bin': moveLast(files['weights.bin'], 0.5) });
    expect(facts).toMatchObject({ reproduces: false, exportAgrees: false });
  });

  test('in the exported weights, smaller than the tolerance of the export', async () => {
    const facts = await examine({ ...files, 'weights.bin': moveLast(files['weights.bin'], 2e-6) });
    expect(facts).toMatchObject({ reproduces: false, exportAgrees: true });
  });

  test('in the edge plan, whose weights are all the same bytes', async () => {
    const plan = new TextDecoder().decode(files['edge.json']);
    const otherwise = plan.replace('"softmax"', '"sigmoid"');
    expect(otherwise).not.toBe(plan);
    const facts = await examine({ ...files, 'edge.json': new TextEncoder().encode(otherwise) });
    expect(facts).toMatchObject({ reproduces: false, exportAgrees: false });
  });

  test('in a weight that is no number', async () => {
    const facts = await examine({ ...files, 'weights.bin': moveLast(files['weights.bin'], Number.NaN) });
    expect(facts).toMatchObject({ finite: false, reproduces: false, exportAgrees: false });
  });

  test('where no example was held out to run them on', async () => {
    const facts = await examine(files, { ...examples, ids: [], labels: new Float64Array(0) });
    expect(facts).toMatchObject({ reproduces: false, exportAgrees: false });
  });
});
