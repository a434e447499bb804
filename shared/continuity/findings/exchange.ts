/**
 * The past as insurance: what a loss there weighs against a gain on what comes in. A point lost on the newest past window
 * counts `weight` of a point now, and half as much `halfLife` windows before: the chance, as the owner sees it, that such
 * examples come again. One number of the policy, so that nobody has to guess what the gate would give for what.
 */
import type { Finding } from './check-result.ts';
import type { GatePolicy } from '../policy/policy.ts';

/** What a candidate loses on one past window. */
export interface PastLoss {
  /** candidate's fall, as a fraction; below 0 is a gain, which pays for nothing */
  readonly loss: number;
  /** windows that came since: 0 for the newest past one */
  readonly age: number;
}

/** What one point lost so many windows ago is worth now. */
export function worthAt(age: number, { exchange }: Pick<GatePolicy, 'exchange'>): number {
  return exchange.weight * 2 ** (-age / exchange.halfLife);
}

/**
 * The gain on what comes in that one loss asks for. Of several windows together it is the mean of their losses, each
 * fading with its age, times the weight: a point lost on all of the past costs `weight` of a point.
 *
 * @param losses  at least one
 */
export function priceOf(losses: readonly PastLoss[], policy: Pick<GatePolicy, 'exchange'>): number {
  if (losses.length === 1) return Math.max(0, losses[0]?.loss ?? 0) * worthAt(losses[0]?.age ?? 0, policy);
  let [lost, worth] = [0, 0];
  for (const { loss, age } of losses) {
    lost += Math.max(0, loss) * worthAt(age, policy);
    worth += worthAt(age, policy);
  }
  return worth > 0 ? (policy.exchange.weight * lost) / worth : 0;
}

/** Of sums of a few hundred fractions. */
const ROUNDING = 1e-12;

export interface Payment {
  /** what the exchange asks for, and what the candidate gains on what comes in, as fractions, 0 or more */
  readonly price: number;
  readonly gain: number;
  /** a fraction for the sentence: `2.0 points`, `2.0 %` */
  readonly show: (fraction: number) => string;
}

/**
 * A loss on the past that is shown refuses unless it is paid for; one that is not shown is told and weighs nothing.
 *
 * @param finding  `fail` where the loss is shown
 * @param lost     as a fraction, for the sentence
 */
export function settle(finding: Finding, lost: number, { price, gain, show }: Payment): Finding {
  if (finding.verdict !== 'fail') return finding;
  const paid = gain > 0 && gain >= price - ROUNDING;
  const account =
    `lost ${show(Math.max(0, lost))} there, gained ${show(gain)} on what comes in; ` +
    `the exchange asks for ${show(price)}: ${paid ? 'paid for' : 'not paid for'}`;
  const { moreLabels: _moreLabels, ...rest } = finding;
  return { ...rest, verdict: paid ? 'pass' : 'fail', detail: `${finding.detail}; ${account}` };
}
