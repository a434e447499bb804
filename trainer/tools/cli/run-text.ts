/**
 * A run, for people: its steps as they pass, how it ended, and the exit code that follows.
 */
import type { Progress } from '../../../shared/registry/jobs/jobs.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode, Failure } from './failure.ts';
import { createProgressLine, formatFacts, formatVerdict, relativeTime, style } from './output.ts';

/** Steps of a run in this process, on the progress line. */
export function createRunProgress(context: Context) {
  const line = createProgressLine();
  return {
    step: (progress: Progress): void => {
      if (!context.json) line.update(describeProgress(progress));
    },
    close: () => line.close(),
  };
}

/** Step, whole per cent, and what it says of itself. */
export function describeProgress({ step, fraction, message }: Progress): string {
  return `${step} ${Math.floor(fraction * 100)} %  ${message}`;
}

/**
 * Prints how a run ended; a run that failed fails the command. A refused candidate does not, it has an exit code of its
 * own: the gate did its work, and whoever scheduled the run wants to know.
 *
 * @param steps  whether they are still to be shown: who watched the run has seen them
 */
export function reportRun(context: Context, run: RunRecord, { steps }: { steps: boolean }): void {
  context.print(run, () => describeRun(run, context.now(), { steps }));
  process.exitCode = exitCodeOf(run);
  if (run.status === 'failed')
    throw new Failure(`run ${run.id} failed: ${run.error ?? 'no reason recorded'}`, EXIT.failed, {
      kind: 'run-failed',
    });
}

/** How a finished run ends the command that trained: 0 where its candidate serves now. */
export function exitCodeOf({ status, verdict, promoted }: RunRecord): 0 | ExitCode {
  if (status === 'failed') return EXIT.failed;
  if (status === 'skipped') return EXIT.skipped;
  if (promoted) return 0;
  if (verdict === 'reject') return EXIT.refused;
  return verdict === 'hold' ? EXIT.held : EXIT.waiting;
}

/** A run's facts one a line, its steps where they are wanted, and how it ended. */
export function describeRun(run: RunRecord, now: Date, shown: { steps: boolean }): string {
  const facts: (readonly [string, string])[] = [
    ['run', run.id],
    ['status', describeStatus(run)],
    ['started', `${relativeTime(run.startedAt, now)} by ${run.by} (${run.trigger})`],
    ['champion', run.championAtStart === null ? 'none' : `version ${run.championAtStart} at the start`],
    ['candidate', run.candidate === null ? 'none' : `version ${run.candidate}`],
    ['verdict', `${formatVerdict(run.verdict)}${run.promoted ? ', promoted' : ''}`],
    ['snapshot', run.snapshot ?? 'none'],
  ];
  const steps = shown.steps ? run.steps.map(describeStep) : [];
  const end = run.summary ?? run.error;
  return [formatFacts(facts), ...steps, ...(end === null ? [] : [end])].join('\n');
}

/** A step that has ended: how long it took, and what it notes. */
export function describeStep({ name, seconds, note }: RunRecord['steps'][number]): string {
  return `  ${style('green', '✓')} ${name.padEnd(10)} ${seconds.toFixed(1).padStart(6)} s  ${note}`;
}

/** The status in its colour; of one that is running, the step. */
export function describeStatus({ status, step }: RunRecord): string {
  switch (status) {
    case 'complete':
      return style('green', status);
    case 'failed':
      return style('red', status);
    case 'skipped':
      return status;
    case 'running':
      return step === null ? status : `${status}: ${step}`;
  }
}
