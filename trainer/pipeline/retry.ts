/**
 * A candidate that is refused for its flips alone is trained once more, from the same split and seed but closer to the
 * champion where the champion is right (focal distillation, Yan et al. 2021, arXiv:2011.09161), and judged on the same
 * terms. The second attempt has files of its own; the first's stay where they are.
 */
import { flipsAlone } from '../../shared/continuity/flips-alone.ts';
import type { Verdict } from '../../shared/continuity/gate.ts';
import { strengthen } from '../training/distillation.ts';
import { type RunContext, type RunFiles, stepName } from '../run/context.ts';
import type { StepRunner } from '../run/steps.ts';

/** Never twice, and not where the recipe can't hold on to the champion any more than it did. */
export function deservesRetry(ctx: RunContext, verdict: Verdict): boolean {
  const { run, spec, first } = ctx;
  return (
    first === undefined &&
    run.championAtStart !== null &&
    spec.training.retry.flips &&
    strengthen(spec.training) !== null &&
    flipsAlone(verdict).length > 0
  );
}

/** What the steps of a second attempt are given: the first's, with the stronger recipe. */
export function retryContext(first: RunContext): RunContext {
  const training = strengthen(first.spec.training) ?? first.spec.training;
  return { ...first, spec: { ...first.spec, training }, first, attempt: 'retry' };
}

/** Steps by the names they have in the second attempt. */
export function retrySteps(again: RunFiles, steps: StepRunner): StepRunner {
  return { do: (name, body) => steps.do(stepName(again, name), body) };
}
