/**
 * What a classification's answers on a labelled file are worth: every measure that people ask for, of one pass.
 */
import {
  brierScores,
  expectedCalibrationError,
  logLosses,
  reliabilityBins,
} from '../../shared/continuity/policy/probabilities.ts';
import { clopperPearson } from '../../shared/continuity/statistics/clopper-pearson.ts';

/** Of one class. Shares of nothing are null. */
export interface ClassMeasures {
  /** Examples that have it. */
  readonly n: number;
  /** Of those that are answered so, the share that has it. */
  readonly precision: number | null;
  /** Of those that have it, the share that is answered so. */
  readonly recall: number | null;
  /** Harmonic mean of the two; 0 where neither is ever right. */
  readonly f1: number | null;
  /** Area under the ROC curve of its probability against all other classes. */
  readonly auc: number | null;
}

export interface ClassificationMeasures {
  readonly n: number;
  readonly accuracy: number;
  /** Clopper and Pearson 1934, each bound at 97.5 %. */
  readonly accuracyInterval: { readonly lower: number; readonly upper: number };
  /** Mean recall of the classes that occur. */
  readonly balancedAccuracy: number;
  /** Mean of the classes that occur or are answered. */
  readonly macroF1: number;
  /** The same, weighted by how often each occurs. */
  readonly weightedF1: number;
  /** Of two classes the second's; of more the mean over classes, each against all others. */
  readonly auc: number | null;
  /** Mean, in nats. */
  readonly logLoss: number;
  /** Mean of the sum over classes, 0 to 2 (Brier 1950); of two classes twice the other common definition. */
  readonly brier: number;
  /** Expected calibration error, 15 bins. */
  readonly calibrationError: number;
  /** Of the truth (row) and the answer (column), [classes][classes]. */
  readonly confusion: readonly (readonly number[])[];
  readonly classes: readonly ClassMeasures[];
}

/**
 * All measures of some answers.
 *
 * @param labels         class ids, [n], n > 0
 * @param probabilities  [n, classes]
 * @throws RangeError when there is no example (a bug in the caller)
 */
export function measureClasses(
  labels: Int32Array,
  probabilities: Float32Array,
  classes: number,
): ClassificationMeasures {
  const n = labels.length;
  if (n === 0 || probabilities.length !== n * classes)
    throw new RangeError(
      `expected ${classes} probabilities for each of ${n} labels, got ${probabilities.length}`,
    );
  const answers = largest(probabilities, classes);
  const confusion = Array.from({ length: classes }, () => Array.from({ length: classes }, () => 0));
  for (const [i, label] of labels.entries()) {
    const row = confusion[label] as number[];
    row[answers[i] as number] = (row[answers[i] as number] as number) + 1;
  }
  const each = confusion.map((_, k) =>
    measureClass(confusion, k, rocArea(labels, probabilities, classes, k)),
  );
  const right = confusion.reduce((sum, row, k) => sum + (row[k] as number), 0);
  const { estimate, lower, upper } = clopperPearson(right, n, 0.025);
  const occurring = each.filter((one) => one.n > 0);
  const areas = each.flatMap(({ auc }) => (auc === null ? [] : [auc]));
  const f1s = each.flatMap(({ f1 }) => (f1 === null ? [] : [f1]));
  return {
    n,
    accuracy: estimate,
    accuracyInterval: { lower, upper },
    balancedAccuracy: mean(occurring.map(({ recall }) => recall ?? 0)),
    macroF1: mean(f1s),
    weightedF1: occurring.reduce((sum, one) => sum + ((one.f1 ?? 0) * one.n) / n, 0),
    auc: classes === 2 ? (each[1]?.auc ?? null) : areas.length === 0 ? null : mean(areas),
    logLoss: mean(logLosses(labels, probabilities)),
    brier: mean(brierScores(labels, probabilities)),
    calibrationError: expectedCalibrationError(reliabilityBins(labels, answers, probabilities)),
    confusion,
    classes: each,
  };
}

function largest(probabilities: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: probabilities.length / classes }, (_, i) => {
    let best = 0;
    for (let k = 1; k < classes; k++) {
      if ((probabilities[i * classes + k] as number) > (probabilities[i * classes + best] as number))
        best = k;
    }
    return best;
  });
}

function measureClass(
  confusion: readonly (readonly number[])[],
  k: number,
  auc: number | null,
): ClassMeasures {
  const right = confusion[k]?.[k] ?? 0;
  const n = (confusion[k] ?? []).reduce((sum, count) => sum + count, 0);
  const answered = confusion.reduce((sum, row) => sum + (row[k] ?? 0), 0);
  return {
    n,
    precision: answered === 0 ? null : right / answered,
    recall: n === 0 ? null : right / n,
    f1: n + answered === 0 ? null : (2 * right) / (n + answered),
    auc,
  };
}

/**
 * Probability that an example of class `k` has a larger probability of it than one of another class, ties counting half
 * (Hanley & McNeil 1982), from ranks.
 */
function rocArea(labels: Int32Array, probabilities: Float32Array, classes: number, k: number): number | null {
  const scores = Float32Array.from(labels, (_, i) => probabilities[i * classes + k] as number);
  const order = Uint32Array.from(labels, (_, i) => i).sort(
    (a, b) => (scores[a] as number) - (scores[b] as number),
  );
  let positives = 0;
  let ranks = 0;
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && scores[order[to] as number] === scores[order[from] as number]) to += 1;
    // Equal ones share the mean of their ranks.
    for (let at = from; at < to; at++) {
      if (labels[order[at] as number] !== k) continue;
      positives += 1;
      ranks += (from + to + 1) / 2;
    }
    from = to;
  }
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return null;
  return (ranks - (positives * (positives + 1)) / 2) / (positives * negatives);
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return values.length === 0 ? 0 : sum / values.length;
}
