/**
 * Follows a run until it ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRecord } from '../../../shared/registry/runs.ts';
import type { Context } from './context.ts';
import { unwrap } from './failure.ts';
import { createProgressLine } from './output.ts';
import { describeProgress, describeStep } from './run-text.ts';
import type { Target } from './target.ts';

const POLL_MS = 700;
/** A started run records itself first; a deployment that restarts answers again within this. */
const MAX_FAILURES = 20;

/** Prints each step as it finishes; resolves with the record of the finished run. */
export async function watchRun(
  target: Target,
  context: Context,
  model: string,
  id: string,
): Promise<RunRecord> {
  const line = createProgressLine();
  const seen = new Set<string>();
  let failures = 0;
  for (;;) {
    const state = await target.run(model, id);
    if (!state.ok) {
      failures += 1;
      if (failures > MAX_FAILURES) {
        line.close();
        unwrap(state);
      }
    } else {
      failures = 0;
      const { run, progress } = state.value;
      for (const step of run.steps.filter(({ name }) => !seen.has(name))) {
        seen.add(step.name);
        line.close();
        if (!context.json) console.error(describeStep(step));
      }
      if (run.status !== 'running') {
        line.close();
        return run;
      }
      if (progress !== null && !seen.has(progress.step) && !context.json)
        line.update(describeProgress(progress));
    }
    await sleep(POLL_MS);
  }
}
