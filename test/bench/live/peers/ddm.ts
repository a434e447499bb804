/**
 * The drift detection method: an error rate that was at its lowest and rises by three standard deviations (J. Gama, P.
 * Medas, G. Castillo & P. Rodrigues 2004, SBIA, LNCS 3171:286). Pure.
 */
import type { Detector } from './detector.ts';

export interface DdmOptions {
  /** errors before which nothing is detected */
  readonly least?: number;
  /** standard deviations above the lowest rate */
  readonly rise?: number;
}

/** Values are 1 for a wrong answer and 0 for a right one. */
export function createDdm({ least = 30, rise = 3 }: DdmOptions = {}): Detector {
  let n = 0;
  let rate = 0;
  let lowest = { rate: Infinity, deviation: Infinity };
  return {
    update(value) {
      n += 1;
      rate += (value - rate) / n;
      if (n <= least) return false;
      // A rounding below 0 is no variance.
      const deviation = Math.sqrt(Math.max(0, rate * (1 - rate)) / n);
      if (rate + deviation <= lowest.rate + lowest.deviation) lowest = { rate, deviation };
      const detected = rate + deviation > lowest.rate + rise * lowest.deviation;
      if (detected) {
        [n, rate] = [0, 0];
        lowest = { rate: Infinity, deviation: Infinity };
      }
      return detected;
    },
  };
}
