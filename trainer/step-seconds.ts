/**
 * `HOLDFAST_STEP_CPU_SECONDS`: what a step of a run may take, in the Worker and in a Node job alike.
 */
import { err, ok, type Result } from '../shared/result.ts';

/** Where nothing else is said. */
export const STEP_CPU_SECONDS = 20;

/** What a step plans to use of its time: the piece that is under way then is finished, and what was done is written. */
export const PLANNED_SHARE = 0.85;

const LEAST = 0.1;
/** A Worker's invocation has five minutes of CPU at most, and a step looks at its clock only now and then. */
const MOST = 240;

/** @param text  of the variable; undefined and empty where nothing is said */
export function parseStepSeconds(text: string | undefined): Result<number, string> {
  if (text === undefined || text === '') return ok(STEP_CPU_SECONDS);
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= LEAST && seconds <= MOST) return ok(seconds);
  return err(
    `HOLDFAST_STEP_CPU_SECONDS: expected a number from ${LEAST} to ${MOST}, got ${JSON.stringify(text)}`,
  );
}
