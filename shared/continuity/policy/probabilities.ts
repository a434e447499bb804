/**
 * What probabilities are worth: proper scores per example, and how far confidence and accuracy lie apart.
 */

/** Probabilities below this count as this: a float32 softmax rounds to 0 what is not impossible. */
const SMALLEST = 1e-7;

/**
 * What the bounds on mean scores count as the worst. The log loss has no worst of its own: a label that was given less
 * than 1 % counts as given 1 %, so that a bound needs hundreds of examples and not thousands.
 */
export const LARGEST_LOG_LOSS = 4.6;
export const LARGEST_BRIER = 2;

/** Bins of C. Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv:1706.04599. */
export const RELIABILITY_BINS = 15;

/**
 * Log loss of each example in nats, -ln p(label), [n]; at most 16.1.
 *
 * @param labels         class ids, [n]
 * @param probabilities  [n, classes]
 */
export function logLosses(labels: Int32Array, probabilities: Float32Array): Float64Array {
  const classes = probabilities.length / labels.length;
  return Float64Array.from(
    labels,
    (label, i) => -Math.log(Math.max(probabilities[i * classes + label] as number, SMALLEST)),
  );
}

/**
 * Brier score of each example, sum over classes of (p - [class is the label])^2, in [0, 2], [n].
 * G. W. Brier 1950, Monthly Weather Review 78:1-3.
 */
export function brierScores(labels: Int32Array, probabilities: Float32Array): Float64Array {
  const classes = probabilities.length / labels.length;
  const scores = new Float64Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    let score = 0;
    for (let k = 0; k < classes; k++) {
      score += ((probabilities[i * classes + k] as number) - (k === labels[i] ? 1 : 0)) ** 2;
    }
    scores[i] = score;
  }
  return scores;
}

/** One bar of a reliability diagram. */
export interface ReliabilityBin {
  /** examples whose confidence fell into it */
  readonly n: number;
  /** their mean confidence and their accuracy; 0 in an empty bin */
  readonly confidence: number;
  readonly accuracy: number;
}

/**
 * Confidence (the largest probability) against accuracy in equal bins of (0, 1], [15].
 *
 * @param predictions  class ids, [n]: whose probability is the confidence
 */
export function reliabilityBins(
  labels: Int32Array,
  predictions: Int32Array,
  probabilities: Float32Array,
): ReliabilityBin[] {
  const classes = probabilities.length / labels.length;
  const bins = Array.from({ length: RELIABILITY_BINS }, () => ({ n: 0, confidence: 0, right: 0 }));
  for (let i = 0; i < labels.length; i++) {
    const prediction = predictions[i] as number;
    const confidence = probabilities[i * classes + prediction] as number;
    const at = Math.min(Math.max(Math.ceil(confidence * RELIABILITY_BINS) - 1, 0), RELIABILITY_BINS - 1);
    const bin = bins[at] as (typeof bins)[number];
    bin.n++;
    bin.confidence += confidence;
    if (prediction === labels[i]) bin.right++;
  }
  return bins.map(({ n, confidence, right }) => ({
    n,
    confidence: n === 0 ? 0 : confidence / n,
    accuracy: n === 0 ? 0 : right / n,
  }));
}

/** Expected calibration error: mean distance of accuracy and confidence over the bins, weighted by examples. */
export function expectedCalibrationError(bins: readonly ReliabilityBin[]): number {
  const n = bins.reduce((sum, bin) => sum + bin.n, 0);
  if (n === 0) return 0;
  return bins.reduce((sum, bin) => sum + (bin.n * Math.abs(bin.accuracy - bin.confidence)) / n, 0);
}
