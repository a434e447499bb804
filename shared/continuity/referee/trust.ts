/**
 * Trust is earned by a recipe, not only by a version. Each candidate's record on the night after it was trained, beside
 * the version that it would replace, counts for the recipe that made it. A recipe whose candidates are shown to gain on
 * average is trusted: tonight's may serve at once. The version that it replaced goes on being judged beside it, and when
 * that one is shown to be better, trust is lost.
 *
 * Gaining trust tests "the mean gain is 0 or less"; a wealth that may be looked at every night, at levels that sum to
 * alpha over all the times that trust is lost and earned again. Losing it tests "the mean gain is 0 or more" with a test
 * that begins anew each night, weighted 1 / (j (j + 1)): one that began long ago would be diluted by good history
 * (a sum of wealths whose weights sum to 1 is a wealth).
 */
import { logSumExp, logWealth, mergeTallies, mirrorTally, type Tally } from '../statistics/e-process.ts';
import { levelsOfTrust } from './levels.ts';

/** What a recipe has been through. */
export interface Trust {
  readonly trusted: boolean;
  /** how often it was lost; asks more of the recipe each time */
  readonly losses: number;
  /** only candidates from this version on count: those before belong to trust that was lost, or that brought it */
  readonly from: number;
}

export const UNTRIED: Trust = { trusted: false, losses: 0, from: 1 };

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
 * @param nights     of this recipe, in order of time; those before `trust.from` are left out
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
  const counted = nights.filter(({ version }) => version >= trust.from);
  const next = 1 + Math.max(trust.from - 1, ...counted.map(({ version }) => version));
  if (trust.trusted) {
    const wealth = logWealthOfLoss(counted, trust.from);
    const needed = Math.log(1 / alpha);
    if (wealth < needed) return { trust, change: null, by: 'nights', wealth, needed };
    const lost = { trusted: false, losses: trust.losses + 1, from: next };
    return { trust: lost, change: 'lost', by: 'nights', wealth, needed };
  }
  const wealth = logWealth(mergeTallies(counted.map(({ units }) => units)), 0);
  const levels = levelsOfTrust(alpha, trust.losses);
  const needed = Math.log(1 / levels.nights);
  const earned = { ...trust, trusted: true, from: next };
  if (wealth >= needed) return { trust: earned, change: 'earned', by: 'nights', wealth, needed };
  if (rehearsal !== null && logWealth(rehearsal, 0) >= Math.log(1 / levels.rehearsal)) {
    return { trust: earned, change: 'earned', by: 'rehearsal', wealth, needed };
  }
  return { trust, change: null, by: null, wealth, needed };
}

/** Against "the mean gain is 0 or more": one wealth for each night that a change for the worse could have come on. */
function logWealthOfLoss(nights: readonly Night[], from: number): number {
  let unbegun = 1;
  const logs = nights.map(({ version }, i) => {
    // By the number of the version, so that a night keeps its weight when older ones are no longer looked at.
    const j = version - from + 1;
    const weight = 1 / (j * (j + 1));
    unbegun -= weight;
    const since = mergeTallies(nights.slice(i).map(({ units }) => units));
    return Math.log(weight) + logWealth(mirrorTally(since), 0);
  });
  // What is staked on nights to come, or on nights that nobody remembers, is still there.
  return logSumExp([...logs, Math.log(unbegun)]);
}
