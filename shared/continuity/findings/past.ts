/**
 * The past windows of a classification, and what the candidate gains on what comes in: what the exchange weighs.
 */
import { type WindowComparison, compareWindows } from '../measures/window-comparison.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { type Finding, holdBroken, notAsked, unanswerable } from './check-result.ts';
import { formatPoints } from './format.ts';
import { classMetric } from '../policy/metric.ts';
import { canMeasure } from '../policy/measurable.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { comparedWindows, poolPastWindows } from '../evidence/windows.ts';
import type { ComparedWindow, Pool } from '../evidence/windows.ts';

export interface PastPool extends Pool<ComparedWindow> {
  readonly comparison: WindowComparison;
}

/** Past windows against the champion by the policy's metric, in time order, pooled; [] where they cannot be measured. */
export function comparePast(evidence: Evidence, policy: GatePolicy): PastPool[] {
  const metric = classMetric(evidence, policy);
  return poolPastWindows(evidence, policy.minimum.window)
    .filter(({ windows }) => windows.every((window) => canMeasure(window, metric)))
    .map((pool) => ({ ...pool, comparison: compareWindows(pool.windows, metric, policy.alpha) }));
}

/** Why nothing is judged about the past where `comparePast` has nothing: there is none yet, or it can't be measured. */
export function withoutPast(evidence: Evidence, policy: GatePolicy): Finding {
  const pools = poolPastWindows(evidence, policy.minimum.window);
  if (pools.length === 0) return notAsked('there are no past windows yet');
  const detail = 'past windows have no probabilities to measure the log loss by';
  const broke = evidence.missing?.probabilities;
  return broke === undefined ? unanswerable(detail) : holdBroken(`${detail}: ${broke}`);
}

/** How much better the candidate is on the current window, as estimated; 0 where it is no better or not measured. */
export function gainNow(evidence: Evidence, policy: GatePolicy): number {
  const current = comparedWindows(evidence).at(-1);
  const metric = classMetric(evidence, policy);
  if (current === undefined || !canMeasure(current, metric)) return 0;
  return Math.max(0, compareWindows([current], metric, policy.alpha).estimate);
}

/** 0.0123 as `1.2 points`. */
export function showPoints(fraction: number): string {
  return `${formatPoints(fraction)} points`;
}
