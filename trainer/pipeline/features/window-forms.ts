/**
 * What the two tasks put down about a window, and the one number by which a person compares models on it.
 */
import type {
  CommonEvidence,
  RegressionWindow,
  WindowEvidence,
} from '../../../shared/continuity/evidence/evidence.ts';
import { meanAbsoluteError } from '../../../shared/continuity/measures/errors.ts';
import { accuracy } from '../../../shared/continuity/policy/metrics.ts';
import type { TaskSpec } from '../../../shared/model/spec/task.ts';
import { argmaxRows } from './judged-model.ts';

/** Everything about a window's examples but what they are and what the models say. */
export type Described = Pick<
  WindowEvidence,
  'id' | 'kind' | 'fromMs' | 'toMs' | 'exampleIds' | 'groups' | 'contents' | 'inTimeOrder' | 'features'
>;

/** What the examples are: class ids or targets, each [n]; NaN where the one before is not known. */
export interface Truth {
  readonly labels: Float64Array;
  readonly previous: Float64Array;
}

/** What the models say, each [n, width of an output]; null while there is no champion. */
export interface Outputs {
  readonly candidate: Float32Array;
  readonly champion: Float32Array | null;
}

export interface WindowForm<Window> {
  readonly toWindow: (described: Described, truth: Truth, outputs: Outputs) => Window;
  /** Accuracy, or mean absolute error. @param labels [n], n >= 1 */
  readonly score: (labels: Float64Array, outputs: Float32Array) => number;
  /** The same of an answer without a model. */
  readonly untrained: (labels: Float64Array) => number;
}

/**
 * Probabilities of both models that evidence may hold, 32 MB. Beyond it only those of the current window are kept, by which
 * calibration is judged; where even these are too many, none.
 */
const MOST_PROBABILITIES = 8_000_000;

/** Held-out examples of all windows, and of the current one. */
export interface HeldOutSizes {
  readonly all: number;
  readonly current: number;
}

/** Whose probabilities the evidence has. */
export function probabilitiesKept(
  classes: number,
  { all, current }: HeldOutSizes,
): 'all' | 'current' | 'none' {
  const fits = (examples: number): boolean => 2 * examples * classes <= MOST_PROBABILITIES;
  return fits(all) ? 'all' : fits(current) ? 'current' : 'none';
}

/** What the evidence says of probabilities that it can't hold. */
export function probabilitiesBeyond(classes: number, sizes: HeldOutSizes): Pick<CommonEvidence, 'beyond'> {
  if (probabilitiesKept(classes, sizes) !== 'none') return {};
  const count = (2 * sizes.current * classes).toLocaleString('en-US');
  const most = MOST_PROBABILITIES.toLocaleString('en-US');
  return {
    beyond: { probabilities: `${count} of the current window are more than the ${most} that are kept` },
  };
}

/**
 * @param classes  how many labels the model has
 * @param sizes    held-out examples in all and in the current window, by which it is decided how many probabilities
 *                 are kept
 */
export function classificationForm(classes: number, sizes: HeldOutSizes): WindowForm<WindowEvidence> {
  const kept = probabilitiesKept(classes, sizes);
  return {
    toWindow: (described, { labels, previous }, { candidate, champion }) => ({
      ...described,
      labels: Int32Array.from(labels),
      previousLabels: Int32Array.from(previous, (label) => (Number.isNaN(label) ? -1 : label)),
      candidate: argmaxRows(candidate, labels.length),
      champion: champion && argmaxRows(champion, labels.length),
      ...((kept === 'all' || (kept === 'current' && described.kind === 'current')) && {
        candidateProbabilities: candidate,
        ...(champion && { championProbabilities: champion }),
      }),
    }),
    score: (labels, outputs) => scoreOutputs('classification', labels, outputs),
    untrained: () => 1 / classes,
  };
}

/** @param mean  of the training examples' targets: the answer without a model */
export function regressionForm(mean: number): WindowForm<RegressionWindow> {
  return {
    toWindow: (described, { labels, previous }, { candidate, champion }) => ({
      ...described,
      targets: labels,
      previousTargets: previous,
      candidate: Float64Array.from(candidate),
      champion: champion && Float64Array.from(champion),
    }),
    score: (targets, outputs) => scoreOutputs('regression', targets, outputs),
    untrained: (targets) =>
      meanAbsoluteError(
        targets,
        targets.map(() => mean),
      ),
  };
}

/**
 * The one number by which people compare models: accuracy, or mean absolute error in the target's unit.
 *
 * @param labels   class ids, or targets, [n], n >= 1
 * @param outputs  [n, width of an output]
 */
export function scoreOutputs(task: TaskSpec['task'], labels: Float64Array, outputs: Float32Array): number {
  return task === 'classification'
    ? accuracy(Int32Array.from(labels), argmaxRows(outputs, labels.length))
    : meanAbsoluteError(labels, Float64Array.from(outputs));
}
