/**
 * Page-Hinkley: a rise of the mean, by the cumulated excess over the mean so far (E. S. Page 1954, Biometrika 41:100;
 * D. Hinkley 1971, Biometrika 58:509). The excess is forgotten slowly, as River's reference implementation does. Pure.
 */
import type { Detector } from './detector.ts';

export interface PageHinkleyOptions {
  /** values before which nothing is detected */
  readonly least?: number;
  /** what is no rise yet, in the values' unit */
  readonly delta?: number;
  /** the cumulated excess that is one */
  readonly threshold?: number;
  /** share of the excess that is kept from one value to the next */
  readonly kept?: number;
}

export function createPageHinkley({
  least = 30,
  delta = 0.005,
  threshold = 50,
  kept = 0.9999,
}: PageHinkleyOptions = {}): Detector {
  let n = 0;
  let mean = 0;
  let excess = 0;
  return {
    update(value) {
      n += 1;
      mean += (value - mean) / n;
      excess = Math.max(0, kept * excess + value - mean - delta);
      const detected = n + 1 >= least && excess >= threshold;
      if (detected) [n, mean, excess] = [0, 0, 0];
      return detected;
    },
  };
}
