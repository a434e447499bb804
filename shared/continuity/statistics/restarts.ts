/**
 * A bet on a change that may come at any time: one that began long ago is diluted by all the good history before the
 * change, so a bet begins anew again and again, each with a share of what there is to stake. A sum of wealths whose
 * weights sum to at most 1 is a wealth (Ville's inequality holds for it as for each), so restarts cost nothing of the
 * level: they cost the logarithm of their weight.
 *
 * All bets that have begun meet the same units, so they need not be told apart: of each stake one sum is kept.
 */
import { logMeanExp, logSumExp, stakeLogs, stakes, type Tally } from './e-process.ts';

export interface Restarts {
  /** share of the whole that was staked on bets so far, in [0, 1] */
  readonly staked: number;
  /** logarithm of each stake's sum of the wealths of all bets, [24]; null before the first bet */
  readonly logs: readonly number[] | null;
}

export const NO_BETS: Restarts = { staked: 0, logs: null };

/** All stakes alike, as logarithms of their weights, whose mean is 1. */
const EVENLY: readonly number[] = stakes.map(() => 0);

/**
 * Begins one more bet: whatever comes from here on is its.
 *
 * @param weight  its share of the whole, in (0, 1]; over a life they sum to at most 1
 * @param prior   how it is divided among the stakes: logarithms of weights whose mean is 1, [24]
 */
export function beginBet({ staked, logs }: Restarts, weight: number, prior = EVENLY): Restarts {
  const fresh = prior.map((log) => log + Math.log(weight));
  return {
    staked: staked + weight,
    logs: logs === null ? fresh : logs.map((log, k) => logSumExp([log, fresh[k] as number])),
  };
}

/**
 * What units make of the bets that have begun.
 *
 * @param floor  the claim that is bet against: the mean of the units is at most this
 */
export function meetUnits({ staked, logs }: Restarts, units: Tally, floor: number): Restarts {
  if (logs === null || units.size === 0) return { staked, logs };
  return { staked, logs: stakeLogs(units, floor).map((log, k) => log + (logs[k] as number)) };
}

/** Logarithm of the whole wealth: that of the bets, and what is not staked yet. 0 before the first bet. */
export function logWealthOfBets({ staked, logs }: Restarts): number {
  if (logs === null) return 0;
  return logSumExp([logMeanExp(logs), Math.log1p(-Math.min(1, staked))]);
}
