/**
 * Learning from the champion's answers beside the labels: what it knew stays known (Hinton et al. 2015,
 * arXiv:1503.02531; Li & Hoiem 2017, arXiv:1606.09282).
 */
import { applyTemperature } from '../kernels/temperature.ts';
import type { TrainingRecipe } from '../../shared/model/spec/training.ts';
import type { Trainable } from './models/trainable.ts';
import type { Labels, Teacher } from './dataset.ts';

/**
 * Focal distillation (Yan et al. 2021, arXiv:2011.09161): an example counts `base`, and `right` more where the champion
 * is right, because only there a change of mind is a negative flip. In regression, where nobody is simply right, it
 * counts as in plain distillation.
 *
 * @param answers  the champion's, on the training examples: probabilities or numbers, [n, outputSize]
 * @param labels   class ids or numbers, [n]
 */
export function teach(
  kernels: WebAssembly.Module,
  answers: Float32Array,
  labels: Labels,
  { kind, weight, temperature, base, right }: TrainingRecipe['distillation'],
  task: Trainable['task'],
): Teacher {
  const n = labels.length;
  const size = answers.length / n;
  if (task === 'regression') return { outputs: answers, weights: new Float32Array(n).fill(weight) };
  const focus = (row: number): number =>
    kind === 'focal' ? base + (isRight(answers, size, row, labels[row] as number) ? right : 0) : 1;
  return {
    outputs: temperature === 1 ? answers : applyTemperature(kernels, answers, size, temperature),
    weights: Float32Array.from({ length: n }, (_, row) => weight * focus(row)),
  };
}

/** The greatest that a recipe may say. */
const MOST_WEIGHT = 100;

/**
 * The same recipe with focal distillation `retry.strength` times as strong; null when it is as strong as can be already.
 */
export function strengthen(recipe: TrainingRecipe): TrainingRecipe | null {
  const { distillation, retry } = recipe;
  const weight = Math.min(MOST_WEIGHT, distillation.weight * retry.strength);
  if (distillation.kind === 'focal' && weight === distillation.weight) return null;
  return { ...recipe, distillation: { ...distillation, kind: 'focal', weight } };
}

function isRight(answers: Float32Array, size: number, row: number, label: number): boolean {
  const own = answers.subarray(row * size, (row + 1) * size);
  return own.indexOf(Math.max(...own)) === label;
}
