/**
 * Step 5: the evidence. Champion and candidate answer the same held-out examples, window by window, both as the edge
 * plans that production runs, read back from the store; with it all else that the gate judges by. Gathered once: a run
 * that is resumed judges by what is stored.
 */
import { outputWidth } from '../../../shared/model/spec/task.ts';
import type {
  AnyEvidence,
  CommonEvidence,
  SelfTestOutcome,
} from '../../../shared/continuity/evidence/evidence.ts';
import { type JudgedModel, openChampion, openProgram } from '../features/judged-model.ts';
import { candidateDigest, loadCandidate, type VersionFiles } from '../../run/candidate-files.ts';
import { examineCandidate } from './candidate-facts.ts';
import type { ModelContext, RunContext } from '../../run/context.ts';
import { measureEdge } from './edge-facts.ts';
import { findEvidence, saveEvidence } from './evidence-file.ts';
import { slicedFeatures } from './feature-slices.ts';
import { type Examples, readExamples } from '../features/features.ts';
import { loadTrainingRecord } from '../fine-tune/fine-tune.ts';
import { openFormerChampions, saveMatrix } from './former-champions.ts';
import { loadSplits } from './recipe-splits.ts';
import { gatherReported } from './reported-flips.ts';
import { besideItself, judgeBroken, openBroken, testChampionAgain } from './self-tests.ts';
import { openSelection } from '../data/selection.ts';
import type { Snapshot } from '../data/snapshot-file.ts';
import { examLevel } from '../../referee/settle.ts';
import { loadSplit } from '../data/split.ts';
import { judgeWindows, type Models } from './window-evidence.ts';
import {
  classificationForm,
  probabilitiesBeyond,
  regressionForm,
  type WindowForm,
} from '../features/window-forms.ts';

/** Examples on which two forms of one model are compared. */
const COMPARED_EXAMPLES = 256;

/**
 * Gathers and stores the evidence of the attempt under way, or gives what is stored when it is of this candidate's
 * bytes. Throws a RunFailure where a model can't be read or run.
 */
export async function evaluate(ctx: RunContext, snapshot: Snapshot): Promise<AnyEvidence> {
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

async function openModels(ctx: ModelContext, files: VersionFiles): Promise<Models> {
  const { constants } = await loadTrainingRecord(ctx);
  const candidate: JudgedModel = { program: openProgram(ctx.runtime, files), constants, base: ctx.base };
  const champion = await openChampion(ctx, ctx.runtime);
  return {
    candidate,
    champion,
    broken: openBroken(ctx, files, candidate, (await loadSplit(ctx)).constant),
    former: await openFormerChampions(ctx, champion),
  };
}

async function gatherEvidence(
  ctx: RunContext,
  whole: Snapshot,
  files: VersionFiles,
  models: Models,
): Promise<AnyEvidence> {
  const split = await loadSplit(ctx);
  const selection = await openSelection(ctx, whole);
  const { snapshot } = selection;
  const judging = split.judged ?? split.holdout;
  const held = judging.flat();
  const judge = async <Window>(form: WindowForm<Window>) => {
    const judged = await judgeWindows(ctx, whole, selection, judging, models, form);
    await saveMatrix(ctx, models.former, judged.scores);
    return judged;
  };
  const compared = await readExamples(ctx, snapshot, held.slice(0, COMPARED_EXAMPLES));
  const { spec } = ctx;
  if (spec.task === 'regression') {
    const { windows, broken } = await judge(regressionForm(split.constant));
    const common = await gatherFacts(ctx, files, models, compared);
    const evidence = { ...common, task: spec.task, windows, mean: split.constant };
    return {
      ...evidence,
      selfTests: await testJudges(ctx, models, compared, {
        ...evidence,
        windows: besideItself(windows, broken),
      }),
    };
  }
  const sizes = { all: held.length, current: judging.at(-1)?.length ?? 0 };
  const { windows, broken, reported } = await judge(classificationForm(spec.labels.length, sizes));
  const common = await gatherFacts(ctx, files, models, compared);
  const evidence = {
    ...common,
    ...probabilitiesBeyond(spec.labels.length, sizes),
    classes: spec.labels,
    windows,
    majority: split.constant,
    // without a champion there is nothing that an answer could have turned from
    ...(models.champion !== null && { reportedFlips: gatherReported(windows, reported) }),
  };
  return {
    ...evidence,
    selfTests: await testJudges(ctx, models, compared, {
      ...evidence,
      windows: besideItself(windows, broken),
    }),
  };
}

/** What is known about the candidate beside its answers. */
async function gatherFacts(
  ctx: RunContext,
  files: VersionFiles,
  { candidate, champion }: Models,
  compared: Examples,
): Promise<CommonEvidence> {
  const training = await loadTrainingRecord(ctx);
  return {
    candidate: await examineCandidate(ctx, files, candidate, training.examples, compared),
    champion: champion && {
      version: champion.manifest.version,
      digest: champion.manifest.files['edge.bin'].sha256,
      ...(champion.program.outputSize < outputWidth(ctx.spec) && { classes: champion.program.outputSize }),
    },
    features: slicedFeatures(ctx.spec),
    edge: await measureEdge(ctx, files, { candidate, champion }, compared),
    ...(await loadSplits(ctx)),
    ...(champion && { level: await examLevel(ctx, candidateDigest(files)) }),
  };
}

/** @param broken  the evidence with the broken candidate's answers in the candidate's place */
async function testJudges(
  ctx: ModelContext,
  { champion }: Models,
  compared: Examples,
  broken: AnyEvidence,
): Promise<SelfTestOutcome[]> {
  const tests = [judgeBroken(broken, ctx.spec.gate)];
  return champion === null ? tests : [...tests, await testChampionAgain(ctx, champion, compared)];
}
