/**
 * How a conditional put comes to an end, whichever store it is sent to. A store may refuse it (the condition does not
 * hold), put it off (another conditional write of the key is under way), or not answer at all, in which case it may or
 * may not be there. So each put leaves a mark of its own in the object's metadata: an answer that was lost is looked up,
 * and sent again only where nothing has changed. Comparing bytes or ETags could not tell the put from another writer's
 * of the same content.
 */
import type { PutCondition, PutOutcome } from './store.ts';

/** The mark's name in an object's metadata. */
export const WRITER = 'holdfast-writer';

export type PutAttempt =
  | { readonly kind: 'written'; readonly etag: string }
  /** S3: 412, or 404 where there is nothing to swap. R2: null. */
  | { readonly kind: 'refused' }
  /** S3: 409. Somebody else is writing; who wins is not decided. */
  | { readonly kind: 'conflict'; readonly cause: unknown }
  /** Nobody knows whether it is there. */
  | { readonly kind: 'unanswered'; readonly cause: unknown };

export interface ExistingObject {
  readonly etag: string;
  /** The mark of the put that wrote it; undefined where that left none. */
  readonly writer: string | undefined;
}

export interface PutTransport {
  /** Sends once, under the writer's mark. */
  readonly send: (writer: string) => Promise<PutAttempt>;
  /** What is there; null for nothing. */
  readonly head: () => Promise<ExistingObject | null>;
}

export interface RetryPolicy {
  readonly sleep: (ms: number) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly newWriter: () => string;
}

const MAX_SENDS = 8;
const FIRST_WAIT_MS = 50;
const MAX_WAIT_MS = 2_000;

/**
 * @returns the new ETag; null where the condition does not hold. Where somebody has replaced the object since, that is
 *   null as well although the put had won for a moment: whoever reads again sees the truth
 * @throws what the last send failed with, when it was put off or not answered eight times
 */
export async function putConditionally(
  condition: PutCondition,
  { send, head: look }: PutTransport,
  { sleep, random, newWriter }: RetryPolicy,
): Promise<PutOutcome> {
  const writer = newWriter();
  let mayBeThere = false;
  for (let sends = 1; ; sends++) {
    const sent = await send(writer);
    if (sent.kind === 'written') return { etag: sent.etag };
    if (sent.kind === 'refused' && !mayBeThere) return null;
    mayBeThere ||= sent.kind === 'unanswered';
    if (mayBeThere) {
      const present = await look();
      if (present?.writer === writer) return { etag: present.etag };
      if (!holds(condition, present)) return null;
    }
    if (sent.kind === 'refused') return null;
    if (sends === MAX_SENDS) throw sent.cause;
    // Full jitter: those that met once do not meet again.
    await sleep(random() * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** sends));
  }
}

function holds(condition: PutCondition, present: ExistingObject | null): boolean {
  return 'absent' in condition ? present === null : present?.etag === condition.etag;
}

/** With the clock and the generators that both runtimes have. */
export const RETRY_POLICY: RetryPolicy = {
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  random: Math.random,
  newWriter: () => crypto.randomUUID(),
};
