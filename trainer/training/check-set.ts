/**
 * What can't be learned from fails by name, before the first step.
 */
import type { DenseLayer } from '../../shared/model/head.ts';
import { RunFailure } from '../pipeline/context.ts';
import type { Trainable } from './trainable.ts';
import type { Labels, TrainingSet } from './training-set.ts';

/**
 * @param inputs  numbers that the model reads of an example
 * @throws RunFailure with what was expected, what came, and where
 */
export function checkTrainable(
  set: TrainingSet,
  inputs: number,
  initial: readonly DenseLayer[],
  task: Trainable['task'],
): void {
  const n = set.labels.length;
  if (n === 0) throw new RunFailure('expected training examples, got none');
  const problem =
    findHeadProblem(set, inputs, initial, task) ??
    (task === 'classification' ? findClassProblem(set) : findNumberProblem(set)) ??
    findFeatureProblem(set);
  if (problem !== undefined) throw new RunFailure(problem);
}

function findHeadProblem(
  { features, labels }: TrainingSet,
  inputs: number,
  initial: readonly DenseLayer[],
  task: Trainable['task'],
): string | undefined {
  const size = features.length / labels.length;
  if (inputs !== size) return `expected a head that reads ${size} features, got one that reads ${inputs}`;
  const outputs = initial.at(-1)?.bias.data.length ?? 0;
  if (task === 'regression') {
    return outputs === 1 ? undefined : `expected a head with one output, got one with ${outputs}`;
  }
  const wrong = labels.findIndex((label) => !(label >= 0 && label < outputs));
  if (wrong === -1) return undefined;
  return `expected a head with an output for every label, got one with ${outputs} outputs for label ${labels[wrong]} of training example ${wrong}`;
}

function findClassProblem({ labels }: TrainingSet): string | undefined {
  if (labels.some((label) => label !== labels[0])) return undefined;
  return 'expected training examples of at least two labels, got one label only';
}

function findNumberProblem({ labels }: TrainingSet): string | undefined {
  const at = labels.findIndex((label) => !Number.isFinite(label));
  return at === -1 ? undefined : `expected finite labels, got ${labels[at]} in training example ${at}`;
}

function findFeatureProblem({ features, labels }: TrainingSet): string | undefined {
  const n = labels.length;
  const size = features.length / n;
  const at = features.findIndex((value) => !Number.isFinite(value));
  if (at !== -1) {
    return `expected finite features, got ${features[at]} in training example ${Math.floor(at / size)}`;
  }
  if (n > 1 && features.every((value, i) => value === features[i % size])) {
    return `expected features that tell examples apart, got the same ${size} numbers in all ${n} training examples`;
  }
  return undefined;
}

/**
 * A version that starts afresh can't know a label it never saw.
 *
 * @param labels  class ids of the training examples
 * @throws RunFailure that names the labels without an example
 */
export function checkLabelsPresent(labels: Labels, names: readonly string[]): void {
  const present = new Set(labels);
  // One label only has a message of its own.
  if (present.size < 2) return;
  const missing = names.filter((_, id) => !present.has(id));
  if (missing.length === 0) return;
  const first = missing.slice(0, 5).map((name) => JSON.stringify(name));
  const more = missing.length > first.length ? ` and ${missing.length - first.length} more` : '';
  throw new RunFailure(
    `expected training examples of all ${names.length} labels, got none of ${first.join(', ')}${more}`,
  );
}
