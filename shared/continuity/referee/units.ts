/**
 * What counts as one piece of evidence. Examples of one group, or of one input that comes again and again, resemble each
 * other: they are one unit, with its mean difference, however many they are. Neighbours in time may resemble each other
 * as well: each counts by the share that it is worth.
 *
 * Neighbours are not put together into blocks with a mean each: no bet on a mean of ten can be ten times as high, as all
 * ten may be lost, so that a hint of correlation would cost three times the labels. The share is the exponent of what an
 * example makes of the wealth. With shares of 1 / L and examples that are independent L apart, the wealth stays one,
 * exactly (Hölder's inequality, over L interleaved series); with 1 / design effect, for as many as vary normally.
 */
import { clusterVariance, UNGROUPED } from '../statistics/design-effect.ts';
import { blockLength } from '../statistics/block-length.ts';
import { mergeTallies, type Tally, tallyOf } from '../statistics/e-process.ts';

/** Examples in order of time, [n] each. */
export interface PairedExamples {
  /** what the challenger's answer is worth more than the champion's, in [-1, 1] */
  readonly differences: Float64Array;
  /** group ids; UNGROUPED for an example on its own; left out where there are no groups */
  readonly groups?: Int32Array;
  /** the same id for the same input; left out where inputs are known to differ */
  readonly contents?: Int32Array;
}

export interface IndependentUnits {
  /** mean difference of each group or repeated input, in [-1, 1] */
  readonly tied: Float64Array;
  /** differences of the examples that nothing ties together, in order of time, in [-1, 1] */
  readonly alone: Float64Array;
  /** what one of these is worth, in (0, 1] */
  readonly share: number;
  /** length of the blocks in which their correlation was measured; 1 where there is none */
  readonly blockLength: number;
}

/**
 * Groups first, then inputs that repeat, then what is left, in order of time.
 *
 * @throws RangeError when lengths differ (a bug in the caller)
 */
export function unitsOf({ differences, groups, contents }: PairedExamples): IndependentUnits {
  const n = differences.length;
  for (const ids of [groups, contents]) {
    if (ids !== undefined && ids.length !== n) throw new RangeError(`expected ${n} ids, got ${ids.length}`);
  }
  const repeats = contents === undefined ? new Set<number>() : repeated(contents, groups);
  const tied = new Map<string, { sum: number; size: number }>();
  const single: number[] = [];
  for (let i = 0; i < n; i++) {
    const value = differences[i] as number;
    const name = nameOf(groups?.[i] ?? UNGROUPED, contents?.[i], repeats);
    if (name === null) {
      single.push(value);
      continue;
    }
    const unit = tied.get(name) ?? { sum: 0, size: 0 };
    tied.set(name, { sum: unit.sum + value, size: unit.size + 1 });
  }
  const alone = Float64Array.from(single);
  return {
    tied: Float64Array.from(tied.values(), ({ sum, size }) => sum / size),
    alone,
    ...worthOfNeighbours(alone),
  };
}

/**
 * How far neighbours in time resemble each other.
 *
 * @param alone  differences of the examples that nothing ties together, in order of time, in [-1, 1], [n]
 */
export function worthOfNeighbours(alone: Float64Array): Pick<IndependentUnits, 'share' | 'blockLength'> {
  const length = blockLength(alone);
  return { share: shareOf(alone, length), blockLength: length };
}

/** Shares are whole multiples of this, so that sums of them are exact. */
const LEAST_SHARE = 1 / 1_024;

/**
 * 1 / design effect: how much more block means vary than if examples were independent. An estimate too, so it is taken
 * one standard error of a variance larger; but never more than if all examples of a block were the same.
 */
function shareOf(values: Float64Array, length: number): number {
  if (length === 1) return 1;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const blocks = Int32Array.from(values, (_, i) => Math.floor(i / length));
  const centred = values.map((value) => value - mean);
  const { clustered, independent, groups } = clusterVariance(centred, blocks);
  const effect = Math.max(1, clustered / independent) * (1 + Math.sqrt(2 / (groups - 1)));
  const share = 1 / Math.min(length, effect);
  return Math.max(LEAST_SHARE, Math.floor(share / LEAST_SHARE) * LEAST_SHARE);
}

/** Units as they are counted: groups and repeats in full, the others by their share. */
export function tallyUnits({ tied, alone, share }: IndependentUnits): Tally {
  return mergeTallies([tallyOf(tied), tallyOf(alone, share)]);
}

/** Inputs that more than one ungrouped example has. */
function repeated(contents: Int32Array, groups: Int32Array | undefined): Set<number> {
  const seen = new Set<number>();
  const again = new Set<number>();
  for (const [i, content] of contents.entries()) {
    if (groups !== undefined && groups[i] !== UNGROUPED) continue;
    if (seen.has(content)) again.add(content);
    seen.add(content);
  }
  return again;
}

function nameOf(group: number, content: number | undefined, repeats: ReadonlySet<number>): string | null {
  if (group !== UNGROUPED) return `group ${group}`;
  return content !== undefined && repeats.has(content) ? `input ${content}` : null;
}
