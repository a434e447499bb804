/**
 * Tests of the judging itself, run on every night's own evidence: by the same files, executor and gate as the
 * candidate, with what must come out known beforehand. A judge that fails them is not believed.
 */
import { meanAbsoluteError } from '../../../shared/continuity/measures/errors.ts';
import {
  type AnyEvidence,
  isRegression,
  type RegressionWindow,
  type SelfTestOutcome,
  type WindowEvidence,
} from '../../../shared/continuity/evidence/evidence.ts';
import { decideAnyGate } from '../../../shared/continuity/gate.ts';
import { accuracy } from '../../../shared/continuity/policy/metrics.ts';
import type { GatePolicy } from '../../../shared/continuity/policy/policy.ts';
import type { DenseLayer } from '../../model/head.ts';
import { outputWidth } from '../../../shared/model/spec/task.ts';
import {
  predict,
  type JudgedModel,
  openChampion,
  openProgram,
  type LoadedVersion,
} from '../features/judged-model.ts';
import { encodeModel, type VersionFiles } from '../../run/candidate-files.ts';
import { exportedModel } from './candidate-facts.ts';
import type { ModelContext } from '../../run/context.ts';
import type { Examples } from '../features/features.ts';

/**
 * The champion, read again into another place of the heap, must answer with the same bits: what the candidate is compared with
 * is the champion, and the comparison has no noise of its own.
 */
export async function testChampionAgain(
  ctx: ModelContext,
  champion: LoadedVersion,
  examples: Examples,
): Promise<SelfTestOutcome> {
  const id = 'champion read again';
  const { version } = champion.manifest;
  const before = await predict(ctx, champion, examples);
  const after = await answerAgain(ctx, examples);
  const different = before.findIndex((value, i) => !Object.is(value, after?.[i]));
  if (different === -1) {
    const detail = `version ${version} answers ${examples.labels.length} examples with the same bits`;
    return { id, passed: true, detail };
  }
  const example = examples.ids[Math.floor(different / outputWidth(ctx.spec))];
  const detail = `expected version ${version} to answer with the same bits, got ${after?.[different]} after ${before[different]} for example ${example}`;
  return { id, passed: false, detail };
}

async function answerAgain(ctx: ModelContext, examples: Examples): Promise<Float32Array | null> {
  const again = await openChampion(ctx, ctx.runtime);
  if (again === null) return null;
  try {
    return await predict(ctx, again, examples);
  } finally {
    again.program.dispose();
  }
}

/**
 * A candidate that must be refused, through the same files and executor as the candidate itself: its classes in the
 * wrong order, or its numbers mirrored at the mean target. Null when its layers can't be read, which the check of its
 * files reports.
 *
 * @param mean  of the training examples' targets; a classification does without
 */
export function openBroken(
  ctx: ModelContext,
  files: VersionFiles,
  candidate: JudgedModel,
  mean: number,
): JudgedModel | null {
  const model = exportedModel(ctx, files, candidate.program.inputSize);
  if (model === null) return null;
  const { head } = model;
  const broken = ctx.spec.task === 'classification' ? rotateClasses(head) : mirrorTarget(head, mean);
  return {
    program: openProgram(
      ctx.runtime,
      encodeModel({ ...model, head: broken }),
      "the broken candidate's edge plan",
    ),
    constants: candidate.constants,
    base: candidate.base,
  };
}

const STAND_IN: SelfTestOutcome = {
  id: 'stand-in',
  passed: true,
  detail: 'of the tests that follow from this one',
};

/**
 * The gate that judges the candidate must not promote the broken one.
 *
 * @param evidence  with the broken model's answers in the candidate's place; without windows when it could not be made
 */
export function judgeBroken(evidence: AnyEvidence, policy: GatePolicy): SelfTestOutcome {
  const id = isRegression(evidence) ? 'answers mirrored' : 'classes in the wrong order';
  const described = describeBroken(evidence);
  if (described === null) return { id, passed: false, detail: 'the broken candidate could not be made' };
  const candidate = { ...evidence.candidate, digest: `${evidence.candidate.digest}, broken` };
  // What is missing holds every candidate, whatever it answers; this one must be refused for its answers. Reported
  // self-tests are what is being made here.
  const { missing: _missing, ...gathered } = evidence;
  const { verdict } = decideAnyGate(
    { ...gathered, candidate, selfTests: [STAND_IN] },
    { ...policy, needs: [] },
  );
  const got = `the candidate with its ${described}, gets ${verdict}`;
  return verdict === 'promote'
    ? { id, passed: false, detail: `expected a refusal: ${got}` }
    : { id, passed: true, detail: got };
}

/**
 * The windows of the broken candidate with the candidate itself in the champion's place: from that one it must be told,
 * whereas a champion that has fallen may be worse than even the broken one.
 *
 * @param windows  as the candidate is judged by; without a champion they stay so
 * @param broken   the same windows with the broken model's answers
 */
export function besideItself<Window extends WindowEvidence | RegressionWindow>(
  windows: readonly Window[],
  broken: readonly Window[],
): Window[] {
  return broken.map((window, i) => {
    const own = windows[i];
    if (own === undefined || own.champion === null) return window;
    const probabilities = 'candidateProbabilities' in own ? own.candidateProbabilities : undefined;
    return {
      ...window,
      champion: own.candidate,
      ...(probabilities && { championProbabilities: probabilities }),
    };
  });
}

/** Null without windows. */
function describeBroken(evidence: AnyEvidence): string | null {
  if (isRegression(evidence)) {
    const current = evidence.windows.at(-1);
    if (current === undefined) return null;
    const error = meanAbsoluteError(current.targets, current.candidate).toPrecision(3);
    return `answers mirrored at the mean, off by ${error} on average in the current window`;
  }
  const current = evidence.windows.at(-1);
  if (current === undefined) return null;
  const share = (100 * accuracy(current.labels, current.candidate)).toFixed(1);
  return `classes in the wrong order, right on ${share} % of the current window`;
}

/** The head that says `2 mean - y` where the given one says `y`. */
export function mirrorTarget(layers: readonly DenseLayer[], mean: number): DenseLayer[] {
  const last = layers.at(-1);
  if (last === undefined) return [];
  const { kernel, bias } = last;
  return [
    ...layers.slice(0, -1),
    {
      ...last,
      kernel: { ...kernel, data: kernel.data.map((value) => -value) },
      bias: { ...bias, data: bias.data.map((value) => 2 * mean - value) },
    },
  ];
}

/** The head that gives every class's probability to the next class. */
export function rotateClasses(layers: readonly DenseLayer[]): DenseLayer[] {
  const last = layers.at(-1);
  if (last === undefined) return [];
  const { kernel, bias } = last;
  const classes = bias.data.length;
  const before = (c: number): number => (c + classes - 1) % classes;
  const rotated = kernel.data.map(
    (_, at) => kernel.data[at - (at % classes) + before(at % classes)] as number,
  );
  const offsets = bias.data.map((_, c) => bias.data[before(c)] as number);
  return [
    ...layers.slice(0, -1),
    { ...last, kernel: { ...kernel, data: rotated }, bias: { ...bias, data: offsets } },
  ];
}
