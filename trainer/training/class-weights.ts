/**
 * What an example counts by its label.
 */
import type { TrainingRecipe } from '../../shared/model/spec/training.ts';
import type { Labels } from './dataset.ts';

/**
 * `balanced`: n / (classes · examples of the label), so that all labels that are there count alike and the mean is 1
 * (King & Zeng 2001, as scikit-learn has it). By name: as given, 1 where a label is not named.
 *
 * @param labels  class ids, [n]
 * @param names   the labels' names by class id
 * @returns what an example of each class counts, [classes]; null where every example counts once
 */
export function weighClasses(
  labels: Labels,
  names: readonly string[],
  classWeights: TrainingRecipe['classWeights'],
): number[] | null {
  if (classWeights === 'none') return null;
  if (classWeights === 'balanced') return balance(labels, names.length);
  return names.map((name) => classWeights[name] ?? 1);
}

/** What each example counts, [n]; undefined where every one counts once. Parameters as of `weighClasses`. */
export function weighExamples(
  labels: Labels,
  names: readonly string[],
  classWeights: TrainingRecipe['classWeights'],
): Float32Array | undefined {
  const byClass = weighClasses(labels, names, classWeights);
  return byClass === null ? undefined : Float32Array.from(labels, (label) => byClass[label] as number);
}

function balance(labels: Labels, classes: number): number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  const present = counts.filter((count) => count > 0).length;
  return counts.map((count) => labels.length / (present * Math.max(1, count)));
}
