/**
 * Splits side by side, in worker threads, each with its own executor. The examples are shared, not copied; which thread
 * trains a split changes nothing about its scores.
 */
import { createWorkerPool } from '../node/worker-pool.ts';
import { shareFloats } from '../node/share.ts';
import type { SplitScore } from './comparison.ts';
import type { SplitTask, Workshop } from './split-bench.ts';

/** So many threads, each started when it is first needed. */
export function workInThreads(threads: number): Workshop {
  return {
    width: threads,
    open(task) {
      const pool = createWorkerPool<number, SplitScore>({
        name: 'a training thread',
        file: new URL('./worker.ts', import.meta.url),
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
