/**
 * Sends what lies in the outbox, again and again until it arrives or a day is over. The notice itself stays: the outbox
 * is only what is still to be sent.
 */
import * as z from 'zod';
import { loadJson, putJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { noticeSchema } from '../../shared/registry/notices.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { type Send, sendNotice, type Webhook } from './webhook.ts';

const outboxSchema = z.object({
  notice: noticeSchema,
  attempts: z.int().min(0),
  nextAt: z.iso.datetime(),
});

const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 2 * 3_600_000;
/** With waits of 1, 2, 4, … minutes up to two hours: a day and a half. */
const MOST_ATTEMPTS = 24;
/** Sent at one look: each may take ten seconds to fail. */
const MOST_AT_ONCE = 20;

export interface DeliverDeps {
  readonly store: ObjectStore;
  /** null: nobody wants to be told, and the outbox is emptied */
  readonly webhook: Webhook | null;
  readonly now: Date;
  readonly send: Send;
  readonly log: (facts: Readonly<Record<string, unknown>>) => void;
}

/** Costs a listing where there is nothing to send. */
export async function deliverNotices(deps: DeliverDeps): Promise<void> {
  const { store, webhook } = deps;
  const waiting = await store.list(keys.outboxPrefix);
  for (const key of waiting.slice(0, webhook === null ? undefined : MOST_AT_ONCE)) {
    if (webhook === null) await store.delete(key);
    else await deliver(deps, webhook, key);
  }
}

async function deliver({ store, now, send, log }: DeliverDeps, webhook: Webhook, key: string): Promise<void> {
  const loaded = await loadJson(store, key, outboxSchema);
  if (!loaded.ok) {
    if (loaded.error.kind === 'missing') return;
    log({ event: 'notice unreadable', key });
    return store.delete(key);
  }
  const { notice, attempts, nextAt } = loaded.value.value;
  if (attempts > 0 && Date.parse(nextAt) > now.getTime()) return;
  const sent = await sendNotice(webhook, notice, now, send);
  if (sent.ok) return store.delete(key);
  log({ event: 'notice not delivered', id: notice.id, attempts: attempts + 1, problem: sent.error });
  if (attempts + 1 >= MOST_ATTEMPTS) return store.delete(key);
  const wait = Math.min(FIRST_WAIT_MS * 2 ** attempts, LONGEST_WAIT_MS);
  const again = { notice, attempts: attempts + 1, nextAt: new Date(now.getTime() + wait).toISOString() };
  await putJson(store, key, again, { etag: loaded.value.etag });
}
