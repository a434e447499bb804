/**
 * At which level a check decides, and what a level asks of a sample.
 *
 * Only what a promotion rests on spends a model's life-long budget, so only that is judged at the evidence's own level:
 * the current window, and the baselines of a first version. Whatever can only refuse is judged at the policy's alpha: a
 * level that is nearly spent would leave it nothing to refuse by.
 */
import type { CommonEvidence } from '../evidence/evidence.ts';
import type { GatePolicy } from './policy.ts';
import { upperNormalPoint } from '../statistics/normal.ts';

/** Below it the normal points are not known to more than a few digits, and nothing is left to show anything by. */
export const LEAST_LEVEL = 1e-12;

/** Level of what a promotion must show. */
export function promotionLevel({ level }: Pick<CommonEvidence, 'level'>, { alpha }: GatePolicy): number {
  return level ?? alpha;
}

/**
 * Fewest paired examples whose bound can clear a line at all: those of which none disagrees, for a margin, as Tango's
 * bound is then -z^2 / (n + z^2); for a line at 0, as many gains in a row as the sign test needs.
 *
 * @param line  the difference that must be exceeded, 0 or below
 */
export function fewestExamples(line: number, level: number): number {
  if (line >= 0) return Math.ceil(Math.log2(1 / level) - 1e-9);
  const z = upperNormalPoint(level);
  return Math.floor((z * z * (1 + line)) / -line) + 1;
}
