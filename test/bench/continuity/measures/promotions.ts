/**
 * What promotions did on the block that followed them, and what was kept away from users though it was better.
 */
import { LABELS_FALSE } from '../streams/collect.ts';
import { lossesOf, meanOf, type Outcome, type Replayed } from './outcomes.ts';
import { average, pairedDifference, Z_95 } from './statistics.ts';

/** Worse by more than this on the next block is bad; of a regression, relative to the error before. */
const BAD = 0.01;
/** Better by this on so many blocks in a row, and never served, is a lock-out; of a regression relative. */
const LOCKED = 0.05;
const LOCKED_NIGHTS = 3;

export interface Promotion {
  /** The first block that the promoted version serves. */
  readonly block: number;
  readonly before: number;
  readonly promoted: number;
  /** Loss of the promoted version less that of the one before, on that block: mean and standard error. */
  readonly worse: number;
  readonly error: number;
  /** Worse by more than a point, and beyond noise. */
  readonly bad: boolean;
  /** Rows that the version before had right and the promoted one has wrong; null of a regression. */
  readonly flips: number | null;
  /** NFR / ((1 - ER_old) ER_new), Yan et al. 2021; 0 where nothing could flip, null of a regression. */
  readonly relativeFlips: number | null;
}

export function isRegression({ stream }: Pick<Replayed, 'stream'>): boolean {
  return stream.task.task === 'regression';
}

/** Every change of what serves, between two blocks. */
export function listPromotions(replayed: Replayed, { serving, versions }: Outcome): Promotion[] {
  return serving.flatMap((promoted, block) => {
    const before = serving[block - 1];
    const { from = 0, to = 0 } = replayed.ranges[block] ?? {};
    if (before === undefined || before === promoted) return [];
    const old = lossesWithin(replayed, versions[before]?.answers, from, to);
    const now = lossesWithin(replayed, versions[promoted]?.answers, from, to);
    const { mean: worse, error } = pairedDifference(now, old);
    const margin = isRegression(replayed) ? BAD * average(old) : BAD;
    const bad = worse > margin && worse - Z_95 * error > 0;
    return [{ block, before, promoted, worse, error, bad, ...countFlips(replayed, old, now) }];
  });
}

function countFlips(
  replayed: Replayed,
  old: Float32Array,
  now: Float32Array,
): Pick<Promotion, 'flips' | 'relativeFlips'> {
  if (isRegression(replayed)) return { flips: null, relativeFlips: null };
  const flips = old.reduce((sum, loss, i) => sum + (loss === 0 && now[i] === 1 ? 1 : 0), 0);
  const expected = (1 - average(old)) * average(now);
  return { flips, relativeFlips: expected === 0 ? 0 : flips / old.length / expected };
}

function lossesWithin(
  { stream, labels }: Replayed,
  answers: Float32Array | undefined,
  from: number,
  to: number,
): Float32Array {
  const part = { stream, labels: labels.subarray(from, to) };
  return lossesOf(part, (answers ?? new Float32Array()).subarray(from, to));
}

/**
 * Blocks on which one and the same version, made before and never served until then, was better than what served by
 * five points or more, for the third block in a row (or more). Of a night whose labels were all false nothing could be
 * decided, so what followed it neither counts nor breaks the row.
 */
export function listLockouts(replayed: Replayed, outcome: Outcome): number[] {
  const { ranges } = replayed;
  const { versions, serving, losses } = outcome;
  const locked = new Set<number>();
  for (const [i, { after, answers }] of versions.entries()) {
    const own = lossesOf(replayed, answers);
    let nights = 0;
    for (const [block, { from, to }] of ranges.entries()) {
      if (after >= block) continue;
      if (serving[block] === i) break;
      const theirs = meanOf(losses, from, to);
      const gain = theirs - meanOf(own, from, to);
      const wanted = isRegression(replayed) ? LOCKED * theirs : LOCKED;
      const better = gain >= wanted - 1e-9;
      if (better && outcome.nights[block - 1]?.fault?.startsWith(LABELS_FALSE)) continue;
      nights = better ? nights + 1 : 0;
      if (nights >= LOCKED_NIGHTS) locked.add(block);
    }
  }
  return [...locked].sort((a, b) => a - b);
}
