/**
 * A regression by the share of predictions within a tolerance: right and wrong answers, judged as a classification's.
 */
import type { ComparedRegression } from './errors.ts';
import type { Evidence, RegressionEvidence, RegressionWindow, WindowEvidence } from '../evidence/evidence.ts';
import type { ComparedWindow } from '../evidence/windows.ts';

const BEYOND = 0;
const WITHIN = 1;

/** Every example's label is "within", and a model answers it where its prediction is. */
export function withinTolerance(evidence: RegressionEvidence, tolerance: number): Evidence {
  const { task: _task, mean: _mean, windows, ...common } = evidence;
  return {
    ...common,
    classes: ['beyond', 'within'],
    majority: BEYOND,
    windows: windows.map((window) => windowWithin(window, tolerance)),
  };
}

/** One window; with a champion's answers where the regression's has them. */
export function windowWithin(window: ComparedRegression, tolerance: number): ComparedWindow;
export function windowWithin(window: RegressionWindow, tolerance: number): WindowEvidence;
/**
 * The same window with two classes, within and beyond: every example's label is "within", and an answer is what a
 * prediction comes to.
 *
 * @param tolerance  in the target's unit; an error of just as much is within
 */
export function windowWithin(window: RegressionWindow, tolerance: number): WindowEvidence {
  const { targets, candidate, champion, previousTargets: _previous, ...rest } = window;
  const answers = (predictions: Float64Array): Int32Array =>
    Int32Array.from(targets, (target, i) =>
      Math.abs(target - (predictions[i] as number)) <= tolerance ? WITHIN : BEYOND,
    );
  return {
    ...rest,
    labels: new Int32Array(targets.length).fill(WITHIN),
    candidate: answers(candidate),
    champion: champion && answers(champion),
  };
}
