/**
 * What better means: the owner's measure of one example's answer, as a utility in [0, 1] in which more is better, so that
 * exam and referee judge by it with the same guarantees. Accuracy asks whether it is right; balanced accuracy weighs every
 * class alike however rare it is; a cost matrix says what each mistake costs; log loss what the probabilities were worth.
 */
import { type AnyEvidence, type Evidence, isRegression } from '../evidence/evidence.ts';
import { type GatePolicy, metricProblem } from './policy.ts';
import { LARGEST_LOG_LOSS, logLosses } from './probabilities.ts';

/** As the policy names it. */
export type Metric = GatePolicy['metric'];
/** cost of answering one class (column) where the truth is another (row), [classes][classes] */
export type Costs = readonly (readonly number[])[];
/** One that a classification can be judged by. */
export type ClassMetric = 'accuracy' | 'balanced-accuracy' | 'log-loss' | { readonly costs: Costs };
/** One that a regression can be judged by; `auto` asks for MAE and RMSE both. */
export type ErrorMetric =
  'auto' | 'mae' | 'rmse' | { readonly pinball: number } | { readonly tolerance: number };

/** Beyond this share of one class, accuracy says little about any other. */
export const SKEWED = 0.9;

/**
 * A classification's metric. `auto` is accuracy, and balanced accuracy where the training data's majority class is more
 * than 90 % of the held-out examples.
 */
export function classMetric(evidence: Evidence, policy: Pick<GatePolicy, 'metric'>): ClassMetric {
  return classMetricFor(policy, majorityShare(evidence));
}

/** As `classMetric`. @param majority  share of the training data's majority class among the held-out examples, 0 to 1 */
export function classMetricFor({ metric }: Pick<GatePolicy, 'metric'>, majority: number): ClassMetric {
  if (metric === 'accuracy' || metric === 'balanced-accuracy' || metric === 'log-loss') return metric;
  if (typeof metric === 'object' && 'costs' in metric) return metric;
  return majority > SKEWED ? 'balanced-accuracy' : 'accuracy';
}

/** A regression's metric; a classification's falls back to `auto`. */
export function errorMetric({ metric }: Pick<GatePolicy, 'metric'>): ErrorMetric {
  if (metric === 'mae' || metric === 'rmse') return metric;
  return typeof metric === 'object' && !('costs' in metric) ? metric : 'auto';
}

/** 0 of nothing. */
function majorityShare({ windows, majority }: Evidence): number {
  let [of, n] = [0, 0];
  for (const { labels } of windows) {
    n += labels.length;
    for (const label of labels) if (label === majority) of += 1;
  }
  return n === 0 ? 0 : of / n;
}

/** In words: `balanced accuracy`. */
export function nameMetric(metric: Metric | ClassMetric): string {
  if (typeof metric === 'string') return NAMES[metric];
  if ('pinball' in metric) return `pinball loss at ${metric.pinball}`;
  return 'tolerance' in metric
    ? `the share within ${metric.tolerance} of the target`
    : 'the cost of mistakes';
}

const NAMES: Readonly<Record<Extract<Metric, string>, string>> = {
  auto: 'what fits the data',
  accuracy: 'accuracy',
  'balanced-accuracy': 'balanced accuracy',
  'log-loss': 'log loss',
  mae: 'mean absolute error',
  rmse: 'root mean square error',
};

/** Shares of the classes in some labels, [classes]. */
export function priorsOf(labels: Iterable<number>, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  let n = 0;
  for (const label of labels) {
    counts[label] = (counts[label] as number) + 1;
    n += 1;
  }
  return n === 0 ? counts : counts.map((count) => count / n);
}

/**
 * What each answer of a classification is worth, in [0, 1], [n]. The same scaling whoever answered, so that the difference
 * of two models' utilities of one example lies in [-1, 1].
 *
 * - `accuracy`: 1 where right.
 * - `balanced-accuracy`: where right, the rarest class's prior over that of the label: the mean is balanced accuracy times
 *   classes times the rarest prior (`utilityScale`). A class without a prior counts as one that is as rare as the rarest.
 * - `costs`: 1 less the mistake's cost over the largest cost.
 * - `log-loss`: 1 less the log loss over 4.6 nats, beyond which nothing is worse.
 *
 * @param labels         class ids, [n]
 * @param predictions    class ids, [n]
 * @param probabilities  [n, classes]; only log loss reads them
 * @param priors         shares of the classes, [classes]; only balanced accuracy reads them
 * @throws RangeError when log loss is asked for without probabilities (a bug in the caller)
 */
