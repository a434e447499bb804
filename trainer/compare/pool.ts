/**
 * Splits side by side, in worker threads, each with its own executor. The examples are shared, not copied; which thread
 * trains a split changes nothing about its scores.
 */
import { Worker } from 'node:worker_threads';
import { RunFailure } from '../pipeline/context.ts';
import type { SplitScore } from './comparison.ts';
import type { SplitTask, Workshop } from './split-bench.ts';

/** A failure has its reason in the data or the recipe; an error is a bug or an outage. */
export type SplitAnswer =
  { readonly score: SplitScore } | { readonly failure: string } | { readonly error: string };

/** So many threads, each started when it is first needed. */
export function workInThreads(threads: number): Workshop {
  return {
    width: threads,
    open(task) {
      const shared = shareTask(task);
      const started: Worker[] = [];
      const idle: Worker[] = [];
      const start = (): Worker => {
        const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: shared });
        started.push(worker);
        return worker;
      };
      return {
        async train(seed) {
          const worker = idle.pop() ?? start();
          const score = await askWorker(worker, seed);
          idle.push(worker);
          return score;
        },
        async close() {
          await Promise.all(started.map((worker) => worker.terminate()));
        },
      };
    },
  };
}

function shareTask({ subject, copies, recipes }: SplitTask): SplitTask {
  return {
    subject: { ...subject, values: share(subject.values) },
    copies: [share(copies[0]), share(copies[1])],
    recipes,
  };
}

/** The numbers in memory that all threads see. */
function share(values: Float32Array): Float32Array {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}

function askWorker(worker: Worker, seed: number): Promise<SplitScore> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      worker.off('message', answered).off('error', failed).off('exit', ended);
      then();
    };
    const answered = (answer: SplitAnswer): void =>
      settle(() => {
        if ('score' in answer) resolve(answer.score);
        else reject('failure' in answer ? new RunFailure(answer.failure) : new Error(answer.error));
      });
    const failed = (error: Error): void => settle(() => reject(error));
    const ended = (code: number): void => settle(() => reject(new Error(`a thread ended with code ${code}`)));
    worker.on('message', answered).on('error', failed).on('exit', ended);
    worker.postMessage(seed);
  });
}
