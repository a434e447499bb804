import { describe, expect, test } from 'vitest';
import type { DenseLayer } from '../../../trainer/model/head.ts';
import { createDenseStack, type DenseStack, type Loss } from '../../../trainer/kernels/dense-stack.ts';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { applyTemperature } from '../../../trainer/kernels/temperature.ts';
import { createRandom, type Random } from '../../../shared/random.ts';

const module = await loadKernelModule();
const ROWS = 6;
const SIZE = 7;

/** The outputs are the inputs, so that a test may choose them. */
function passing(loss: Loss): DenseStack {
  const identity: DenseLayer = {
    kernel: {
      shape: [SIZE, SIZE],
      data: Float32Array.from({ length: SIZE * SIZE }, (_, i) => (i % (SIZE + 1) === 0 ? 1 : 0)),
    },
    bias: { shape: [SIZE], data: new Float32Array(SIZE) },
    activation: 'softmax',
  };
  return createDenseStack(module, [identity], ROWS, { loss, anchored: false });
}

/** Random outputs, targets that are distributions over the classes, weights and a teacher. */
function fill(stack: DenseStack, seed: number): void {
  const random = createRandom(seed);
  for (let i = 0; i < ROWS * SIZE; i++) stack.inputs[i] = random.uniform() * 6 - 3;
  stack.targets.set(distributions(random));
  stack.teacher.set(distributions(random));
  for (let row = 0; row < ROWS; row++) {
    stack.weights[row] = random.uniform() * 3;
    stack.teacherWeights[row] = random.uniform() * 3;
  }
}

function distributions(random: Random): Float32Array {
  const values = Float32Array.from({ length: ROWS * SIZE }, () => random.uniform());
  return values.map((value, i) => {
    const row = values.subarray(i - (i % SIZE), i - (i % SIZE) + SIZE);
    return value / row.reduce((sum, other) => sum + other, 0);
  });
}

const rowsOf = (values: Float32Array): number[][] =>
  Array.from({ length: ROWS }, (_, row) => [...values.subarray(row * SIZE, (row + 1) * SIZE)]);

/** Written out in double precision, by the formula in the paper. */
function crossEntropy(z: readonly number[], target: readonly number[], temperature: number): number {
  const total = z.reduce((sum, value) => sum + Math.exp(value / temperature), 0);
  const log = z.map((value) => value / temperature - Math.log(total));
  return -(temperature ** 2) * target.reduce((sum, t, i) => sum + t * (log[i] as number), 0);
}

function squaredError(z: readonly number[], target: readonly number[]): number {
  return z.reduce((sum, value, i) => sum + (value - (target[i] as number)) ** 2 / SIZE, 0);
}

function total(stack: DenseStack, of: (z: readonly number[], target: readonly number[]) => number): number {
  const [z, targets] = [rowsOf(stack.inputs), rowsOf(stack.targets)];
  return z.reduce((sum, row, i) => sum + (stack.weights[i] as number) * of(row, targets[i] as number[]), 0);
}

describe('a loss', () => {
  test('cross-entropy with soft targets and weights is what the formula says', () => {
    const stack = passing('cross-entropy');
    fill(stack, 1);
    stack.forward(ROWS);
    expect(stack.loss(ROWS)).toBeCloseTo(
      total(stack, (z, t) => crossEntropy(z, t, 1)),
      4,
    );
    stack.release();
  });

  test('squared error is averaged over the outputs, and weighted', () => {
    const stack = passing('squared-error');
    fill(stack, 2);
    stack.forward(ROWS);
    expect(stack.loss(ROWS)).toBeCloseTo(total(stack, squaredError), 4);
    stack.release();
  });

  test.each([0.5, 1, 3])(
    'agreement with a teacher at temperature %d is what Hinton et al. write',
    (temperature) => {
      const stack = passing('cross-entropy');
      fill(stack, 3);
      stack.forward(ROWS);
      const [z, teacher] = [rowsOf(stack.inputs), rowsOf(stack.teacher)];
      const expected = z.reduce(
        (sum, row, i) =>
          sum + (stack.teacherWeights[i] as number) * crossEntropy(row, teacher[i] as number[], temperature),
        0,
      );
      expect(stack.teacherLoss(ROWS, temperature) / expected).toBeCloseTo(1, 5);
      stack.release();
    },
  );

  test.each(['cross-entropy', 'squared-error'] as const)(
    'the gradient of %s with a teacher is that of finite differences',
    (loss) => {
      const stack = passing(loss);
      fill(stack, 4);
      const measure = (): number => {
        stack.forward(ROWS);
        return (stack.loss(ROWS) + stack.teacherLoss(ROWS, 2)) / ROWS;
      };
      measure();
      const gradient = stack.gradient.slice();
      for (let i = 0; i < ROWS * SIZE; i++) {
        const before = stack.inputs[i] as number;
        const [up, down] = [before + 0.01, before - 0.01].map((value) => {
          stack.inputs[i] = value;
          return measure();
        }) as [number, number];
        stack.inputs[i] = before;
        expect((up - down) / 0.02).toBeCloseTo(gradient[i] as number, 3);
      }
      stack.release();
    },
  );

  test('a row that counts nothing changes nothing', () => {
    const stack = passing('cross-entropy');
    fill(stack, 5);
    stack.weights[2] = 0;
    stack.forward(ROWS);
    const loss = stack.loss(ROWS);
    expect([...stack.gradient.subarray(2 * SIZE, 3 * SIZE)]).toEqual(Array.from({ length: SIZE }, () => 0));
    stack.inputs[2 * SIZE] = 40;
    stack.forward(ROWS);
    expect(stack.loss(ROWS)).toBe(loss);
    stack.release();
  });

  test('an output that is not a number gives a loss that is none', () => {
    const stack = passing('cross-entropy');
    fill(stack, 6);
    stack.inputs[3] = Number.NaN;
    stack.forward(ROWS);
    expect(stack.loss(ROWS)).toBeNaN();
    stack.release();
  });
});

describe('probabilities at another temperature', () => {
  test('are their powers, divided by the sum', () => {
    const probabilities = distributions(createRandom(7));
    const tempered = rowsOf(applyTemperature(module, probabilities, SIZE, 2));
    for (const [i, row] of rowsOf(probabilities).entries()) {
      const powers = row.map((p) => p ** 0.5);
      const sum = powers.reduce((a, b) => a + b, 0);
      for (const [c, power] of powers.entries()) expect(tempered[i]?.[c]).toBeCloseTo(power / sum, 5);
    }
  });

  test('a certain answer stays a distribution', () => {
    const [certain] = rowsOf(
      applyTemperature(
        module,
        Float32Array.from({ length: ROWS * SIZE }, (_, i) => (i % SIZE === 0 ? 1 : 0)),
        SIZE,
        4,
      ),
    );
    expect(certain?.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    expect(certain?.every((p) => p > 0)).toBe(true);
  });
});
