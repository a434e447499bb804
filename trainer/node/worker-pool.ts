/**
 * Threads that are asked one thing at a time, each started when it is first needed. Which of them answers changes
 * nothing about the answer.
 */
import { type TransferListItem, Worker } from 'node:worker_threads';
import { RunFailure } from '../run-failure.ts';

/** A failure has its reason in the data or the recipe; an error is a bug or an outage. */
export type Reply<Answer> =
  { readonly answer: Answer } | { readonly failure: string } | { readonly error: string };

export interface WorkerPool<Question, Answer> {
  /**
   * Waits for a thread that is free, and for its answer.
   *
   * @param transfer  what of the question is handed over instead of copied
   * @throws RunFailure for a failure; an Error when the thread throws or ends, or when the pool is closed
   */
  run(question: Question, transfer?: readonly TransferListItem[]): Promise<Answer>;
  /** Ends all threads, whatever they are doing. */
  close(): Promise<void>;
}

export interface WorkerPoolOptions {
  /** What a message calls one of its threads: `a feature thread`. */
  readonly name: string;
  /** What a thread runs: a file that calls `serveTasks` (thread.ts). */
  readonly file: URL;
  /** What every thread is given when it starts. */
  readonly workerData: unknown;
  readonly threads: number;
}

interface Waiting {
  readonly start: (worker: Worker) => void;
  readonly refuse: (reason: Error) => void;
}

/**
 * A pool without any thread yet. A thread that dies rejects its question and is replaced at the next one.
 *
 * @param file     what a thread runs: `workerData` in, questions by message, an answer each
 */
export function createWorkerPool<Question, Answer>({
  name,
  file,
  workerData,
  threads,
}: WorkerPoolOptions): WorkerPool<Question, Answer> {
  const alive = new Set<Worker>();
  const idle: Worker[] = [];
  const waiting: Waiting[] = [];
  let closed = false;

  const spawn = (): Worker => {
    const worker = new Worker(file, { workerData });
    alive.add(worker);
    // Whether it was asked something or not: an error that nobody hears would end the process.
    worker.on('error', () => alive.delete(worker));
    worker.on('exit', () => {
      alive.delete(worker);
      const at = idle.indexOf(worker);
      if (at !== -1) idle.splice(at, 1);
    });
    return worker;
  };
  const acquire = (): Promise<Worker> => {
    if (closed) return Promise.reject(new Error(`${name} was asked after the last one had ended`));
    const free = idle.pop();
    if (free !== undefined) return Promise.resolve(free);
    if (alive.size < threads) return Promise.resolve(spawn());
    return new Promise((start, refuse) => void waiting.push({ start, refuse }));
  };
  /** Whoever waits longest is next; in the place of a thread that ended comes a new one. */
  const release = (worker: Worker): void => {
    const next = closed ? undefined : waiting.shift();
    if (next !== undefined) next.start(alive.has(worker) ? worker : spawn());
    else if (alive.has(worker)) idle.push(worker);
  };

  return {
    async run(question, transfer = []) {
      const worker = await acquire();
      try {
        return await runOn<Answer>(worker, name, question, transfer);
      } finally {
        release(worker);
      }
    },
    async close() {
      closed = true;
      for (const { refuse } of waiting.splice(0)) refuse(new Error(`${name} was ended before its turn`));
      await Promise.all([...alive].map((worker) => worker.terminate()));
    },
  };
}

function runOn<Answer>(
  worker: Worker,
  name: string,
  question: unknown,
  transfer: readonly TransferListItem[],
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      worker.off('message', answered).off('error', failed).off('exit', ended);
      then();
    };
    const answered = (reply: Reply<Answer>): void =>
      settle(() => {
        if ('answer' in reply) resolve(reply.answer);
        else reject('failure' in reply ? new RunFailure(reply.failure) : new Error(reply.error));
      });
    const failed = (error: Error): void =>
      settle(() => reject(new Error(`${name} failed: ${error.message}`, { cause: error })));
    const ended = (code: number): void => settle(() => reject(new Error(`${name} ended with code ${code}`)));
    worker.on('message', answered).on('error', failed).on('exit', ended);
    worker.postMessage(question, transfer);
  });
}
