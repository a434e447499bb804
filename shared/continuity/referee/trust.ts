/**
 * Trust is earned by a recipe, not only by a version. Each candidate's record on the night after it was trained, beside
 * the version that it would replace, counts for the recipe that made it. A recipe whose candidates are shown to gain on
 * average is trusted: tonight's may serve at once. The version that it replaced goes on being judged beside it, and when
 * that one is shown to be better, trust is lost.
 *
 * Gaining trust tests "the mean gain over the nights so far is 0 or less"; a wealth that may be looked at every night, at
 * levels that sum to alpha over all the times that trust is lost and earned again. A rehearsal, before there is a night,
 * is the first bet of that wealth: on labels of its own, so that the nights' multiply it. Losing trust tests "the mean gain is 0 or
 * more" with a test that begins anew each night, weighted 1 / (j (j + 1)): one that began long ago would be diluted by
 * good history (a sum of wealths whose weights sum to 1 is a wealth).
 *
 * Labels come late, so the last few nights are counted anew each time. What older ones were worth is kept: a wealth that
 * forgot them would be begun again every night, at no level at all (15 % false trust within a year, where 5 % is meant).
 */
import { logMeanExp, mergeTallies, mirrorTally, stakeLogs, type Tally } from '../statistics/e-process.ts';
import { beginBet, logWealthOfBets, meetUnits, NO_BETS } from '../statistics/restarts.ts';
import { levelOfTrust } from './levels.ts';

/** What a recipe has been through. */
export interface Trust {
  readonly trusted: boolean;
  /** how often it was lost; asks more of the recipe each time */
  readonly losses: number;
  /** only candidates from this version on count: those before belong to trust that was lost, or that brought it */
  readonly from: number;
  /** what nights that are no longer counted anew left behind; null where there are none */
  readonly settled: Settled | null;
}

/** Old nights in logarithms of what each stake made of them. */
export interface Settled {
  /** the last candidate among them; the one before the first that counts where there is only a rehearsal */
  readonly to: number;
  /** share of the bet on a change for the worse that was staked in these nights */
  readonly staked: number;
  /** what is bet on the recipe, or against it, as the question is: all stakes' wealth, [24] */
  readonly logs: readonly number[];
}

export const UNTRIED: Trust = { trusted: false, losses: 0, from: 1, settled: null };

/** Labels of a night count when they come within so many further nights of the recipe. */
export const RECOUNTED = 6;

/** One candidate of the recipe, on the labels of the night after it was trained. */
export interface Night {
  /** the candidate's number */
  readonly version: number;
  /** of its differences from the version that it would have replaced */
  readonly units: Tally;
}

export interface TrustDecision {
  readonly trust: Trust;
  readonly change: 'earned' | 'lost' | null;
  /** what trust rests on: the recipe's nights, or its rehearsal on tonight's labels; null where there is none */
  readonly by: 'nights' | 'rehearsal' | null;
  /** logarithm of the wealth that decides next, and of what it needs */
  readonly wealth: number;
  readonly needed: number;
}

/**
 * @param nights     of this recipe, in order of time: the last `RECOUNTED` at least, and all that `trust.settled` has not;
 *                   others are left out
 * @param rehearsal  of a recipe without a night: its differences from the champion on the second half of tonight's
 *                   labels, after it was trained up to there; null where it was not rehearsed
 * @param alpha      of a false trust over a life, and of a false loss in each spell of trust
 */
export function decideTrust(
  trust: Trust,
  nights: readonly Night[],
  rehearsal: Tally | null,
  alpha: number,
): TrustDecision {
  const kept = rehearsal === null ? trust.settled : settleRehearsal(trust, rehearsal);
  const since = Math.max(trust.from, (kept?.to ?? 0) + 1);
  const counted = nights.filter(({ version }) => version >= since);
  const old = Math.max(0, counted.length - RECOUNTED);
  const settled = counted.slice(0, old).reduce((before, night) => settle(trust, before, night), kept);
  const wealth = logWealthOf(trust, settled, counted.slice(old));
  const needed = Math.log(1 / (trust.trusted ? alpha : levelOfTrust(alpha, trust.losses)));
  const from = 1 + Math.max(since - 1, ...counted.map(({ version }) => version));
  if (wealth >= needed && trust.trusted) {
    return { trust: lostTrust(trust, from), change: 'lost', by: 'nights', wealth, needed };
  }
  if (wealth >= needed) {
    const by = counted.length > 0 ? 'nights' : 'rehearsal';
    return { trust: { ...trust, trusted: true, from, settled: null }, change: 'earned', by, wealth, needed };
  }
  return { trust: { ...trust, settled }, change: null, by: trust.trusted ? 'nights' : null, wealth, needed };
}

/** It has to be earned anew, with what comes from this version on, at a smaller level. */
export function lostTrust({ losses }: Trust, from: number): Trust {
  return { trusted: false, losses: losses + 1, from, settled: null };
}

/** A recipe that has nothing behind it yet bets on its rehearsal first; any other keeps what it has. */
function settleRehearsal(trust: Trust, rehearsal: Tally): Settled | null {
  if (trust.trusted || trust.losses > 0 || trust.settled !== null) return trust.settled;
  return { to: trust.from - 1, staked: 0, logs: stakeLogs(rehearsal, 0) };
}

/** All that a night adds to what is kept of those before it. */
function settle(trust: Trust, before: Settled | null, { version, units }: Night): Settled {
  if (trust.trusted) {
    // A change for the worse that came on this night, or before it.
    const begun = beginBet(before ?? NO_BETS, weightOf(version, trust.from));
    const { staked, logs } = meetUnits(begun, mirrorTally(units), 0);
    return { to: version, staked, logs: logs ?? [] };
  }
  const own = stakeLogs(units, 0);
  return { to: version, staked: 0, logs: own.map((log, k) => log + (before?.logs[k] ?? 0)) };
}

function logWealthOf(trust: Trust, settled: Settled | null, nights: readonly Night[]): number {
  if (!trust.trusted) {
    const own = stakeLogs(mergeTallies(nights.map(({ units }) => units)), 0);
    return logMeanExp(own.map((log, k) => log + (settled?.logs[k] ?? 0)));
  }
  const all = nights.reduce((before, night) => settle(trust, before, night), settled);
  // What is staked on nights to come, or on nights of other recipes, is still there.
  return logWealthOfBets(all ?? NO_BETS);
}

/** By the number of the version, so that a night keeps its weight whichever others there are. They sum to at most 1. */
function weightOf(version: number, from: number): number {
  const j = version - from + 1;
  return 1 / (j * (j + 1));
}
