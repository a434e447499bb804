/**
 * Two versions on what both answered.
 */
import type { Replayed } from './replay.ts';
import type { PairedExamples } from '../../shared/continuity/referee/units.ts';

/** Who is compared, and on what. */
export interface Compared {
  readonly challenger: number;
  readonly champion: number;
  /** inclusive */
  readonly fromMs: number;
  /** positions in the replay */
  readonly inside: readonly number[];
  readonly examples: PairedExamples;
}

/**
 * Examples that both answered, in order of time.
 *
 * @param worth   what answers are worth, by version; NaN where it did not answer
 * @param fromMs  inclusive
 * @param toMs    exclusive
 * @returns null where one of the two answered nothing
 */
export function pairBetween(
  { times, groups, contents }: Replayed,
  worth: ReadonlyMap<number, Float64Array>,
  challenger: number,
  champion: number,
  fromMs: number,
  toMs: number,
): Compared | null {
  const mine = worth.get(challenger);
  const theirs = worth.get(champion);
  if (mine === undefined || theirs === undefined) return null;
  const inside = [...times.keys()].filter(
    (i) =>
      (times[i] as number) >= fromMs &&
      (times[i] as number) < toMs &&
      !Number.isNaN(mine[i]) &&
      !Number.isNaN(theirs[i]),
  );
  const examples = {
    differences: Float64Array.from(inside, (i) => (mine[i] as number) - (theirs[i] as number)),
    contents: Int32Array.from(inside, (i) => contents[i] as number),
    ...(groups && { groups: Int32Array.from(inside, (i) => groups[i] as number) }),
  };
  return { challenger, champion, fromMs, inside, examples };
}
