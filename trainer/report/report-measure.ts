/**
 * The one number by which a report compares models on a window, as a person reads it: accuracy in percent, or mean
 * absolute error in the target's unit.
 */
import { formatMeasure, formatPercent, formatSignedPoints } from '../../shared/continuity/findings/format.ts';
import type { RunReport } from './report.ts';

export interface Measure {
  /** `accuracy`, `mean absolute error` */
  readonly name: string;
  readonly title: string;
  readonly lessIsBetter: boolean;
  readonly format: (score: number) => string;
  /** The candidate's score beside the champion's. */
  readonly formatChange: (candidate: number, champion: number) => string;
  /** A difference of scores. */
  readonly formatDifference: (difference: number) => string;
}

const ACCURACY: Measure = {
  name: 'accuracy',
  title: 'Accuracy',
  lessIsBetter: false,
  format: formatPercent,
  formatChange: (candidate, champion) => formatSignedPoints(candidate - champion),
  formatDifference: (difference) => `${formatSignedPoints(difference)} points`,
};

/** Of a report that names a target the error, of another the accuracy. */
export function measureOf({ target }: Pick<RunReport, 'target'>): Measure {
  if (target === undefined) return ACCURACY;
  const unit = target.unit === undefined ? '' : ` ${target.unit}`;
  return {
    name: 'mean absolute error',
    title: `Mean absolute error of ${target.name}`,
    lessIsBetter: true,
    format: (error) => `${formatNumber(error)}${unit}`,
    formatChange: (candidate, champion) =>
      champion === 0 ? '' : formatMeasure(candidate / champion - 1, 'relative'),
    formatDifference: (difference) =>
      `${difference < 0 ? '−' : difference > 0 ? '+' : ''}${formatNumber(Math.abs(difference))}${unit}`,
  };
}

/** Four significant digits: 0.1234, 1234000. */
export function formatNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}
