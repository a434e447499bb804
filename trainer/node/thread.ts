/**
 * The other end of a crew: a thread that answers what it is asked, one question after the other.
 */
import { parentPort, type TransferListItem } from 'node:worker_threads';
import { RunFailure } from '../pipeline/context.ts';
import type { Reply } from './crew.ts';

/** @param transferOf  what of an answer is handed over instead of copied */
export function answerAsked<Question, Answer>(
  answer: (question: Question) => Answer | Promise<Answer>,
  transferOf: (answer: Answer) => TransferListItem[] = () => [],
): void {
  const reply = async (question: Question): Promise<void> => {
    try {
      const given = await answer(question);
      parentPort?.postMessage({ answer: given } satisfies Reply<Answer>, transferOf(given));
    } catch (error) {
      parentPort?.postMessage(explain(error));
    }
  };
  parentPort?.on('message', (question: Question) => void reply(question));
}

function explain(error: unknown): Reply<never> {
  if (error instanceof RunFailure) return { failure: error.message };
  return { error: error instanceof Error ? error.message : String(error) };
}
