/**
 * What a learning rate range test says about a model: plain data, for the terminal, the page and --json.
 */
import type { RangePoint } from './range-test.ts';

export interface RateSearch {
  readonly format: 'holdfast-rate-search/1';
  readonly model: string;
  readonly snapshot: string;
  /** The version whose head it began with; null: a new initialisation. */
  readonly parent: number | null;
  /** Training examples, without their augmented copies. */
  readonly examples: number;
  readonly batchSize: number;
  readonly seed: number;
  /** What the spec trains with now. */
  readonly learningRate: number;
  /** In order of the rate; they end early where the loss diverged. */
  readonly points: readonly RangePoint[];
  readonly steps: number;
  readonly from: number;
  readonly to: number;
  /** Where the loss fell fastest; null where it never fell. */
  readonly suggestion: number | null;
  readonly seconds: number;
}

/** One sentence: what to do. */
export function concludeSearch({ suggestion, learningRate, parent }: RateSearch): string {
  if (suggestion === null) {
    const hint =
      parent === null
        ? 'try a wider range'
        : 'version ' + parent + ' has learned this already; --fresh begins anew';
    return `The loss never fell: ${hint}`;
  }
  const times = learningRate / suggestion;
  const close = times > 1 / 3 && times < 3;
  const now = `the spec trains with ${formatRate(learningRate)}`;
  return `The loss fell fastest at ${formatRate(suggestion)}; ${now}${close ? ', which is close' : ''}`;
}

/** Two digits: `0.0012`, `1.0e-5`. */
export function formatRate(rate: number): string {
  return rate < 1e-4 ? rate.toExponential(1) : String(Number(rate.toPrecision(2)));
}
