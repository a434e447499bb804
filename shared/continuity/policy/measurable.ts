/**
 * Whether a window has the outputs that a metric reads.
 */
import type { ClassMetric } from './metric.ts';
import type { ComparedWindow } from '../evidence/windows.ts';

/** The log-loss reads both models' probabilities; every other metric does with the answers. */
export function canMeasure(window: ComparedWindow, metric: ClassMetric): boolean {
  return (
    metric !== 'log-loss' ||
    (window.candidateProbabilities !== undefined && window.championProbabilities !== undefined)
  );
}
