/**
 * A canary in place of a paired comparison: one version answers a share of the traffic, the other the rest, and each
 * label speaks of one of them. The same bets on what estimates the same difference.
 */
import {
  logWealth,
  mergeTallies,
  type Tally,
  tallyOf,
} from '../../../shared/continuity/statistics/e-process.ts';
import type { Draw } from '../gate/population.ts';
import { DISAGREEMENT, LEVEL, MARGIN } from './lives.ts';

const ACCURACY = 0.85;

/** One label's estimate of what the former version is better by; in [-1, 1] once divided by `scale`. */
function estimate(isFormer: boolean, right: boolean, share: number): number {
  // Taking off what is known of both makes it less noisy; nobody who splits does as much.
  const centred = (right ? 1 : 0) - ACCURACY;
  return isFormer ? centred / share : -centred / (1 - share);
}

/** Labels until the former version, which is better by so much, is shown to be so; infinite where it is not. */
export function decideBySplit(better: number, share: number, most: number, look: number, draw: Draw): number {
  const scale = Math.max(ACCURACY / share, (1 - ACCURACY) / share, ACCURACY / (1 - share));
  let seen: Tally = new Map();
  for (let labels = 0; labels < most; labels += look) {
    const values = Array.from({ length: look }, () => {
      const isFormer = draw() < share;
      return estimate(isFormer, draw() < ACCURACY - (isFormer ? 0 : better), share) / scale;
    });
    seen = mergeTallies([seen, tallyOf(values)]);
    if (logWealth(seen, MARGIN / scale) >= Math.log(1 / LEVEL)) return labels + look;
  }
  return Infinity;
}

/** The same, paired: both answer each input. */
export function decidePaired(better: number, most: number, look: number, draw: Draw): number {
  let seen: Tally = new Map();
  for (let labels = 0; labels < most; labels += look) {
    const values = Array.from({ length: look }, () => {
      const u = draw();
      return u < (DISAGREEMENT + better) / 2 ? 1 : u < DISAGREEMENT ? -1 : 0;
    });
    seen = mergeTallies([seen, tallyOf(values)]);
    if (logWealth(seen, MARGIN) >= Math.log(1 / LEVEL)) return labels + look;
  }
  return Infinity;
}
