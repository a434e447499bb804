/**
 * The queue's consumer: merges the inbox objects that messages name into batches. Messages may come twice, late, or
 * from the dead letter queue: collecting is idempotent, so all are treated alike.
 */
import type { InboxMessage } from '../../shared/events/write-inbox.ts';
import { collectInbox, inboxMessageSchema } from '../../shared/events/inbox.ts';
import { keys, MODEL_NAME } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { describeCause, type Log } from '../log.ts';

/** What this needs of a queue's message. */
export interface QueueMessage {
  readonly id: string;
  readonly body: unknown;
  ack(): void;
  retry(): void;
}

export interface QueueDeps {
  readonly store: ObjectStore;
  readonly log: Log;
  readonly now: () => number;
}

/** Every message is acknowledged once its events are in a batch, or was never one of ours; all others come again. */
export async function consumeMessages(messages: readonly QueueMessage[], deps: QueueDeps): Promise<void> {
  for (const [model, group] of groupByModel(messages, deps.log)) await consumeModel(model, group, deps);
}

interface Named {
  readonly message: QueueMessage;
  readonly key: string;
}

function groupByModel(messages: readonly QueueMessage[], log: Log): Map<string, Named[]> {
  const groups = new Map<string, Named[]>();
  for (const message of messages) {
    const named = parseMessage(message.body);
    if (named === null) {
      log.error('queue-message-unreadable', { id: message.id });
      message.ack();
      continue;
    }
    const group = groups.get(named.model) ?? [];
    group.push({ message, key: named.key });
    groups.set(named.model, group);
  }
  return groups;
}

/** A message that names anything but an inbox object would have that object deleted. */
function parseMessage(body: unknown): InboxMessage | null {
  const parsed = inboxMessageSchema.safeParse(body);
  if (!parsed.success) return null;
  const { model, key } = parsed.data;
  return MODEL_NAME.test(model) && key.startsWith(keys.inboxPrefix(model)) ? parsed.data : null;
}

async function consumeModel(model: string, group: readonly Named[], deps: QueueDeps): Promise<void> {
  const { store, log, now } = deps;
  try {
    const inboxKeys = group.map(({ key }) => key);
    const { objects, events, batches } = await collectInbox(store, model, new Date(now()), inboxKeys);
    for (const { message } of group) message.ack();
    log.info('events-collected', { model, objects, events, batches: batches.length });
  } catch (cause) {
    for (const { message } of group) message.retry();
    log.error('events-not-collected', { model, messages: group.length, cause: describeCause(cause) });
  }
}
