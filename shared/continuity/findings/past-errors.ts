/**
 * The past windows of a regression, and what the candidate gains on what comes in: what the exchange weighs, in relative
 * errors.
 */
import {
  type ComparedRegression,
  comparedRegressions,
  estimatedRise,
  mainMeasure,
  type RatioMetric,
} from '../measures/errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import { formatPoints } from './format.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { type Pool, poolWindows } from '../evidence/windows.ts';

/** Past windows against the champion, in time order, pooled. */
export function poolPastErrors(
  { windows }: RegressionEvidence,
  { minimum }: GatePolicy,
): Pool<ComparedRegression>[] {
  const past = comparedRegressions(windows).filter(({ kind }) => kind === 'past');
  return poolWindows(past, minimum.window, ({ targets }) => targets.length);
}

/** By how much the error falls on the current window, as estimated; 0 where it does not. */
export function fallNow({ windows }: RegressionEvidence, metric: RatioMetric): number {
  const current = comparedRegressions(windows).at(-1);
  return current === undefined ? 0 : Math.max(0, -estimatedRise([current], mainMeasure(metric)));
}

/** 0.0123 as `1.2 %`. */
export function showRelative(fraction: number): string {
  return `${formatPoints(fraction)} %`;
}
