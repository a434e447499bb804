/**
 * Tabular examples changed, as the model sees them: numbers in their standard deviations, categories one-hot.
 */
import type { RowRanges } from '../../shared/model/spec/augmentation.ts';
import { widthOf } from '../../shared/model/spec/feature.ts';
import type { Feature } from '../../shared/model/spec/spec.ts';
import type { Random } from '../../shared/random.ts';

export interface RowAugmenter {
  /** @param row  what the model sees of one example, [encodedSize]; changed in place */
  change(row: Float32Array, random: Random): void;
}

/**
 * Noise on every number feature, and features that are as if they were not known: a number at the mean it is
 * standardised by (0), a category with none of its values.
 *
 * @param deviations  of the features, see `measureFeatures`: noise goes by how far a feature varies, so that one which
 *                    never does gets none
 */
export function createRowAugmenter(
  features: readonly Feature[],
  { noise, featureDropout }: RowRanges,
  deviations: readonly number[],
): RowAugmenter {
  const columns = columnsOf(features);
  const steps = deviations.map((deviation) => noise * deviation);
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
    const width = widthOf(feature);
    next += width;
    return { at, width, number: feature.type === 'number' };
  });
}

/** Measures features of examples that come a matrix at a time, twice in the same order. */
export interface FeatureMeasure {
  /** The first time. @param rows  examples as the model sees them, [n, encodedSize] */
  centre(rows: Float32Array): void;
  /** The second time, when all have been centred on. */
  spread(rows: Float32Array): void;
  /** Standard deviation by feature, [features]: population; exactly 0 where nothing varies, and of categories. */
  deviations(): number[];
}

/** @param count  how many rows there are, of a tensor one for each of its places in every example */
export function createFeatureMeasure(features: readonly Feature[], count: number): FeatureMeasure {
  const columns = columnsOf(features).map((column) => ({
    ...column,
    first: Number.NaN,
    mean: 0,
    variance: 0,
  }));
  const width = columns.reduce((sum, column) => sum + column.width, 0);
  const numbers = columns.filter(({ number }) => number);
  return {
    centre(rows) {
      for (const column of numbers) {
        if (Number.isNaN(column.first)) column.first = rows[column.at] as number;
        for (let i = column.at; i < rows.length; i += width) {
          column.mean += ((rows[i] as number) - column.first) / count;
        }
      }
    },
    spread(rows) {
      for (const column of numbers) {
        for (let i = column.at; i < rows.length; i += width) {
          const distance = (rows[i] as number) - column.first - column.mean;
          column.variance += (distance * distance) / count;
        }
      }
    },
    deviations: () => columns.map(({ variance }) => Math.sqrt(variance)),
  };
}

/** The same of examples in memory. */
export function measureFeatures(features: readonly Feature[], rows: Float32Array): number[] {
  const width = columnsOf(features).reduce((sum, column) => sum + column.width, 0);
  const measure = createFeatureMeasure(features, rows.length / width);
  measure.centre(rows);
  measure.spread(rows);
  return measure.deviations();
}

const SUMMED = 12;

/** Mean 0, standard deviation 1, within ±6: twelve uniform numbers summed (Irwin-Hall). */
export function nearNormal(random: Random): number {
  let sum = -SUMMED / 2;
  for (let i = 0; i < SUMMED; i++) sum += random.uniform();
  return sum;
}
