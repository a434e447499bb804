/**
 * Point metrics of one window and paired counts of two models. No intervals here: see statistics/.
 */
import type { PairedCounts } from '../statistics/interval.ts';

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
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
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

/** What a sample `factor` times as large, with the same rates, would count. */
export function scaleCounts({ gains, losses, n }: PairedCounts, factor: number): PairedCounts {
  const [more, fewer] = [gains * factor, losses * factor];
  // rounding must not make of all examples a few more than all
  return { gains: more, losses: fewer, n: Math.max(n * factor, more + fewer) };
}

/**
 * Backward trust compatibility: of the examples on which the champion is right, the share on which the candidate is
 * too; 1 when the champion is never right. Bansal et al. 2019, "Updates in Human-AI Teams", AAAI 33:2429-2437.
 */
export function backwardTrust(
  windows: readonly {
    readonly labels: Int32Array;
    readonly candidate: Int32Array;
    readonly champion: Int32Array;
  }[],
): number {
  let trusted = 0;
  let kept = 0;
  for (const { labels, candidate, champion } of windows) {
    for (let i = 0; i < labels.length; i++) {
      if (champion[i] !== labels[i]) continue;
      trusted++;
      if (candidate[i] === labels[i]) kept++;
    }
  }
  return trusted === 0 ? 1 : kept / trusted;
}

function requireSameLength(labels: Int32Array, predictions: Int32Array): void {
  if (labels.length !== predictions.length) {
    throw new RangeError(`expected ${labels.length} predictions, one per label, got ${predictions.length}`);
  }
}
