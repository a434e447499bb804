/**
 * What a step of a run is: a piece of work that the host makes durable, and that the run records.
 */
import { type RunContext, reportProgress } from './context.ts';
import { enterStep, ensureRecorded, recordStep } from './record.ts';

/** Runs one step, or gives what it gave before. Results are small JSON. */
export interface StepRunner {
  do<T extends StepResult>(name: string, body: () => Promise<T>): Promise<T>;
}
export type StepResult = { readonly [key: string]: string | number | boolean | null };

export type RunStep = <T extends StepResult & { readonly note: string }>(
  name: string,
  body: () => Promise<T>,
) => Promise<T>;

/** Records when a step began and, with its note, when it ended. */
export function timed(ctx: RunContext, steps: StepRunner): RunStep {
  return async (name, body) => {
    let isDoneHere = false;
    const result = await steps.do(name, async () => {
      isDoneHere = true;
      const startedMs = ctx.now().getTime();
      await enterStep(ctx, name);
      await reportProgress(ctx, name, 0, '');
      const result = await body();
      const finished = ctx.now();
      await recordStep(ctx, name, result.note, finished, (finished.getTime() - startedMs) / 1000);
      await reportProgress(ctx, name, 1, result.note);
      return result;
    });
    if (!isDoneHere && ctx.recordIntervalMs !== undefined) await ensureRecorded(ctx, name, result.note);
    return result;
  };
}
