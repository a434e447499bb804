/**
 * Telling the queue where events are. What the message names is durable already, so a failure is logged, not thrown:
 * the next snapshot collects what no message named.
 */
import type { InboxMessage } from '../../shared/events/write-inbox.ts';
import { describeCause, type Log } from '../log.ts';

export type Announce = (message: InboxMessage) => Promise<void>;

export function createAnnounce(queue: { send(message: InboxMessage): Promise<unknown> }, log: Log): Announce {
  return async (message) => {
    try {
      await queue.send(message);
    } catch (cause) {
      log.error('queue-send-failed', { ...message, cause: describeCause(cause) });
    }
  };
}
