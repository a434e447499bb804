/**
 * What the two tasks put down about a window, and the one number by which a person compares models on it.
 */
import type { RegressionWindow, WindowEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { meanAbsoluteError } from '../../../shared/continuity/errors.ts';
import { accuracy } from '../../../shared/continuity/metrics.ts';
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

/** Probabilities of both models that evidence may hold, 32 MB: beyond it they are left out, and with them calibration. */
const MOST_PROBABILITIES = 8_000_000;

/** @param examples  held-out examples of all windows */
export function classificationForm(classes: number, examples: number): WindowForm<WindowEvidence> {
  const withProbabilities = 2 * examples * classes <= MOST_PROBABILITIES;
  return {
    toWindow: (described, { labels, previous }, { candidate, champion }) => ({
      ...described,
      labels: Int32Array.from(labels),
      previousLabels: Int32Array.from(previous, (label) => (Number.isNaN(label) ? -1 : label)),
      candidate: argmaxRows(candidate, labels.length),
      champion: champion && argmaxRows(champion, labels.length),
      ...(withProbabilities && {
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
