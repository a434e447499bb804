/**
 * Measures as people read them.
 */
import type { Measures } from './evaluate-file.ts';

/** A share with four digits; `-` where it is not known. */
export function formatMeasure(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}

/** In one sentence: `right 87.3 % of the time`. @param unit  of a regression's target */
export function headline(measures: Measures, unit: string | null): string {
  if (measures.task === 'classification')
    return `Right ${(100 * measures.accuracy).toFixed(1)} % of the time, log loss ${measures.logLoss.toFixed(3)}`;
  return `Off by ${inUnit(measures.mae, unit)} on average`;
}

function inUnit(value: number, unit: string | null): string {
  const number = String(Number(value.toPrecision(5)));
  return unit === null ? number : `${number} ${unit}`;
}

/** Names and values, in the order in which they are shown. */
export function describeMeasures(measures: Measures, unit: string | null): [string, string][] {
  if (measures.task === 'regression') {
    return [
      ['mean absolute error (MAE)', inUnit(measures.mae, unit)],
      ['root mean square error (RMSE)', inUnit(measures.rmse, unit)],
      ['median error', inUnit(measures.medianError, unit)],
      ['bias', inUnit(measures.bias, unit)],
      ['R2', formatMeasure(measures.r2)],
      ['MAE of the median', inUnit(measures.baselineMae, unit)],
    ];
  }
  const { lower, upper } = measures.accuracyInterval;
  return [
    ['accuracy', `${formatMeasure(measures.accuracy)} (95 %: ${lower.toFixed(4)} to ${upper.toFixed(4)})`],
    ['balanced accuracy', formatMeasure(measures.balancedAccuracy)],
    ['F1, mean of the classes', formatMeasure(measures.macroF1)],
    ['F1, weighted', formatMeasure(measures.weightedF1)],
    ['AUC', formatMeasure(measures.auc)],
    ['log loss', formatMeasure(measures.logLoss)],
    ['Brier score', formatMeasure(measures.brier)],
    ['calibration error', formatMeasure(measures.calibrationError)],
  ];
}
