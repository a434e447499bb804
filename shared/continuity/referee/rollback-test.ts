/**
 * Whether the champion has turned out worse than the version that served before it, by more than the margin: looked at
 * as often as one likes, over all the time that it serves, at one level for its whole life.
 *
 * Each unit is what the former version's answer is worth more than the champion's. The claim is "the mean is at most the
 * margin"; while it is true, wealth ever reaches 1 / level with probability at most the level (Ville 1939). A bet begins
 * with the promotion, and one more each time that 400 labels have come (statistics/restarts.ts): a change after 10,000
 * good labels is noticed after 1,150 instead of 5,500 (docs/live.md).
 *
 * When a bet begins is decided by how many labels there were, and it bets on inputs that nobody has seen by then. Given
 * when they began, the wealth is a function of the set of labels: the order in which they came changes no bit.
 */
import { shareOfRestart } from './levels.ts';
import { logWealth, mergeTallies, stakes, type Tally } from '../statistics/e-process.ts';
import { beginBet, logWealthOfBets, meetUnits, NO_BETS, type Restarts } from '../statistics/restarts.ts';

/**
 * Labels from one bet to the next. Fewer cost more bets, more let the last bet be older than the change; from 200 to 500
 * the labels until a loss of 5 points is noticed differ by a twentieth.
 */
export const LABELS_A_BET = 400;

/**
 * How a bet is divided among the stakes: most on those that pay where two versions disagree on some 8 % and one is 3 to
 * 5 points worse (0.25 and 0.55), as a log-normal around 0.4 has it, and something on all others. Divided evenly, a loss
 * of 5 points took 60 labels more.
 */
const LIKELY_STAKE = 0.4;
const STAKE_WIDTH = 0.6;
const ANY_STAKE = 0.05;

function divideBet(): number[] {
  const weights = stakes.map(
    (stake) => Math.exp(-0.5 * (Math.log(stake / LIKELY_STAKE) / STAKE_WIDTH) ** 2) + ANY_STAKE,
  );
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  return weights.map((weight) => Math.log(weight / mean));
}

const PRIOR = divideBet();

/** What came in between two moments, in order of time. */
export interface Stretch {
  /** of the inputs, milliseconds, inclusive; up to the next stretch */
  readonly fromMs: number;
  /** whether a bet begins with it, or it goes on with one whose first part is settled */
  readonly begins: boolean;
  /** the former version's answers beside the champion's */
  readonly units: Tally;
}

/** What is kept of stretches that are over: whatever comes for them no longer counts. */
export interface SettledStretches extends Restarts {
  /** bets that have begun */
  readonly bets: number;
}

export const NOTHING_SETTLED: SettledStretches = { ...NO_BETS, bets: 0 };

/** What one stretch more makes of those before it. */
export function settleStretch(
  before: SettledStretches,
  { begins, units }: Omit<Stretch, 'fromMs'>,
  margin: number,
): SettledStretches {
  const bets = before.bets + (begins ? 1 : 0);
  const begun = begins ? beginBet(before, shareOfRestart(bets), PRIOR) : before;
  return { ...meetUnits(begun, units, margin), bets };
}

export interface RollbackFinding {
  /** whether the former version is shown to be better, by more than the margin */
  readonly shown: boolean;
  /** logarithm of the wealth, and of what it needs */
  readonly wealth: number;
  readonly needed: number;
  /** wealth as a share of what decides, in [0, 1]; 1 decides */
  readonly progress: number;
  /** of the bets on what is not settled, the place of the stretch from which on most was won; null where none has won */
  readonly since: number | null;
}

/**
 * @param settled    what came before
 * @param stretches  in order of time
 * @param margin     in [0, 1): what the champion may be worse
 * @param level      of a false rollback, over the champion's whole life
 */
export function testChampion(
  settled: SettledStretches,
  stretches: readonly Stretch[],
  margin: number,
  level: number,
): RollbackFinding {
  const needed = Math.log(1 / level);
  const all = stretches.reduce((before, stretch) => settleStretch(before, stretch, margin), settled);
  const wealth = logWealthOfBets(all);
  return {
    shown: wealth >= needed,
    wealth,
    needed,
    progress: Math.min(1, Math.max(0, wealth / needed)),
    since: findStart(settled.bets, stretches, margin),
  };
}

/** From where on the former version looks best: what came before the change would hide it. */
function findStart(settledBets: number, stretches: readonly Stretch[], margin: number): number | null {
  let most = Number.NEGATIVE_INFINITY;
  let best: number | null = null;
  let bets = settledBets;
  for (const [place, { begins }] of stretches.entries()) {
    if (begins) bets += 1;
    const won = logWealth(mergeTallies(stretches.slice(place).map(({ units }) => units)), margin);
    const worth = won + Math.log(shareOfRestart(Math.max(1, bets)));
    if (won <= 0 || worth <= most) continue;
    most = worth;
    best = place;
  }
  return best;
}
