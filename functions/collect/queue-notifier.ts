/**
 * Telling the queue where events are. What the message names is durable already, so a failure is logged, not thrown:
 * the next snapshot collects what no message named.
 */
import type { InboxMessage } from '../../shared/events/write-inbox.ts';
import { describeCause, type Log } from '../log.ts';

export type NotifyQueue = (message: InboxMessage) => Promise<void>;

/** Sends what an inbox object is called; never rejects. */
export function createQueueNotifier(
  queue: { send(message: InboxMessage): Promise<unknown> },
  log: Log,
): NotifyQueue {
  return async (message) => {
    try {
      await queue.send(message);
    } catch (cause) {
      log.error('queue-send-failed', { ...message, cause: describeCause(cause) });
    }
  };
}
