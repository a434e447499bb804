/**
 * A candidate that is refused for its flips alone is trained once more, from the same split and seed but closer to the
 * champion where the champion is right (focal distillation, Yan et al. 2021, arXiv:2011.09161), and judged on the same
 * terms: a second decision of every window.
 *
 * The second attempt has files and a decision of its own; the first's stay where they are.
 */
import { flipsAlone } from '../../shared/continuity/flips-alone.ts';
import type { Verdict } from '../../shared/continuity/gate.ts';
import { mostDecisions, type Worn } from '../../shared/continuity/findings/wear.ts';
import { strengthen } from '../training/distillation.ts';
import { type RunContext, stepOf } from './context.ts';
import type { StepHost } from './steps.ts';

/**
 * Never twice, and not where the recipe can't hold on to the champion any more than it did. Nor on windows that never
 * judged before (a champion that was imported): two looks at alpha / k and alpha / (k + 1) add up to less than alpha
 * from the second decision on only.
 *
 * @param windows  that the verdict is about
 */
export function deservesRetry(ctx: RunContext, verdict: Verdict, windows: readonly Worn[]): boolean {
  const { run, spec, first } = ctx;
  return (
    first === undefined &&
    run.championAtStart !== null &&
    spec.training.retry.flips &&
    strengthen(spec.training) !== null &&
    mostDecisions(windows) > 0 &&
    flipsAlone(verdict).length > 0
  );
}

/** What the steps of a second attempt are given: the first's, with the stronger recipe. */
export function retryContext(first: RunContext): RunContext {
  const training = strengthen(first.spec.training) ?? first.spec.training;
  return { ...first, spec: { ...first.spec, training }, first, attempt: 'retry' };
}

/** Steps by the names they have in the second attempt. */
export function retryHost(again: RunContext, host: StepHost): StepHost {
  return { do: (name, body) => host.do(stepOf(again, name), body) };
}
