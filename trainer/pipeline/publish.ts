/**
 * Step 7: the candidate becomes a version, whatever the verdict: a refused one can be looked at, exported and, by a
 * person with a reason, promoted all the same.
 */
import type { Verdict } from '../../shared/continuity/gate.ts';
import { meanAbsoluteError, rootMeanSquareError, rSquared } from '../../shared/continuity/errors.ts';
import { isRegression } from '../../shared/continuity/evidence.ts';
import { accuracy } from '../../shared/continuity/metrics.ts';
import { sha256Hex } from '../../shared/digest.ts';
import type { Manifest } from '../../shared/registry/manifest.ts';
import { claimVersion, publishVersion } from '../../shared/registry/versions.ts';
import { candidateDigest, loadCandidate, type VersionFiles } from './candidate-files.ts';
import { type RunContext, RunFailure } from './context.ts';
import { loadEvidence } from './evidence-file.ts';
import { loadTrainingRecord } from './fine-tune.ts';
import type { Snapshot } from './snapshot-file.ts';

export async function publish(
  ctx: RunContext,
  snapshot: Pick<Snapshot, 'id'>,
  verdict: Verdict,
): Promise<Manifest> {
  const { run, spec, store, unfrozen } = ctx;
  const training = await loadTrainingRecord(ctx);
  const files = await loadCandidate(ctx);
  await checkJudged(ctx, files);
  const manifest: Manifest = {
    format: 'holdfast-version/1',
    model: run.model,
    version: await claimVersion(store, run.model, run.id),
    // The run's start, not the clock: publishing again after a crash writes the same bytes.
    createdAt: run.startedAt,
    run: run.id,
    parent: training.parent,
    base: spec.base,
    ...(unfrozen && { unfrozen: { base: unfrozen.base, from: unfrozen.from } }),
    snapshot: snapshot.id,
    specDigest: run.specDigest,
    seed: training.seed,
    ...(spec.task === 'classification' ? { labels: spec.labels } : { labels: [], target: spec.target }),
    constants: training.constants,
    files: describeFiles(files),
    metrics: await collectMetrics(ctx),
    verdict: verdict.verdict,
    ...(ctx.first !== undefined && { attempt: 2 }),
    reasons: [verdict.summary, ...verdict.reasons],
  };
  await publishVersion(store, manifest, files);
  return manifest;
}

/** What is published is what was judged: a fine-tune step that outlived its timeout may have written again. */
async function checkJudged(ctx: RunContext, files: VersionFiles): Promise<void> {
  const { candidate } = await loadEvidence(ctx);
  const digest = candidateDigest(files);
  if (digest !== candidate.digest) {
    throw new RunFailure(`the candidate changed after it was judged: ${candidate.digest} became ${digest}`);
  }
}

function describeFiles(files: VersionFiles): Manifest['files'] {
  const describe = (bytes: Uint8Array) => ({ sha256: sha256Hex(bytes), bytes: bytes.byteLength });
  return {
    'model.json': describe(files['model.json']),
    'weights.bin': describe(files['weights.bin']),
    'edge.json': describe(files['edge.json']),
    'edge.bin': describe(files['edge.bin']),
  };
}

/** Held-out accuracy by window, or errors and R², for the list of versions. */
async function collectMetrics(ctx: RunContext): Promise<Record<string, number>> {
  const evidence = await loadEvidence(ctx);
  const metrics = isRegression(evidence)
    ? evidence.windows.flatMap(({ id, targets, candidate }) => [
        [`mae ${id}`, meanAbsoluteError(targets, candidate)],
        [`rmse ${id}`, rootMeanSquareError(targets, candidate)],
        [`r2 ${id}`, rSquared(targets, candidate)],
      ])
    : evidence.windows.map(({ id, labels, candidate }) => [`accuracy ${id}`, accuracy(labels, candidate)]);
  return Object.fromEntries(metrics) as Record<string, number>;
}
