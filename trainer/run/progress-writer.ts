/**
 * How far a run is, written for whoever watches: at most about once a second, the newest there is, and at no price. A
 * write that fails is said once in a while and otherwise forgotten.
 */
import type { Progress } from '../../shared/registry/jobs/jobs.ts';

export interface ProgressDeps {
  readonly save: (progress: Progress) => Promise<void>;
  readonly nowMs: () => number;
  readonly log: (facts: Readonly<Record<string, unknown>>) => void;
}

export const PROGRESS_PACE_MS = 1_100;
const SAY_EVERY_MS = 60_000;

/** @returns takes note of the progress; never waits for a write that hangs, and never throws */
export function createProgressWriter({
  save,
  nowMs,
  log,
}: ProgressDeps): (progress: Progress) => Promise<void> {
  let beganMs = Number.NEGATIVE_INFINITY;
  let saidMs = Number.NEGATIVE_INFINITY;
  let isWriting = false;
  let failures = 0;
  const write = async (progress: Progress): Promise<void> => {
    try {
      await save(progress);
      failures = 0;
    } catch (cause) {
      failures += 1;
      if (nowMs() - saidMs < SAY_EVERY_MS) return;
      saidMs = nowMs();
      log({ event: 'progress-not-written', failures, cause: String(cause) });
    } finally {
      isWriting = false;
    }
  };
  return async (progress) => {
    if (isWriting || nowMs() - beganMs < PROGRESS_PACE_MS) return;
    isWriting = true;
    beganMs = nowMs();
    void write(progress);
  };
}
