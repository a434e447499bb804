/**
 * Follows a run until it ends.
 */
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { Context } from './context.ts';
import { poll } from './poll.ts';
import { describeProgress, describeStep } from './run-text.ts';
import type { Target } from './target.ts';

/** Prints each step as it finishes; resolves with the record of the finished run. */
export function watchRun(target: Target, context: Context, model: string, id: string): Promise<RunRecord> {
  const seen = new Set<string>();
  return poll(
    () => target.run(model, id),
    ({ run, progress }, line) => {
      for (const step of run.steps.filter(({ name }) => !seen.has(name))) {
        seen.add(step.name);
        line.close();
        if (!context.json) console.error(describeStep(step));
      }
      if (run.status !== 'running') return run;
      if (progress !== null && !seen.has(progress.step) && !context.json)
        line.update(describeProgress(progress));
      return null;
    },
  );
}
