/**
 * What can't be learned from fails by name, before the first step.
 */
import type { DenseLayer } from '../model/head.ts';
import type { Trainable } from './models/trainable.ts';
import { countRows, isLoader, type Labels, type DataLoader, loaderOf, type Dataset } from './dataset.ts';
import { RunFailure } from '../run-failure.ts';

/**
 * @param set     in memory, or in packs, whose examples were checked when they were packed
 * @param inputs  numbers that the model reads of an example
 * @throws RunFailure with what was expected, what came, and where
 */
export function checkTrainable(
  set: Dataset | DataLoader,
  inputs: number,
  initial: readonly DenseLayer[],
  task: Trainable['task'],
): void {
  if (countRows(set) === 0) throw new RunFailure('expected training examples, got none');
  const problem = findHeadProblem(loaderOf(set).size, inputs, initial, task);
  if (problem !== undefined) throw new RunFailure(problem);
  if (isLoader(set)) return;
  checkOutputs(set.labels, initial.at(-1)?.bias.data.length ?? 0, task);
  checkLabelValues(set.labels, task);
  const check = createFeatureCheck(loaderOf(set).size);
  check.add(set.features);
  check.finish();
}

function findHeadProblem(
  size: number,
  inputs: number,
  initial: readonly DenseLayer[],
  task: Trainable['task'],
): string | undefined {
  if (inputs !== size) return `expected a head that reads ${size} features, got one that reads ${inputs}`;
  const outputs = initial.at(-1)?.bias.data.length ?? 0;
  if (task === 'classification' || outputs === 1) return undefined;
  return `expected a head with one output, got one with ${outputs}`;
}

function checkOutputs(labels: Labels, outputs: number, task: Trainable['task']): void {
  if (task === 'regression') return;
  const wrong = labels.findIndex((label) => !(label >= 0 && label < outputs));
  if (wrong === -1) return;
  throw new RunFailure(
    `expected a head with an output for every label, got one with ${outputs} outputs for label ${labels[wrong]} of training example ${wrong}`,
  );
}

/** @throws RunFailure where the labels of the training examples can't be learned */
export function checkLabelValues(labels: Labels, task: Trainable['task']): void {
  if (task === 'classification') {
    if (labels.some((label) => label !== labels[0])) return;
    throw new RunFailure('expected training examples of at least two labels, got one label only');
  }
  const at = labels.findIndex((label) => !Number.isFinite(label));
  if (at === -1) return;
  throw new RunFailure(`expected finite labels, got ${labels[at]} in training example ${at}`);
}

/** Training examples' features, a part at a time. */
export interface FeatureCheck {
  /** @param features  of the next examples, [n, size]. @throws RunFailure where one is not a number */
  add(features: Float32Array): void;
  /** @throws RunFailure where all examples were the same */
  finish(): void;
}

/** @param before  how many examples were looked at elsewhere, for the example's number in a message */
export function createFeatureCheck(size: number, before = 0): FeatureCheck {
  let seen = before;
  let differ = false;
  let first: Float32Array | undefined;
  return {
    add: (features) => {
      const at = features.findIndex((value) => !Number.isFinite(value));
      if (at !== -1) {
        throw new RunFailure(
          `expected finite features, got ${features[at]} in training example ${seen + Math.floor(at / size)}`,
        );
      }
      first ??= features.slice(0, size);
      const [known, width] = [first, size];
      differ ||= features.some((value, i) => value !== known[i % width]);
      seen += features.length / size;
    },
    finish: () => {
      if (seen > 1 && !differ) throw new RunFailure(describeSame(size, seen));
    },
  };
}

/** @param n  examples, all of which are the same */
export function describeSame(size: number, n: number): string {
  return `expected features that tell examples apart, got the same ${size} numbers in all ${n} training examples`;
}
