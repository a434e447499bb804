/**
 * Repeated splits whose true difference is known: nearest-centroid classifiers on Gaussian data, the champion's reading
 * six features and the candidate's four. Trained and tested for real; only the data are simulated.
 */
import { checkRepeatedSplits } from '../../../shared/continuity/checks/repeated-splits.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { shuffle } from '../../../shared/random.ts';
import { drawFrom, drawNormal, evidenceOf } from './population.ts';
import type { Draw } from './population.ts';

/** Distance of each class mean from 0, per feature. */
const MEANS = [0.7, 0.5, 0.4, 0.35, 0.3, 0.25] as const;
const CANDIDATE_FEATURES = 4;
const SPLITS = 10;

/** A night: whether the check passes a recipe that is worse by exactly the margin, in expectation. */
export function splitsAtMargin(n: number): (draw: Draw) => boolean {
  const tested = n / 5;
  const trained = n - tested;
  const margin = trueAccuracy(trained, MEANS.length) - trueAccuracy(trained, CANDIDATE_FEATURES);
  const base = gatePolicySchema.parse({});
  const policy = { ...base, margins: { ...base.margins, splits: margin } };
  const facts = evidenceOf([]);
  return (draw) => {
    const data = drawData(n, draw);
    const scores = Array.from({ length: SPLITS }, () => runSplit(data, tested, draw));
    const of = (pick: (score: (typeof scores)[number]) => number): Float64Array =>
      Float64Array.from(scores, pick);
    const splits = {
      trained,
      tested,
      candidate: { train: of(({ candidate }) => candidate), test: of(({ candidate }) => candidate) },
      champion: { train: of(({ champion }) => champion), test: of(({ champion }) => champion) },
    };
    return checkRepeatedSplits({ ...facts, splits }, policy).verdict === 'pass';
  };
}

interface Data {
  /** [n, features] */
  readonly x: Float64Array;
  /** -1 or 1, [n] */
  readonly y: Int8Array;
}

function drawData(n: number, draw: Draw): Data {
  const y = Int8Array.from({ length: n }, () => (draw() < 0.5 ? -1 : 1));
  const x = new Float64Array(n * MEANS.length);
  for (let i = 0; i < n; i++) {
    for (const [f, mean] of MEANS.entries())
      x[i * MEANS.length + f] = (y[i] as number) * mean + drawNormal(draw);
  }
  return { x, y };
}

/** Test accuracies of both recipes on one random split. */
function runSplit({ x, y }: Data, tested: number, draw: Draw): { candidate: number; champion: number } {
  const width = MEANS.length;
  const order = shuffle(
    Int32Array.from(y, (_, i) => i),
    { uniform: draw, below: (n) => Math.floor(n * draw()) },
  );
  const sums = { plus: new Float64Array(width), minus: new Float64Array(width) };
  const counts = { plus: 0, minus: 0 };
  for (const i of order.subarray(tested)) {
    const side = (y[i] as number) > 0 ? 'plus' : 'minus';
    counts[side]++;
    for (let f = 0; f < width; f++) sums[side][f] = (sums[side][f] as number) + (x[i * width + f] as number);
  }
  const plus = sums.plus.map((sum) => sum / counts.plus);
  const minus = sums.minus.map((sum) => sum / counts.minus);
  const right = { candidate: 0, champion: 0 };
  for (const i of order.subarray(0, tested)) {
    let score = 0;
    for (let f = 0; f < width; f++) {
      const [p, m] = [plus[f] as number, minus[f] as number];
      score += (p - m) * ((x[i * width + f] as number) - (p + m) / 2);
      if (f + 1 === CANDIDATE_FEATURES && score * (y[i] as number) > 0) right.candidate++;
    }
    if (score * (y[i] as number) > 0) right.champion++;
  }
  return { candidate: right.candidate / tested, champion: right.champion / tested };
}

/** Expected accuracy on the population of a classifier trained on so many examples: its centroids are Gaussian. */
function trueAccuracy(trained: number, features: number): number {
  const draw = drawFrom(5);
  const rounds = 20_000;
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    let [plus, minus, squares] = [0, 0, 0];
    for (let f = 0; f < features; f++) {
      const mean = MEANS[f] as number;
      const spread = Math.sqrt(2 / trained);
      const [p, m] = [mean + spread * drawNormal(draw), -mean + spread * drawNormal(draw)];
      const weight = p - m;
      plus += weight * (mean - (p + m) / 2);
      minus += weight * (-mean - (p + m) / 2);
      squares += weight * weight;
    }
    sum += (normalCdf(plus / Math.sqrt(squares)) + normalCdf(-minus / Math.sqrt(squares))) / 2;
  }
  return sum / rounds;
}

/** Abramowitz & Stegun 26.2.17, error below 1e-7. */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(x));
  const tail =
    Math.exp((-x * x) / 2) *
    0.398_942_28 *
    t *
    (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  return x > 0 ? 1 - tail : tail;
}
