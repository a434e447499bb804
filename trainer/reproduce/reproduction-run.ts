/**
 * A version trained again, as durable steps: check what it was trained on, split, features, augmented copies, training,
 * the held-out answers, and the comparison. The steps are the retraining run's own. They work in a scratch of their
 * own, in which everything can be read and nothing is changed; the scratch goes when the comparison is kept.
 */
import { putJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { claimJob, createJobId, endJob, type JobError } from '../../shared/registry/jobs/jobs.ts';
import {
  type Outcome,
  type Reproduction,
  reproductionJob,
} from '../../shared/registry/jobs/reproductions.ts';
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import { createScratchStore } from './scratch-store.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import type { Result } from '../../shared/result.ts';
import type { ReproductionRequest } from '../../shared/trainer-service.ts';
import { loadCandidate, type VersionFiles } from '../run/candidate-files.ts';
import type { RunContext, Host } from '../run/context.ts';
import { ENGINE } from '../pipeline/fine-tune/engine.ts';
import { followJob } from '../run/follow-job.ts';
import { newRun } from '../run/new-run.ts';
import { copiesSteps, featuresSteps } from '../pipeline/pipeline.ts';
import type { StepRunner } from '../run/steps.ts';
import type { Provenance } from '../pipeline/fine-tune/provenance.ts';
import { loadSnapshot, type Snapshot } from '../pipeline/data/snapshot-file.ts';
import { makeSplit } from '../pipeline/data/split.ts';
import { timed } from '../run/steps.ts';
import { followTraining } from '../pipeline/fine-tune/training-steps.ts';
import { applyUnfreeze } from '../pipeline/features/unfreeze.ts';
import { findAltered } from './altered.ts';
import { compareWithVersion } from './compare-with-version.ts';
import { loadOrigin, type TrainingOrigin, type OriginError } from './origin.ts';
import { RunFailure } from '../run-failure.ts';

/** What was asked for, and where it is done. */
export interface ReproductionStart extends Omit<ReproductionRequest, 'resume'> {
  readonly trigger: Reproduction['trigger'];
  /** What trains: `workerd`, `Node 24.21.0 on linux arm64`. */
  readonly place: string;
}

/** Records what was asked for; the error says why the version can't be trained again. */
export async function startReproduction(
  store: ObjectStore,
  model: string,
  request: ReproductionStart,
  { now, suffix }: { readonly now: Date; readonly suffix: string },
): Promise<Result<Reproduction, OriginError | JobError<'reproduction'>>> {
  const origin = await loadOrigin(store, model, request.version);
  if (!origin.ok) return origin;
  const record: Reproduction = {
    format: 'holdfast-reproduction/1',
    id: createJobId(now, request.version, suffix),
    model,
    ...request,
    otherBinaries: findOtherBinaries(origin.value.provenance.engine, ENGINE),
    status: 'running',
    startedAt: now.toISOString(),
    finishedAt: null,
    outcome: null,
    error: null,
  };
  return claimJob(store, reproductionJob, record);
}

type Binaries = Readonly<Record<string, string>>;

/**
 * Binaries whose digest is another here than when the version was trained, or that only one side has; in the order of
 * the record.
 */
export function findOtherBinaries(recorded: Binaries, here: Binaries): Reproduction['otherBinaries'] {
  const files = [...new Set([...Object.keys(recorded), ...Object.keys(here)])];
  return files
    .filter((file) => recorded[file] !== here[file])
    .map((file) => ({ file, recorded: recorded[file] ?? null, here: here[file] ?? null }));
}

/** Given the reproduced files before they go. */
export type OnFiles = (files: VersionFiles) => Promise<void>;

/** Runs (or resumes) a reproduction to its end; one that no repetition can mend is recorded as failed. */
export async function runReproduction(
  host: Host,
  model: string,
  id: string,
  steps: StepRunner,
  onFiles: OnFiles = async () => {},
): Promise<Reproduction> {
  const ended = await followJob(host, reproductionJob, model, id, steps, (record) =>
    followSteps(host, record, steps, onFiles),
  );
  await steps.do('tidy', async () => {
    await removeScratch(host.store, ended);
    return {};
  });
  return ended;
}

async function followSteps(
  host: Host,
  record: Reproduction,
  steps: StepRunner,
  onFiles: OnFiles,
): Promise<void> {
  const origin = await loadOrigin(host.store, record.model, record.version);
  if (!origin.ok) throw new RunFailure(origin.error.detail);
  const { stage, detail } = await steps.do('check', async () => {
    const altered = await findAltered(host.store, origin.value);
    return altered ?? { stage: null, detail: null };
  });
  if (stage !== null) {
    const difference = { stage, detail: detail ?? '' };
    await keep(host, record, steps, { same: false, files: [], metrics: [], difference });
    return;
  }
  const { manifest, provenance } = origin.value;
  const ctx = await openScratch(host, record, origin.value);
  const snapshot = await loadSnapshot(ctx.store, record.model, manifest.snapshot);
  await followRun(ctx, steps, snapshot, provenance);
  const outcome = await compareWithVersion(ctx, host.store, steps, snapshot, origin.value, record);
  await onFiles(await loadCandidate(ctx));
  await keep(host, record, steps, outcome);
}

/** As the version's run went from its snapshot on, up to the candidate's files. */
async function followRun(
  ctx: RunContext,
  steps: StepRunner,
  snapshot: Snapshot,
  { apart, training }: Provenance,
): Promise<void> {
  await timed(ctx, steps)('split', async () => {
    const { train, validation } = await makeSplit(ctx, snapshot, apart ?? []);
    return { note: `${train.length} to train on, ${validation.length} to watch` };
  });
  await featuresSteps(ctx, steps, snapshot);
  await copiesSteps(ctx, steps, snapshot);
  // Of a second attempt another than the spec's: what was drawn and copied is the first's.
  await followTraining({ ...ctx, spec: { ...ctx.spec, training: training.recipe } }, steps, snapshot);
}

/** The version's run once more, under the reproduction's name and in its scratch. */
async function openScratch(
  host: Host,
  record: Reproduction,
  { manifest, provenance }: TrainingOrigin,
): Promise<RunContext> {
  const { model, id } = record;
  const hides = record.recompute
    ? (key: string) => [keys.featuresOf(model), keys.copiesOf(model)].some((kept) => key.startsWith(kept))
    : () => false;
  const store = createScratchStore(host.store, keys.reproductionScratch(model, id), { hides });
  const run: RunRecord = {
    ...newRun({
      id,
      model,
      trigger: record.trigger,
      by: record.by,
      startedAt: record.startedAt,
      cutoffMs: 0,
      specDigest: manifest.specDigest,
      mayPromote: false,
      wantedSnapshot: manifest.snapshot,
      championAtStart: provenance.champion?.version ?? null,
    }),
    snapshot: manifest.snapshot,
  };
  await putJson(store, keys.run(model, id, 'run.json'), run, { absent: true });
  const { spec } = provenance;
  return applyUnfreeze({ ...host, store, run, spec, base: spec.base });
}

async function keep(
  { store, now }: Host,
  record: Reproduction,
  steps: StepRunner,
  outcome: Outcome,
): Promise<void> {
  await steps.do('finish', async () => {
    await endJob(store, reproductionJob, { ...record, status: 'complete', outcome }, now());
    return {};
  });
}

/** Deletes everything that a reproduction wrote, file by file; a second call finds nothing left. */
export async function removeScratch(
  store: ObjectStore,
  { model, id }: Pick<Reproduction, 'model' | 'id'>,
): Promise<void> {
  for (const key of await store.list(keys.reproductionScratch(model, id))) await store.delete(key);
}
