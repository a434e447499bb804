/**
 * The operators' API of the local process, by the command line's client of it, as the first start and the demo use it:
 * a refusal is thrown.
 */
import { createHttpTarget } from '../cli/http-target.ts';
import { unwrap } from '../cli/failure.ts';
import type { HttpTarget } from '../cli/target.ts';
import type { RunReport } from '../../report/report.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import { pause } from '../state/processes.ts';

/** With the key that everybody knows. */
export function createOperators(url: string): HttpTarget {
  return createHttpTarget(url, 'local-operate');
}

/** The version that serves a model, and all that there are, ascending. */
export interface Serving {
  readonly champion: number;
  readonly versions: readonly number[];
}

/** Throws for a model that has no champion. */
export async function showServing(operators: HttpTarget, model: string): Promise<Serving> {
  const { champion, versions } = unwrap(await operators.status(model));
  if (champion === null) throw new Error(`${model} has no champion`);
  return { champion: champion.to, versions };
}

/** The newest runs that can be read, oldest first. */
export async function listRuns(operators: HttpTarget, model: string): Promise<readonly RunRecord[]> {
  return unwrap(await operators.runs(model));
}

/** Starts a run and gives its id. */
export async function startRun(operators: HttpTarget, model: string, by: string): Promise<string> {
  return unwrap(await operators.startRun(model, by, false)).run;
}

const WATCH_EVERY_MS = 150;
/** Far beyond what the largest local run takes: a run that says nothing for so long hangs. */
const WATCH_LIMIT_MS = 15 * 60_000;

/**
 * Follows a run to its end.
 *
 * @param onStep  the step under way, with what it says, and how far it is, 0 to 1
 */
export async function watchRun(
  operators: HttpTarget,
  model: string,
  id: string,
  onStep: (step: string, fraction: number) => void,
): Promise<RunRecord> {
  const deadline = Date.now() + WATCH_LIMIT_MS;
  for (;;) {
    const { run, progress } = unwrap(await operators.run(model, id));
    if (run.status !== 'running') return run;
    if (progress !== null) {
      const { step, message, fraction } = progress;
      onStep(message === '' ? step : `${step}, ${message}`, fraction);
    }
    if (Date.now() > deadline) throw new Error(`run ${id} of ${model} did not end within 15 minutes`);
    await pause(WATCH_EVERY_MS);
  }
}

/**
 * Wakes what a kill interrupted: a local Workflow does not resume by itself. Node jobs (`cli`) are their starter's.
 *
 * @param say  told of each run; one that can't go on keeps no other from it
 */
export async function wakeRuns(operators: HttpTarget, say: (text: string) => void): Promise<void> {
  for (const name of unwrap(await operators.listModels())) {
    for (const { id, status, trigger } of await listRuns(operators, name)) {
      if (status !== 'running' || trigger === 'cli') continue;
      const resumed = await operators.resumeRun(name, id);
      say(
        resumed.ok
          ? `Going on with the interrupted run ${name} ${id}`
          : `The interrupted run ${name} ${id} can't go on: ${resumed.error.detail}`,
      );
    }
  }
}

/** A run's report, as it was stored. */
export async function loadReport(operators: HttpTarget, model: string, id: string): Promise<RunReport> {
  return JSON.parse(await loadReportText(operators, model, id, 'json')) as RunReport;
}

/** A run's report as HTML. */
export function loadReportPage(operators: HttpTarget, model: string, id: string): Promise<string> {
  return loadReportText(operators, model, id, 'html');
}

async function loadReportText(
  operators: HttpTarget,
  model: string,
  id: string,
  format: 'json' | 'html',
): Promise<string> {
  return new TextDecoder().decode(unwrap(await operators.report(model, id, format)));
}
