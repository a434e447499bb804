/**
 * Steps of a pipeline as steps of a Workflow, which remembers their results.
 */
import type { WorkflowStep } from 'cloudflare:workers';
import { isRunFailure, RunFailure } from '../run-failure.ts';
import type { StepRunner } from '../run/steps.ts';

const RETRIES = { limit: 5, delay: '5 seconds', backoff: 'exponential' } as const;
const STEP_TIMEOUT = '15 minutes';

/** What a step leaves: its result, or why it can't have one however often it is repeated. */
type Outcome<T> = { readonly result: T } | { readonly failure: string };

/**
 * An outage throws, and the Workflow repeats the step. A failure that repetition can't mend is what the step found: an
 * error would lose its name on the way through the engine, and the run would be repeated and then left `running`.
 */
export function workflowSteps(step: WorkflowStep): StepRunner {
  return {
    async do<T>(name: string, body: () => Promise<T>): Promise<T> {
      const text = await step.do(name, { retries: RETRIES, timeout: STEP_TIMEOUT }, async () =>
        JSON.stringify(await settle(body)),
      );
      const outcome = JSON.parse(text) as Outcome<T>;
      if ('failure' in outcome) throw new RunFailure(outcome.failure);
      return outcome.result;
    },
  };
}

async function settle<T>(body: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { result: await body() };
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    return { failure: error.message };
  }
}
