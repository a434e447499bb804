/**
 * What answers are worth to the model's owner: the gate's metric, as a utility in [0, 1] of one answer, so that the
 * referee judges by what the exam judges by.
 */
import {
  classMetricFor,
  errorLosses,
  errorMetric,
  type ErrorMetric,
  errorUtilities,
  utilities,
  utilityMargin,
} from '../../shared/continuity/policy/metric.ts';
import { LARGEST_LOG_LOSS } from '../../shared/continuity/policy/probabilities.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import type { Split } from '../pipeline/data/split.ts';
import type { Replayed } from './replay.ts';

/** A prediction whose loss is so many times the versions' mean loss is worth nothing. */
const WORTHLESS = 4;

export interface ValuedAnswers {
  /** Of each version's answers, by its number, [n] in [0, 1]; NaN where it did not answer. */
  readonly utilities: ReadonlyMap<number, Float64Array>;
  /** What "not worse" means on what comes in, as a difference of mean utilities. */
  readonly margin: number;
}

/** @param split  of the run: which classes are rare is read off the held-out examples, as the exam does */
export function valueAnswers(
  spec: Spec,
  split: Pick<Split, 'heldOutByClass' | 'constant'>,
  seen: Pick<Replayed, 'labels' | 'answers' | 'logLosses'>,
): ValuedAnswers {
  return spec.task === 'classification' ? valueClasses(spec, split, seen) : valueNumbers(spec, seen);
}

/** In which words gains and losses are told: as right answers, or as better ones. */
export function wordingOf({ task, gate: { metric } }: Pick<Spec, 'task' | 'gate'>): 'right' | 'better' {
  if (typeof metric === 'object') return 'tolerance' in metric ? 'right' : 'better';
  return task === 'regression' || metric === 'log-loss' ? 'better' : 'right';
}

function valueClasses(
  { gate }: Pick<Spec, 'gate'>,
  { heldOutByClass = [], constant }: Pick<Split, 'heldOutByClass' | 'constant'>,
  { labels, answers, logLosses }: Pick<Replayed, 'labels' | 'answers' | 'logLosses'>,
): ValuedAnswers {
  const n = heldOutByClass.reduce((sum, count) => sum + count, 0);
  const priors = Float64Array.from(heldOutByClass, (count) => (n === 0 ? 0 : count / n));
  const metric = classMetricFor(gate, priors[constant] ?? 0);
  const truth = Int32Array.from(labels);
  const value = (version: number, said: Float64Array): Float64Array =>
    metric === 'log-loss'
      ? (logLosses.get(version) ?? new Float64Array()).map(
          (loss) => 1 - Math.min(loss, LARGEST_LOG_LOSS) / LARGEST_LOG_LOSS,
        )
      : utilities(metric, truth, Int32Array.from(said), undefined, priors);
  return {
    utilities: mapAnswers(answers, (version, said) => onlyAnswered(said, value(version, said))),
    margin: utilityMargin(gate.margins.current, metric, priors),
  };
}

function valueNumbers(
  { gate }: Pick<Spec, 'gate'>,
  { labels, answers }: Pick<Replayed, 'labels' | 'answers'>,
): ValuedAnswers {
  const metric = errorMetric(gate);
  if (typeof metric === 'object' && 'tolerance' in metric) {
    const value = (_: number, said: Float64Array): Float64Array =>
      onlyAnswered(said, errorUtilities(metric, labels, said, 1));
    return { utilities: mapAnswers(answers, value), margin: gate.margins.current };
  }
  const mean = meanLoss(metric, labels, answers);
  const most = WORTHLESS * (mean > 0 ? mean : 1);
  // The margin is a share of the error; a squared error grows by its square.
  const share = gate.margins.currentError;
  const larger = metric === 'rmse' ? (1 + share) ** 2 - 1 : share;
  return {
    utilities: mapAnswers(answers, (_, said) => errorUtilities(metric, labels, said, most)),
    margin: larger / WORTHLESS,
  };
}

/** Of all versions together: one scale for all, so that it favours nobody. 0 where nobody answered. */
function meanLoss(
  metric: Exclude<ErrorMetric, { readonly tolerance: number }>,
  labels: Float64Array,
  answers: ReadonlyMap<number, Float64Array>,
): number {
  let sum = 0;
  let n = 0;
  for (const said of answers.values()) {
    for (const loss of errorLosses(metric, labels, said)) {
      if (Number.isNaN(loss)) continue;
      sum += loss;
      n += 1;
    }
  }
  return n === 0 ? 0 : sum / n;
}

function mapAnswers(
  answers: ReadonlyMap<number, Float64Array>,
  value: (version: number, said: Float64Array) => Float64Array,
): Map<number, Float64Array> {
  return new Map([...answers].map(([version, said]) => [version, value(version, said)]));
}

function onlyAnswered(said: Float64Array, worth: Float64Array): Float64Array {
  return worth.map((value, i) => (Number.isNaN(said[i]) ? Number.NaN : value));
}
