import { describe, expect, test } from 'vitest';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import { trainingSchema } from '../../../shared/model/spec/training.ts';
import { weighExamples } from '../../../trainer/training/class-weights.ts';
import { teach } from '../../../trainer/training/distillation.ts';

const NAMES = ['red', 'green', 'blue'];

describe('what an example counts by its label', () => {
  const labels = Int32Array.of(0, 0, 0, 1);

  test('is the same for all unless the recipe says otherwise', () => {
    expect(weighExamples(labels, NAMES, 'none')).toBeUndefined();
  });

  test('balanced, makes every label that is there count alike, and an example once on average', () => {
    const weights = weighExamples(labels, NAMES, 'balanced') as Float32Array;
    expect([...weights].map((weight) => weight.toFixed(4))).toEqual(['0.6667', '0.6667', '0.6667', '2.0000']);
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(4, 5);
  });

  test('by name, is what is said there, and once where nothing is said', () => {
    expect([...(weighExamples(labels, NAMES, { green: 5 }) ?? [])]).toEqual([1, 1, 1, 5]);
  });
});

describe('a teacher', async () => {
  const kernels = await loadKernelModule();
  const answers = Float32Array.of(0.7, 0.2, 0.1, 0.7, 0.2, 0.1);
  const labels = Int32Array.of(0, 1);
  const policy = (changes: object) => trainingSchema.parse({ distillation: changes }).distillation;

  test('counts alike everywhere in plain distillation', () => {
    const { weights, outputs } = teach(
      kernels,
      answers,
      labels,
      policy({ kind: 'plain', weight: 2 }),
      'classification',
    );
    expect([...weights]).toEqual([2, 2]);
    expect(outputs).toEqual(answers);
  });

  test('counts more where it is right in focal distillation', () => {
    const focal = policy({ kind: 'focal', weight: 0.5, base: 1, right: 5 });
    expect([...teach(kernels, answers, labels, focal, 'classification').weights]).toEqual([3, 0.5]);
  });

  test('is softened by the temperature', () => {
    const soft = policy({ kind: 'plain', temperature: 4 });
    const [first = 0, , third = 1] = teach(kernels, answers, labels, soft, 'classification').outputs;
    expect(first / third).toBeCloseTo(7 ** 0.25, 4);
  });

  test('of numbers is nowhere simply right', () => {
    const numbers = Float32Array.of(1, 2);
    const taught = teach(
      kernels,
      numbers,
      Float64Array.of(1, 5),
      policy({ kind: 'focal', weight: 2 }),
      'regression',
    );
    expect([...taught.weights]).toEqual([2, 2]);
  });
});
