/**
 * An independent reference for the training loop: one hidden relu layer, softmax cross-entropy and Adam as their
 * papers write them, in double precision, over the whole set at once.
 */
import type { DenseLayer } from '../../../trainer/model/head.ts';
import type { Dataset } from '../../../trainer/training/dataset.ts';

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-7;

interface Parameters {
  readonly values: number[];
  readonly m: number[];
  readonly v: number[];
}

/** @returns the loss before each step */
export function adamReference(
  { features, labels }: Dataset,
  [hidden, output]: readonly DenseLayer[],
  { steps, learningRate }: { readonly steps: number; readonly learningRate: number },
): { readonly losses: number[] } {
  if (hidden === undefined || output === undefined) throw new RangeError('expected two layers');
  const n = labels.length;
  const inputs = features.length / n;
  const units = hidden.bias.data.length;
  const classes = output.bias.data.length;
  const [w1, b1, w2, b2] = [hidden.kernel, hidden.bias, output.kernel, output.bias].map(({ data }) =>
    track(data),
  ) as [Parameters, Parameters, Parameters, Parameters];
  const losses: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const g1 = zeros(w1),
      gb1 = zeros(b1),
      g2 = zeros(w2),
      gb2 = zeros(b2);
    let loss = 0;
    for (let row = 0; row < n; row++) {
      const x = Array.from(features.subarray(row * inputs, (row + 1) * inputs));
      const h = b1.values.map((b, j) =>
        Math.max(0, b + sum(x, (xi, i) => xi * at(w1.values, i * units + j))),
      );
      const z = b2.values.map((b, c) => b + sum(h, (hj, j) => hj * at(w2.values, j * classes + c)));
      const total = z.reduce((acc, value) => acc + Math.exp(value), 0);
      const p = z.map((value) => Math.exp(value) / total);
      const label = labels[row] as number;
      loss -= Math.log(at(p, label)) / n;
      const dz = p.map((value, c) => (value - (c === label ? 1 : 0)) / n);
      const dh = h.map((hj, j) => (hj > 0 ? sum(dz, (d, c) => d * at(w2.values, j * classes + c)) : 0));
      for (let c = 0; c < classes; c++) {
        gb2[c] = at(gb2, c) + at(dz, c);
        for (let j = 0; j < units; j++) g2[j * classes + c] = at(g2, j * classes + c) + at(h, j) * at(dz, c);
      }
      for (let j = 0; j < units; j++) {
        gb1[j] = at(gb1, j) + at(dh, j);
        for (let i = 0; i < inputs; i++) g1[i * units + j] = at(g1, i * units + j) + at(x, i) * at(dh, j);
      }
    }
    losses.push(loss);
    for (const [parameters, gradient] of [
      [w1, g1],
      [b1, gb1],
      [w2, g2],
      [b2, gb2],
    ] as const) {
      adamStep(parameters, gradient, step, learningRate);
    }
  }
  return { losses };
}

/** Kingma & Ba 2015, algorithm 1. */
function adamStep(
  { values, m, v }: Parameters,
  gradient: readonly number[],
  t: number,
  learningRate: number,
): void {
  for (const [i, g] of gradient.entries()) {
    m[i] = BETA1 * at(m, i) + (1 - BETA1) * g;
    v[i] = BETA2 * at(v, i) + (1 - BETA2) * g * g;
    const mHat = at(m, i) / (1 - BETA1 ** t);
    const vHat = at(v, i) / (1 - BETA2 ** t);
    values[i] = at(values, i) - (learningRate * mHat) / (Math.sqrt(vHat) + EPSILON);
  }
}

function track(data: Float32Array): Parameters {
  const values = Array.from(data);
  return { values, m: values.map(() => 0), v: values.map(() => 0) };
}

function zeros({ values }: Parameters): number[] {
  return values.map(() => 0);
}

function at(values: readonly number[], i: number): number {
  return values[i] as number;
}

function sum(values: readonly number[], of: (value: number, i: number) => number): number {
  return values.reduce((total, value, i) => total + of(value, i), 0);
}
