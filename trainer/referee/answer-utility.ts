/**
 * What an answer is worth, in [0, 1]: 1 for a right class; for a number the less the further off it is.
 */
import type { Spec } from '../../shared/model/spec/spec.ts';
import type { Replayed } from './replay.ts';

/** A number that is off by so many times what the versions are off on average is worth nothing. */
const WORTHLESS = 4;

/** Of each version's answers, by its number, [n]; NaN where it did not answer. */
export function answerUtility(
  { task }: Pick<Spec, 'task'>,
  { labels, answers }: Pick<Replayed, 'labels' | 'answers'>,
) {
  const scale = task === 'regression' ? WORTHLESS * meanError(labels, answers) : 0;
  const worth = (answer: number, label: number): number => {
    if (Number.isNaN(answer)) return Number.NaN;
    if (task === 'classification') return answer === label ? 1 : 0;
    return scale > 0 ? 1 - Math.min(1, Math.abs(answer - label) / scale) : 1;
  };
  return new Map(
    [...answers].map(([version, said]) => [
      version,
      said.map((answer, i) => worth(answer, labels[i] as number)),
    ]),
  );
}

/** Mean absolute error of all versions together: one scale for all, so that it favours nobody. */
function meanError(labels: Float64Array, answers: ReadonlyMap<number, Float64Array>): number {
  let sum = 0;
  let n = 0;
  for (const said of answers.values()) {
    for (const [i, answer] of said.entries()) {
      if (Number.isNaN(answer)) continue;
      sum += Math.abs(answer - (labels[i] as number));
      n += 1;
    }
  }
  return n === 0 ? 0 : sum / n;
}
