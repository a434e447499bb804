/**
 * Point metrics of one window and paired counts of two models. No intervals here: see statistics/.
 */
import type { PairedCounts } from './statistics/interval.ts';

/**
 * Share of predictions that equal their label.
 *
 * @param labels       class ids, [n]
 * @param predictions  class ids, [n], same order
 * @returns fraction in [0, 1]; 0 when n = 0
 * @throws RangeError when lengths differ (a bug in the caller)
 */
export function accuracy(labels: Int32Array, predictions: Int32Array): number {
  requireSameLength(labels, predictions);
  const right = labels.reduce((count, label, i) => count + (label === predictions[i] ? 1 : 0), 0);
  return labels.length === 0 ? 0 : right / labels.length;
}

/**
 * How often the candidate alone, and the reference alone, is right. `losses` against the champion are its
 * negative flips (Yan et al. 2021, arXiv:2011.09161).
 *
 * @param labels     class ids, [n]
 * @param candidate  predicted class ids, [n], same order
 * @param reference  predicted class ids of the model to compare with, [n], same order
 * @param only       counts just the examples with this label; all when left out
 * @throws RangeError when lengths differ (a bug in the caller)
 */
export function countPaired(
  labels: Int32Array,
  candidate: Int32Array,
  reference: Int32Array,
  only?: number,
): PairedCounts {
  requireSameLength(labels, candidate);
  requireSameLength(labels, reference);
  let gains = 0;
  let losses = 0;
  let n = 0;
  for (const [i, label] of labels.entries()) {
    if (only !== undefined && label !== only) continue;
    n++;
    const candidateRight = candidate[i] === label;
    const referenceRight = reference[i] === label;
    if (candidateRight && !referenceRight) gains++;
    if (!candidateRight && referenceRight) losses++;
  }
  return { gains, losses, n };
}

/** Counts of disjoint sets of examples, put together. */
export function addCounts(parts: readonly PairedCounts[]): PairedCounts {
  return parts.reduce(
    (sum, part) => ({ gains: sum.gains + part.gains, losses: sum.losses + part.losses, n: sum.n + part.n }),
    { gains: 0, losses: 0, n: 0 },
  );
}

function requireSameLength(labels: Int32Array, predictions: Int32Array): void {
  if (labels.length !== predictions.length) {
    throw new RangeError(`expected ${labels.length} predictions, one per label, got ${predictions.length}`);
  }
}
