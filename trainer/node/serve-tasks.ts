/**
 * The other end of a worker pool: a thread that does one task after the other.
 */
import { parentPort, type TransferListItem } from 'node:worker_threads';
import type { Reply } from './worker-pool.ts';
import { RunFailure } from '../run-failure.ts';

/**
 * Whoever asks and whoever answers are one program: what is asked is not checked.
 *
 * @param transferOf  what of an answer is handed over instead of copied
 */
export function serveTasks<Answer>(
  answer: (question: never) => Answer | Promise<Answer>,
  transferOf: (answer: Answer) => TransferListItem[] = () => [],
): void {
  const reply = async (question: never): Promise<void> => {
    try {
      const given = await answer(question);
      parentPort?.postMessage({ answer: given } satisfies Reply<Answer>, transferOf(given));
    } catch (error) {
      parentPort?.postMessage(explain(error));
    }
  };
  parentPort?.on('message', (question: unknown) => void reply(question as never));
}

function explain(error: unknown): Reply<never> {
  if (error instanceof RunFailure) return { failure: error.message };
  return { error: error instanceof Error ? error.message : String(error) };
}
