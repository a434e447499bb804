/**
 * Tabular examples changed, as the model sees them: numbers in their standard deviations, categories one-hot.
 */
import type { RowRanges } from '../../shared/model/augmentation.ts';
import type { Feature } from '../../shared/model/spec.ts';
import type { Random } from '../../shared/random.ts';

/**
 * Noise on every number feature, and features that are as if they were not known: a number at the mean it was
 * standardised by (0), a category with none of its values.
 *
 * @param row  what the model sees of one example, [encodedSize]; changed in place
 */
export function augmentRow(
  features: readonly Feature[],
  { noise, featureDropout }: RowRanges,
  row: Float32Array,
  random: Random,
): void {
  let at = 0;
  for (const feature of features) {
    const width = feature.type === 'number' ? 1 : feature.values.length;
    const unknown = random.uniform() < featureDropout;
    const step = feature.type === 'number' ? noise * nearNormal(random) : 0;
    if (unknown) row.fill(0, at, at + width);
    else if (step !== 0) row[at] = (row[at] as number) + step;
    at += width;
  }
}

const SUMMED = 12;

/** Mean 0, standard deviation 1, within ±6: twelve uniform numbers summed (Irwin-Hall). */
export function nearNormal(random: Random): number {
  let sum = -SUMMED / 2;
  for (let i = 0; i < SUMMED; i++) sum += random.uniform();
  return sum;
}
