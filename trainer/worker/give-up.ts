/**
 * What is left to do when the Workflow's engine has given a run up: its steps failed more often than they may, and the
 * error comes out here. Without this the record says `running` for ever, and whoever waits for it waits on.
 */
import type { WorkflowStep } from 'cloudflare:workers';
import { printable } from '../../shared/printable.ts';

/** The bucket may be what failed: the record is written within half a minute of its return, for a day. */
const RETRIES = { limit: 2_880, delay: '30 seconds', backoff: 'constant' } as const;
const TIMEOUT = '1 minute';

/**
 * Follows to the end; where that throws, records the reason as a step of its own, says it in the log, and throws on, so
 * that the engine's own status is the truth as well.
 *
 * @param giveUp  writes the reason into the record
 */
export async function recordGivingUp<T>(
  step: WorkflowStep,
  facts: Readonly<Record<string, string>>,
  follow: () => Promise<T>,
  giveUp: (reason: string) => Promise<void>,
): Promise<T> {
  try {
    return await follow();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    console.error(printable(JSON.stringify({ event: 'given-up', ...facts, reason })));
    await step.do('give up', { retries: RETRIES, timeout: TIMEOUT }, async () => {
      await giveUp(reason);
      return 'recorded';
    });
    throw cause;
  }
}
