/**
 * Tabular examples changed, as the model sees them: numbers in their standard deviations, categories one-hot.
 */
import type { RowRanges } from '../../shared/model/augmentation.ts';
import type { Feature } from '../../shared/model/spec.ts';
import type { Random } from '../../shared/random.ts';

export interface RowAugmenter {
  /** @param row  what the model sees of one example, [encodedSize]; changed in place */
  change(row: Float32Array, random: Random): void;
}

/**
 * Noise on every number feature, and features that are as if they were not known: a number at the mean it is
 * standardised by (0), a category with none of its values.
 *
 * @param rows  the training examples as the model sees them, [n, encodedSize]: noise is measured by how far a feature
 *              varies among them, so that one which never does gets none
 */
export function createRowAugmenter(
  features: readonly Feature[],
  { noise, featureDropout }: RowRanges,
  rows: Float32Array,
): RowAugmenter {
  const columns = columnsOf(features);
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  const steps = columns.map(({ at, number }) => (number ? noise * deviationOf(rows, at, width) : 0));
  return {
    change(row, random) {
      for (const [i, column] of columns.entries()) {
        const unknown = random.uniform() < featureDropout;
        const step = column.number ? nearNormal(random) * (steps[i] as number) : 0;
        if (unknown) row.fill(0, column.at, column.at + column.width);
        else if (step !== 0) row[column.at] = (row[column.at] as number) + step;
      }
    },
  };
}

interface Column {
  readonly at: number;
  readonly width: number;
  readonly number: boolean;
}

function columnsOf(features: readonly Feature[]): Column[] {
  let next = 0;
  return features.map((feature) => {
    const at = next;
    const width = feature.type === 'number' ? 1 : feature.values.length;
    next += width;
    return { at, width, number: feature.type === 'number' };
  });
}

/** Of one column of a matrix: population, two passes; exactly 0 where nothing varies. */
function deviationOf(rows: Float32Array, at: number, width: number): number {
  const count = rows.length / width;
  const first = rows[at] as number;
  let mean = 0;
  for (let i = at; i < rows.length; i += width) mean += ((rows[i] as number) - first) / count;
  let variance = 0;
  for (let i = at; i < rows.length; i += width) {
    const distance = (rows[i] as number) - first - mean;
    variance += (distance * distance) / count;
  }
  return Math.sqrt(variance);
}

const SUMMED = 12;

/** Mean 0, standard deviation 1, within ±6: twelve uniform numbers summed (Irwin-Hall). */
export function nearNormal(random: Random): number {
  let sum = -SUMMED / 2;
  for (let i = 0; i < SUMMED; i++) sum += random.uniform();
  return sum;
}
