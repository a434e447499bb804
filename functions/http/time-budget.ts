/**
 * How long a request may take. The deployment sets the limit; a client that will not wait so long says so in a header,
 * and nothing is computed for it that nobody waits for.
 */
import { ok, type Result } from '../../shared/result.ts';
import { type AppError, invalid } from './errors.ts';

export const TIMEOUT_HEADER = 'holdfast-timeout-ms';

/**
 * @param wanted      the header's value; null when there is none
 * @param timeoutMs   the deployment's limit, which a client can lower and never raise
 */
export function parseTimeout(wanted: string | null, timeoutMs: number): Result<number, AppError> {
  if (wanted === null) return ok(timeoutMs);
  if (!/^[1-9]\d{0,8}$/.test(wanted)) {
    return invalid(
      `${TIMEOUT_HEADER}: expected whole milliseconds from 1, got ${JSON.stringify(wanted.slice(0, 80))}`,
    );
  }
  return ok(Math.min(Number(wanted), timeoutMs));
}

/** The error (504) of an answer that did not come within its budget. */
export function timedOut(timeoutMs: number): AppError {
  return { kind: 'timed-out', detail: `expected an answer within ${timeoutMs} ms, and there is none yet` };
}

/** What work resolves to, or `late()` when it has not after `waitMs`. The work itself goes on. */
export function settleWithin<T>(work: Promise<T>, waitMs: number, late: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(late()), waitMs);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (cause: unknown) => {
        clearTimeout(timer);
        reject(cause);
      },
    );
  });
}
