/**
 * Splits side by side, in worker threads: as many at once as there are cores, each thread with its own executor. The
 * examples are shared, not copied; which thread trains a split changes nothing about its scores.
 */
import { Worker } from 'node:worker_threads';
import type { SplitScore } from './comparison.ts';
import type { Recipe } from './recipe.ts';
import type { Subject } from './train-recipe.ts';

/** What every thread is given once. */
export interface Bench {
  /** The same examples, as each recipe's version reads them. */
  readonly subjects: readonly [Subject, Subject];
  readonly recipes: readonly [Recipe, Recipe];
  readonly testShare: number;
}

export interface SplitRequest {
  readonly split: number;
  readonly seed: number;
}

export type SplitAnswer =
  { readonly split: number; readonly score: SplitScore } | { readonly split: number; readonly error: string };

/**
 * @param seeds   one a split
 * @param onDone  told after each split how many are done
 * @returns scores in the order of the seeds
 * @throws Error when a thread dies or a split can't be trained; the others are ended
 */
export async function trainSplits(
  bench: Bench,
  seeds: readonly number[],
  threads: number,
  onDone: (done: number) => void,
): Promise<SplitScore[]> {
  const scores: SplitScore[] = [];
  let next = 0;
  let done = 0;
  const shared = shareBench(bench);
  const workers = Array.from({ length: Math.min(threads, seeds.length) }, () => startWorker(shared));
  const follow = async (worker: Worker): Promise<void> => {
    while (next < seeds.length) {
      const split = next;
      next += 1;
      scores[split] = await askWorker(worker, { split, seed: seeds[split] as number });
      done += 1;
      onDone(done);
    }
  };
  try {
    await Promise.all(workers.map(follow));
    return scores;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function startWorker(bench: Bench): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { workerData: bench });
}

function shareBench({ subjects: [first, second], ...bench }: Bench): Bench {
  const values = share(first.values);
  const others = second.values === first.values ? values : share(second.values);
  return {
    ...bench,
    subjects: [
      { ...first, values, copies: share(first.copies) },
      { ...second, values: others, copies: share(second.copies) },
    ],
  };
}

/** The numbers in memory that all threads see. */
function share(values: Float32Array): Float32Array {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}

function askWorker(worker: Worker, request: SplitRequest): Promise<SplitScore> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      worker.off('message', answered).off('error', failed).off('exit', ended);
      then();
    };
    const answered = (answer: SplitAnswer): void =>
      settle(() =>
        'score' in answer
          ? resolve(answer.score)
          : reject(new Error(`split ${answer.split + 1}: ${answer.error}`)),
      );
    const failed = (error: Error): void => settle(() => reject(error));
    const ended = (code: number): void => settle(() => reject(new Error(`a thread ended with code ${code}`)));
    worker.on('message', answered).on('error', failed).on('exit', ended);
    worker.postMessage(request);
  });
}
