/**
 * The champion beside the version before it, as the rollback test reads them: stretches of time, each from one bet to
 * the next, of what is not settled yet. Pure.
 */
import {
  tallyUnits,
  type PairedExamples,
  unitsOf,
  worthOfNeighbours,
} from '../../shared/continuity/referee/units.ts';
import type { SettledStretches, Stretch } from '../../shared/continuity/referee/rollback-test.ts';
import { LABELS_A_BET, settleStretch } from '../../shared/continuity/referee/rollback-test.ts';
import { pairBetween } from '../referee/pair.ts';
import type { Replayed } from '../referee/replay.ts';

/** What both answered, in order of time, [n] each. */
export interface Compared {
  readonly times: Float64Array;
  /** what the reference's answer is worth more than the champion's, in [-1, 1] */
  readonly differences: Float64Array;
  readonly groups: Int32Array | null;
  readonly contents: Int32Array;
  /** positions in the replay */
  readonly inside: readonly number[];
}

/** @param worth  what the answers of each version are worth, by its number (referee/answer-utility.ts) */
export function compareVersions(
  seen: Replayed,
  worth: ReadonlyMap<number, Float64Array>,
  reference: number,
  champion: number,
): Compared {
  const pair = pairBetween(seen, worth, reference, champion, Number.NEGATIVE_INFINITY, Infinity);
  const inside = pair?.inside ?? [];
  return {
    times: Float64Array.from(inside, (i) => seen.times[i] as number),
    differences: pair?.examples.differences ?? new Float64Array(),
    groups: pair?.examples.groups ?? null,
    contents: pair?.examples.contents ?? new Int32Array(),
    inside,
  };
}

/** Positions of `fromMs` and later, and before `toMs`. */
export function between({ times }: Pick<Compared, 'times'>, fromMs: number, toMs: number): number[] {
  return [...times.keys()].filter((i) => (times[i] as number) >= fromMs && (times[i] as number) < toMs);
}

/** Those at the given places, in that order. */
export function pickExamples(
  { differences, groups, contents }: Compared,
  chosen: readonly number[],
): PairedExamples {
  return {
    differences: Float64Array.from(chosen, (i) => differences[i] as number),
    contents: Int32Array.from(chosen, (i) => contents[i] as number),
    ...(groups && { groups: Int32Array.from(chosen, (i) => groups[i] as number) }),
  };
}

/** What an example that nothing ties to others is worth beside its neighbours in time. */
export function shareIn(compared: Compared): number {
  return worthOfNeighbours(unitsOf(pickExamples(compared, [...compared.times.keys()])).alone).share;
}

/**
 * Within a stretch a group counts once, and so does an input that repeats; in the next one it counts again, as the mean
 * is over what comes in, and a group whose answers got worse must be heard.
 *
 * @param bets       when bets began, ascending; none before `settledMs`
 * @param settledMs  what is before it counts no longer
 * @param share      what an example that nothing ties to others is worth (`shareIn`)
 */
export function stretchesOf(
  compared: Compared,
  bets: readonly number[],
  settledMs: number,
  share: number,
): Stretch[] {
  const starts = bets[0] === settledMs ? bets : [settledMs, ...bets];
  return starts.map((fromMs, i) => {
    const inside = between(compared, fromMs, starts[i + 1] ?? Infinity);
    const { tied, alone } = unitsOf(pickExamples(compared, inside));
    return {
      fromMs,
      begins: bets.includes(fromMs),
      units: tallyUnits({ tied, alone, share, blockLength: 1 }),
    };
  });
}

/** What is kept of all that came before a moment. */
export interface SettledLife {
  readonly test: SettledStretches;
  /** labels, and of these those since the newest bet */
  readonly labels: number;
  readonly sinceBet: number;
  /** of the differences, over labels */
  readonly sum: number;
}

/** What is not settled of a life: when it begins, and the bets within. */
export interface OpenLife {
  readonly settledMs: number;
  readonly bets: readonly number[];
}

/** One more bet begins, on what nobody has seen yet, once the newest one has had its labels. */
export function placeBets(
  compared: Compared,
  { settledMs, bets }: OpenLife,
  { sinceBet }: Pick<SettledLife, 'sinceBet'>,
  nowMs: number,
): readonly number[] {
  const last = bets.at(-1);
  const labels = between(compared, last ?? settledMs, Infinity).length + (last === undefined ? sinceBet : 0);
  return labels >= LABELS_A_BET ? [...bets, nowMs] : bets;
}

/** Settles all before `toMs`. */
export function settleUpTo(
  before: SettledLife,
  compared: Compared,
  { settledMs, bets }: OpenLife,
  { toMs, margin, share }: { readonly toMs: number; readonly margin: number; readonly share: number },
): { readonly settled: SettledLife; readonly bets: readonly number[] } {
  const old = bets.filter((at) => at < toMs);
  const ended = { ...compared, times: compared.times.map((at) => (at < toMs ? at : Number.NaN)) };
  const chosen = between(compared, settledMs, toMs);
  const last = old.at(-1);
  return {
    settled: {
      test: stretchesOf(ended, old, settledMs, share).reduce(
        (test, stretch) => settleStretch(test, stretch, margin),
        before.test,
      ),
      labels: before.labels + chosen.length,
      sinceBet: last === undefined ? before.sinceBet + chosen.length : between(compared, last, toMs).length,
      sum: chosen.reduce((sum, i) => sum + (compared.differences[i] as number), before.sum),
    },
    bets: bets.filter((at) => at >= toMs),
  };
}
