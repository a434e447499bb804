/**
 * A thread with a mind of its own, for tests: what it is asked says how it answers.
 */
import { threadId, workerData } from 'node:worker_threads';
import { serveTasks } from '../../../trainer/node/serve-tasks.ts';
import { RunFailure } from '../../../trainer/run-failure.ts';

serveTasks((question: string): Promise<string> | string => {
  switch (question) {
    case 'fail':
      throw new RunFailure('example e-1: input was altered');
    case 'throw':
      throw new Error('a bug');
    case 'end':
      return process.exit(7);
    case 'crash':
      setImmediate(() => {
        throw new Error('out of nowhere');
      });
      return new Promise(() => {});
    case 'never':
      return new Promise(() => {});
    default:
      return `${String(workerData)} ${question} ${threadId}`;
  }
});
