/**
 * Step 5: the evidence. Champion and candidate answer the same held-out examples, window by window, both as the edge
 * plans that production runs, read back from the store; with it all else that the gate judges by. Gathered once: a run
 * that is resumed judges by what is stored.
 */
import type { Evidence, SelfTestOutcome } from '../../shared/continuity/evidence.ts';
import { type Judged, openChampion, openProgram } from './answer.ts';
import { candidateDigest, loadCandidate, type VersionFiles } from './candidate-files.ts';
import { examineCandidate } from './candidate-facts.ts';
import type { RunContext } from './context.ts';
import { measureEdge } from './edge-facts.ts';
import { findEvidence, saveEvidence } from './evidence-file.ts';
import { slicedFeatures } from './feature-slices.ts';
import { readExamples } from './features.ts';
import { loadTrainingRecord } from './fine-tune.ts';
import { openFormerChampions, saveMatrix } from './former-champions.ts';
import { loadSplits } from './recipe-splits.ts';
import { judgeBroken, openBroken, testChampionAgain } from './self-tests.ts';
import type { Snapshot } from './snapshot-file.ts';
import { loadSplit } from './split.ts';
import { judgeWindows, type Models } from './window-evidence.ts';

/** Examples on which two forms of one model are compared. */
const COMPARED_EXAMPLES = 256;

export async function evaluate(ctx: RunContext, snapshot: Snapshot): Promise<Evidence> {
  const files = await loadCandidate(ctx);
  const gathered = await findEvidence(ctx, candidateDigest(files));
  if (gathered !== null) return gathered;
  const models = await openModels(ctx, files);
  try {
    const evidence = await gatherEvidence(ctx, snapshot, files, models);
    await saveEvidence(ctx, evidence);
    return evidence;
  } finally {
    const { candidate, champion, broken, former } = models;
    for (const model of [candidate, champion, broken, ...former]) model?.program.dispose();
  }
}

async function openModels(ctx: RunContext, files: VersionFiles): Promise<Models> {
  const { constants } = await loadTrainingRecord(ctx);
  const candidate: Judged = { program: openProgram(ctx.runtime, files), constants };
  return {
    candidate,
    champion: await openChampion(ctx, ctx.runtime),
    broken: openBroken(ctx, files, candidate),
    former: await openFormerChampions(ctx),
  };
}

async function gatherEvidence(
  ctx: RunContext,
  snapshot: Snapshot,
  files: VersionFiles,
  models: Models,
): Promise<Evidence> {
  const { champion, candidate } = models;
  const split = await loadSplit(ctx);
  const training = await loadTrainingRecord(ctx);
  const { windows, broken, answers, reportedFlips } = await judgeWindows(
    ctx,
    snapshot,
    split.holdout,
    models,
  );
  await saveMatrix(ctx, models.former, answers);
  const splits = await loadSplits(ctx);
  const compared = await readExamples(ctx, snapshot, split.holdout.flat().slice(0, COMPARED_EXAMPLES));
  const evidence: Evidence = {
    classes: ctx.spec.labels,
    windows,
    majority: split.majority,
    candidate: await examineCandidate(ctx, files, candidate, training.examples, compared),
    champion: champion && {
      version: champion.manifest.version,
      digest: champion.manifest.files['edge.bin'].sha256,
    },
    features: slicedFeatures(ctx.spec),
    edge: await measureEdge(ctx, files),
    ...(splits !== undefined && { splits }),
    ...(reportedFlips !== undefined && { reportedFlips }),
  };
  const selfTests: SelfTestOutcome[] = [judgeBroken(evidence, broken, ctx.spec.gate)];
  if (champion !== null) selfTests.push(await testChampionAgain(ctx, champion, compared));
  return { ...evidence, selfTests };
}
