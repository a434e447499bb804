/**
 * The files that came of a training done again beside those of the version, and where the two parted.
 */
import { sha256Hex } from '../../shared/digest.ts';
import { VERSION_FILES, keys } from '../../shared/registry/store/keys.ts';
import type { Manifest } from '../../shared/registry/versions/manifest.ts';
import type { Outcome, Reproduction } from '../../shared/registry/jobs/reproductions.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { loadVersionFile } from '../../shared/registry/versions/versions.ts';
import { predict, argmaxRows, openProgram } from '../pipeline/features/judged-model.ts';
import { loadCandidate, type VersionFiles } from '../run/candidate-files.ts';
import { reportProgress, type RunContext, type RunData, type RunFiles } from '../run/context.ts';
import { openFeatures, readExamples } from '../pipeline/features/features.ts';
import { loadTrainingRecord } from '../pipeline/fine-tune/fine-tune.ts';
import type { StepRunner } from '../run/steps.ts';
import { shardsOf, type Snapshot } from '../pipeline/data/snapshot-file.ts';
import { loadSplit } from '../pipeline/data/split.ts';
import { basesRead } from '../pipeline/features/unfreeze.ts';
import { classMetrics, type Metrics, numberMetrics } from '../pipeline/publish/version-metrics.ts';
import { heldOut } from '../pipeline/judge/window-evidence.ts';
import { compareWeights, type Difference, findCourseDifference, largestDifference } from './differences.ts';
import type { TrainingOrigin } from './origin.ts';

/**
 * @param ctx   the reproduction's, with what its training left there
 * @param kept  the store below its scratch
 */
export async function compareWithVersion(
  ctx: RunContext,
  kept: ObjectStore,
  steps: StepRunner,
  snapshot: Snapshot,
  { manifest, provenance }: TrainingOrigin,
  { recompute }: Pick<Reproduction, 'recompute'>,
): Promise<Outcome> {
  const reproduced = await loadCandidate(ctx);
  const files = VERSION_FILES.map((file) => ({
    file,
    recorded: manifest.files[file].sha256,
    reproduced: sha256Hex(reproduced[file]),
  }));
  const scores = await steps.do('held-out answers', () =>
    scoreWindows(ctx, snapshot, reproduced, provenance.judged === true),
  );
  const metrics = Object.entries(manifest.metrics).map(([name, recorded]) => ({
    name,
    recorded,
    reproduced: scores[name] ?? null,
  }));
  const sameFiles = files.every((file) => file.recorded === file.reproduced);
  const otherMetric = metrics.find((metric) => metric.recorded !== metric.reproduced);
  const difference = sameFiles
    ? otherMetric && {
        stage: 'metrics',
        detail: `${otherMetric.name} was ${otherMetric.recorded} and is ${otherMetric.reproduced}, by the same files`,
      }
    : ((await findSplitDifference(ctx, provenance.split)) ??
      (recompute ? await findFeatureDifference(ctx, kept, snapshot) : null) ??
      findCourseDifference(provenance.training, await loadTrainingRecord(ctx)) ??
      (await findFileDifference(ctx, manifest, reproduced)));
  return { same: difference === undefined, files, metrics, difference: difference ?? null };
}

/** The numbers that the manifest has of the held-out windows, by the reproduced files. */
async function scoreWindows(
  ctx: RunContext,
  snapshot: Snapshot,
  files: VersionFiles,
  ofJudged: boolean,
): Promise<Metrics> {
  const { constants } = await loadTrainingRecord(ctx);
  const program = openProgram(ctx.runtime, files, 'the reproduced edge plan');
  try {
    const judged = { program, constants, base: ctx.base };
    const split = await loadSplit(ctx);
    const windows = heldOut(snapshot, (ofJudged ? split.judged : undefined) ?? split.holdout);
    const all: Record<string, number> = {};
    for (const [i, { window, positions }] of windows.entries()) {
      const examples = await readExamples(ctx, snapshot, positions);
      const { labels } = examples;
      const outputs = await predict(ctx, judged, examples);
      const metrics =
        ctx.spec.task === 'regression'
          ? numberMetrics(window.id, labels, Float64Array.from(outputs))
          : classMetrics(window.id, Int32Array.from(labels), argmaxRows(outputs, labels.length));
      Object.assign(all, metrics);
      await reportProgress(ctx, 'held-out answers', (i + 1) / windows.length, `window ${window.id}`);
    }
    return all;
  } finally {
    program.dispose();
  }
}

async function findSplitDifference({ store, run }: RunFiles, recorded: string): Promise<Difference | null> {
  const split = await store.get(keys.run(run.model, run.id, 'split.json'));
  const digest = split === null ? 'nothing' : sha256Hex(split.bytes);
  if (digest === recorded) return null;
  const detail = `other examples were drawn: split.json had the SHA-256 ${recorded}, and has ${digest}`;
  return { stage: 'split', detail };
}

/** Features that were computed now beside those that are kept, shard by shard. */
async function findFeatureDifference(
  ctx: RunData,
  kept: ObjectStore,
  snapshot: Snapshot,
): Promise<Difference | null> {
  for (const base of await basesRead(ctx)) {
    if (base === null) continue;
    for (const { digest } of shardsOf(snapshot)) {
      const key = keys.features(ctx.run.model, base, digest);
      const [one, other] = [await loadFeatures(kept, key), await loadFeatures(ctx.store, key)];
      if (one === null || other === null) continue;
      const by = one.length === other.length ? largestDifference(one, other) : Number.POSITIVE_INFINITY;
      if (by > 0)
        return { stage: 'features', detail: `${key}: the largest difference is ${by.toPrecision(3)}` };
    }
  }
  return null;
}

/** Null where they are not there, or damaged. */
async function loadFeatures(store: ObjectStore, key: string): Promise<Float32Array | null> {
  const object = await store.get(key);
  return object && openFeatures(object.bytes);
}

async function findFileDifference(
  { store }: RunFiles,
  manifest: Manifest,
  reproduced: VersionFiles,
): Promise<Difference> {
  const recorded: Partial<Record<keyof VersionFiles, Uint8Array>> = {};
  for (const file of ['model.json', 'weights.bin'] as const) {
    const loaded = await loadVersionFile(store, manifest, file);
    if (!loaded.ok) return { stage: 'weights', detail: `not compared: ${loaded.error.detail}` };
    recorded[file] = loaded.value;
  }
  const weights = compareWeights(recorded as VersionFiles, reproduced);
  const detail = 'every weight is the same, and the files that they were written to are not';
  return weights ?? { stage: 'files', detail };
}