export function utilities(
  metric: ClassMetric,
  labels: Int32Array,
  predictions: Int32Array,
  probabilities: Float32Array | undefined,
  priors: Float64Array,
): Float64Array {
  if (metric === 'log-loss') {
    if (probabilities === undefined)
      throw new RangeError('expected probabilities for the log loss, got none');
    return logLosses(labels, probabilities).map(
      (loss) => 1 - Math.min(loss, LARGEST_LOG_LOSS) / LARGEST_LOG_LOSS,
    );
  }
  if (typeof metric === 'object') {
    const most = largestCost(metric.costs);
    return Float64Array.from(
      labels,
      (label, i) => 1 - (metric.costs[label]?.[predictions[i] as number] ?? most) / most,
    );
  }
  const worth = metric === 'accuracy' ? priors.map(() => 1) : balancedWorth(priors);
  return Float64Array.from(labels, (label, i) => (predictions[i] === label ? (worth[label] ?? 1) : 0));
}

/** What one unit of mean utility is in the metric's own unit: points of balanced accuracy, cost, nats. */
export function utilityScale(metric: ClassMetric, priors: Float64Array): number {
  if (metric === 'accuracy') return 1;
  if (metric === 'log-loss') return LARGEST_LOG_LOSS;
  if (typeof metric === 'object') return largestCost(metric.costs);
  const present = priors.filter((prior) => prior > 0);
  return present.length === 0 ? 1 : 1 / (present.length * Math.min(...present));
}

/**
 * A policy's margin as a difference of mean utilities. Margins are points of accuracy or of balanced accuracy; of costs and
 * of log loss they are shares of the worst.
 */
export function utilityMargin(margin: number, metric: ClassMetric, priors: Float64Array): number {
  return metric === 'balanced-accuracy' ? margin / utilityScale(metric, priors) : margin;
}

function balancedWorth(priors: Float64Array): Float64Array {
  const rarest = Math.min(...priors.filter((prior) => prior > 0), 1);
  return priors.map((prior) => (prior > 0 ? rarest / prior : 1));
}

function largestCost(costs: Costs): number {
  return Math.max(...costs.map((row) => Math.max(...row)));
}

/**
 * What each prediction of a number is worth, in [0, 1], [n]: within the tolerance or not, or 1 less its loss over the
 * largest that counts.
 *
 * @param most  loss beyond which nothing is worse, above 0, in the unit of the loss: the target's, squared for RMSE. Both
 *   models are given the same
 */
export function errorUtilities(
  metric: ErrorMetric,
  targets: Float64Array,
  predictions: Float64Array,
  most: number,
): Float64Array {
  if (typeof metric === 'object' && 'tolerance' in metric) {
    return targets.map((target, i) =>
      Math.abs(target - (predictions[i] as number)) <= metric.tolerance ? 1 : 0,
    );
  }
  return errorLosses(metric, targets, predictions).map((loss) => 1 - Math.min(loss, most) / most);
}

/** |e|, e^2 for RMSE, or the pinball loss (R. Koenker & G. Bassett 1978, Econometrica 46:33-50), [n]. */
export function errorLosses(
  metric: Exclude<ErrorMetric, { readonly tolerance: number }>,
  targets: Float64Array,
  predictions: Float64Array,
): Float64Array {
  return targets.map((target, i) => {
    const error = target - (predictions[i] as number);
    if (metric === 'rmse') return error * error;
    if (typeof metric === 'object') return Math.max(metric.pinball * error, (metric.pinball - 1) * error);
    return Math.abs(error);
  });
}

/** Why the evidence cannot be judged by the policy's metric; [] when it can. */
export function evidenceMetricProblems(evidence: AnyEvidence, policy: Pick<GatePolicy, 'metric'>): string[] {
  const problem = isRegression(evidence)
    ? metricProblem(policy, 'regression', 0)
    : metricProblem(policy, 'classification', evidence.classes.length);
  return problem === null ? [] : [problem];
}
