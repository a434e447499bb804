/**
 * Step 7: the candidate becomes a version, whatever the verdict: a refused one can be looked at, exported and, by a
 * person with a reason, promoted all the same.
 */
import { describeFile, describeFiles } from '../../model/file-facts.ts';
import type { Verdict } from '../../../shared/continuity/gate.ts';
import { isRegression } from '../../../shared/continuity/evidence/evidence.ts';
import type { Manifest } from '../../../shared/registry/versions/manifest.ts';
import { encodeJson } from '../../../shared/registry/store/json.ts';
import { claimVersion, publishVersion } from '../../../shared/registry/versions/versions.ts';
import { candidateDigest, loadCandidate, type VersionFiles } from '../../run/candidate-files.ts';
import type { RunContext, RunFiles } from '../../run/context.ts';
import { loadEvidence } from '../judge/evidence-file.ts';
import { loadTrainingRecord } from '../fine-tune/fine-tune.ts';
import { gatherProvenance } from '../fine-tune/provenance.ts';
import type { Snapshot } from '../data/snapshot-file.ts';
import { classMetrics, numberMetrics } from './version-metrics.ts';
import { RunFailure } from '../../run-failure.ts';

/**
 * Writes files, provenance and manifest, the manifest last, under the next number; the same run again gets the same
 * number and writes the same.
 *
 * @returns the manifest that was written
 * @throws RunFailure where the candidate is not the one that was judged
 */
export async function publish(
  ctx: RunContext,
  snapshot: Pick<Snapshot, 'id'>,
  verdict: Verdict,
): Promise<Manifest> {
  const { run, spec, base, store, unfrozen } = ctx;
  const training = await loadTrainingRecord(ctx);
  const files = await loadCandidate(ctx);
  await checkJudged(ctx, files);
  const version = await claimVersion(store, run.model, run.id);
  const provenance = encodeJson(await gatherProvenance(ctx, version, snapshot.id));
  const manifest: Manifest = {
    format: 'holdfast-version/1',
    model: run.model,
    version,
    // The run's start, not the clock: publishing again after a crash writes the same bytes.
    createdAt: run.startedAt,
    run: run.id,
    parent: training.parent,
    base,
    ...(unfrozen && { unfrozen: { base: unfrozen.base, from: unfrozen.from } }),
    snapshot: snapshot.id,
    specDigest: run.specDigest,
    seed: training.seed,
    ...(spec.task === 'classification' ? { labels: spec.labels } : { labels: [], target: spec.target }),
    constants: training.constants,
    files: describeFiles(files),
    provenance: describeFile(provenance),
    metrics: await collectMetrics(ctx),
    verdict: verdict.verdict,
    ...(ctx.first !== undefined && { attempt: 2 }),
    reasons: [verdict.summary, ...verdict.reasons],
  };
  await publishVersion(store, manifest, files, provenance);
  return manifest;
}

/** What is published is what was judged: a fine-tune step that outlived its timeout may have written again. */
async function checkJudged(ctx: RunFiles, files: VersionFiles): Promise<void> {
  const { candidate } = await loadEvidence(ctx);
  const digest = candidateDigest(files);
  if (digest !== candidate.digest) {
    throw new RunFailure(`the candidate changed after it was judged: ${candidate.digest} became ${digest}`);
  }
}

/** Held-out accuracy by window, or errors and R², for the list of versions. */
async function collectMetrics(ctx: RunFiles): Promise<Record<string, number>> {
  const evidence = await loadEvidence(ctx);
  const metrics = isRegression(evidence)
    ? evidence.windows.map(({ id, targets, candidate }) => numberMetrics(id, targets, candidate))
    : evidence.windows.map(({ id, labels, candidate }) => classMetrics(id, labels, candidate));
  return Object.assign({}, ...metrics) as Record<string, number>;
}
