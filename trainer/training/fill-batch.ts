/**
 * Examples into a model's batch.
 */
import type { Trainable } from './models/trainable.ts';
import type { Dataset } from './dataset.ts';

/** @param rows  which examples, at most the model's capacity */
export function fillBatch(model: Trainable, set: Dataset, rows: Int32Array): void {
  const { batch, inputSize, outputSize, task } = model;
  const { features, labels, weights, teacher } = set;
  if (task === 'classification') batch.targets.fill(0, 0, rows.length * outputSize);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const label = labels[row] as number;
    batch.inputs.set(features.subarray(row * inputSize, (row + 1) * inputSize), i * inputSize);
    if (task === 'classification') batch.targets[i * outputSize + label] = 1;
    else batch.targets[i] = label;
    batch.weights[i] = weights?.[row] ?? 1;
    if (!teacher) continue;
    batch.teacher.set(teacher.outputs.subarray(row * outputSize, (row + 1) * outputSize), i * outputSize);
    batch.teacherWeights[i] = teacher.weights[row] as number;
  }
}
