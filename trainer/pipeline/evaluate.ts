/**
 * Step 5: the evidence. Champion and candidate answer the same held-out examples, window by window, both as the edge
 * plans that production runs, read back from the store; with it all else that the gate judges by. Gathered once: a run
 * that is resumed judges by what is stored.
 */
import type { Evidence, SelfTestOutcome, WindowEvidence } from '../../shared/continuity/evidence.ts';
import { answer, type Champion, type Judged, openChampion, openProgram } from './answer.ts';
import { candidateDigest, loadCandidate, type VersionFiles } from './candidate-files.ts';
import { examineCandidate } from './candidate-facts.ts';
import { type RunContext, tell } from './context.ts';
import { countDecisions, type Decision, listOtherDecisions, recordDecision } from './decisions.ts';
import { measureEdge } from './edge-facts.ts';
import { findEvidence, saveEvidence } from './evidence-file.ts';
import { slicedFeatures, sliceIds } from './feature-slices.ts';
import { type Examples, readExamples } from './features.ts';
import { loadTrainingRecord } from './fine-tune.ts';
import { type Neighbours, pick, readNeighbours } from './neighbours.ts';
import { judgeBroken, openBroken, testChampionAgain } from './self-tests.ts';
import type { Snapshot, SnapshotWindow } from './snapshot-file.ts';
import { loadSplit } from './split.ts';

/** Examples on which two forms of one model are compared. */
const COMPARED_EXAMPLES = 256;
/** Probabilities of both models that evidence may hold, 32 MB: beyond it they are left out, and with them calibration. */
const MOST_PROBABILITIES = 8_000_000;

/** The models under judgement, and a broken one whose verdict is known. */
interface Models {
  readonly candidate: Judged;
  readonly champion: Champion | null;
  readonly broken: Judged | null;
}

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
    for (const model of Object.values(models) as (Judged | null)[]) model?.program.dispose();
  }
}

async function openModels(ctx: RunContext, files: VersionFiles): Promise<Models> {
  const { constants } = await loadTrainingRecord(ctx);
  const candidate = { program: openProgram(ctx.runtime, files), constants };
  return {
    candidate,
    champion: await openChampion(ctx, ctx.runtime),
    broken: openBroken(ctx, files, candidate),
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
  const { windows, broken } = await judgeWindows(ctx, snapshot, split.holdout, models);
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
  };
  const selfTests: SelfTestOutcome[] = [judgeBroken(evidence, broken, ctx.spec.gate)];
  if (champion !== null) selfTests.push(await testChampionAgain(ctx, champion, compared));
  return { ...evidence, selfTests };
}

/**
 * Every window with held-out examples, and the same windows with the broken model in the candidate's place.
 *
 * @param holdout  positions in the snapshot, by window
 */
async function judgeWindows(
  ctx: RunContext,
  snapshot: Snapshot,
  holdout: readonly (readonly number[])[],
  models: Models,
): Promise<{ windows: WindowEvidence[]; broken: WindowEvidence[] }> {
  const last = snapshot.windows.length - 1;
  // An empty past window has nothing to say; an empty current one is evidence that is missing.
  const judged = snapshot.windows.flatMap((window, i) => {
    const positions = holdout[i] ?? [];
    return positions.length > 0 || i === last ? [{ window, positions, current: i === last }] : [];
  });
  const held = judged.reduce((sum, { positions }) => sum + positions.length, 0);
  const context: WindowContext = {
    neighbours: await readNeighbours(ctx, snapshot),
    decisions: await countBefore(
      ctx,
      judged.map(({ window }) => window),
      models.champion !== null,
    ),
    withProbabilities: 2 * held * ctx.spec.labels.length <= MOST_PROBABILITIES,
  };
  const windows: WindowEvidence[] = [];
  const broken: WindowEvidence[] = [];
  for (const [i, { window, positions, current }] of judged.entries()) {
    const examples = await readExamples(ctx, snapshot, positions);
    const common = describeWindow(ctx, window, current, positions, examples, context);
    const champion = models.champion && answer(ctx, models.champion, examples);
    const assemble = (model: Judged): WindowEvidence => {
      const candidate = answer(ctx, model, examples);
      return {
        ...common,
        candidate: candidate.classes,
        champion: champion && champion.classes,
        ...(context.withProbabilities && {
          candidateProbabilities: candidate.probabilities,
          ...(champion && { championProbabilities: champion.probabilities }),
        }),
      };
    };
    windows.push(assemble(models.candidate));
    if (models.broken !== null) broken.push(assemble(models.broken));
    await tell(ctx, 'evaluate', (i + 1) / judged.length, `window ${window.id}`);
  }
  return { windows, broken };
}

/** What one window needs to know of the others. */
interface WindowContext {
  readonly neighbours: Neighbours;
  readonly decisions: readonly Decision[];
  readonly withProbabilities: boolean;
}

/** Everything about a window's examples but the answers. */
function describeWindow(
  { spec }: RunContext,
  { id, fromMs, toMs }: SnapshotWindow,
  current: boolean,
  positions: readonly number[],
  examples: Examples,
  { neighbours, decisions }: WindowContext,
): Omit<WindowEvidence, 'candidate' | 'champion'> {
  return {
    id,
    kind: current ? 'current' : 'past',
    fromMs,
    toMs,
    exampleIds: examples.ids,
    labels: examples.labels,
    ...(neighbours.groups && { groups: pick(neighbours.groups, positions) }),
    features: sliceIds(spec, examples),
    previousLabels: pick(neighbours.previous, positions),
    decisions: countDecisions({ fromMs, toMs }, decisions),
  };
}

/**
 * Notes this run's decision, then counts the others': of two runs at once, at least one sees the other. Without a
 * champion past windows have nothing to be compared with, and are not used up.
 */
async function countBefore(
  ctx: RunContext,
  judged: readonly SnapshotWindow[],
  compared: boolean,
): Promise<Decision[]> {
  const current = judged.at(-1);
  const first = compared ? judged[0] : current;
  if (first !== undefined && current !== undefined) {
    await recordDecision(ctx, { fromMs: first.fromMs, toMs: current.toMs });
  }
  return listOtherDecisions(ctx);
}
