/**
 * Splits side by side, in worker threads, each with its own executor. The examples are shared, not copied; which thread
 * trains a split changes nothing about its scores.
 */
import { createWorkerPool } from './worker-pool.ts';
import { shareFloats } from './share.ts';
import type { SplitBackend, SplitScore, SplitTask } from '../run/split-backend.ts';

/** So many threads, each started when it is first needed. */
export function threadedSplitBackend(threads: number): SplitBackend {
  return {
    concurrency: threads,
    open(task) {
      const pool = createWorkerPool<number, SplitScore>({
        name: 'a training thread',
        file: new URL('./split-thread.ts', import.meta.url),
        workerData: shareTask(task),
        threads,
      });
      return { train: (seed) => pool.run(seed), close: () => pool.close() };
    },
  };
}

function shareTask({ subjects: [first, second], recipes }: SplitTask): SplitTask {
  const values = shareFloats(first.values);
  const others = second.values === first.values ? values : shareFloats(second.values);
  return {
    subjects: [
      { ...first, values, copies: shareFloats(first.copies) },
      { ...second, values: others, copies: shareFloats(second.copies) },
    ],
    recipes,
  };
}
