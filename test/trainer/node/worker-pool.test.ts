import { expect, test } from 'vitest';
import { createWorkerPool } from '../../../trainer/node/worker-pool.ts';
import { RunFailure } from '../../../trainer/run-failure.ts';

const open = (threads: number) =>
  createWorkerPool<string, string>({
    name: 'an odd thread',
    file: new URL('./odd-thread.ts', import.meta.url),
    workerData: 'hello',
    threads,
  });

const threadOf = (answer: string): string => answer.split(' ')[2] ?? '';

test('so many threads answer, however many questions there are, and each its own', async () => {
  const pool = open(2);
  const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((question) => pool.run(question)));
  expect(answers.map((answer) => answer.split(' ').slice(0, 2).join(' '))).toEqual(
    ['a', 'b', 'c', 'd', 'e'].map((question) => `hello ${question}`),
  );
  expect(new Set(answers.map(threadOf)).size).toBe(2);
  await pool.close();
});

test('one question after the other needs one thread', async () => {
  const pool = open(4);
  const threads = [await pool.run('a'), await pool.run('b'), await pool.run('c')].map(threadOf);
  expect(new Set(threads).size).toBe(1);
  await pool.close();
});

test('failures come back by name, errors as errors, and the thread goes on', async () => {
  const pool = open(1);
  const failed = pool.run('fail');
  await expect(failed).rejects.toThrow('example e-1: input was altered');
  await expect(failed).rejects.toBeInstanceOf(RunFailure);
  const thrown = pool.run('throw');
  await expect(thrown).rejects.toThrow('a bug');
  await expect(thrown).rejects.not.toBeInstanceOf(RunFailure);
  expect(await pool.run('a')).toMatch(/^hello a/);
  await pool.close();
});

test('a thread that ends or crashes fails what it was asked; another one takes its place', async () => {
  const pool = open(1);
  const [ended, waiting] = [pool.run('end'), pool.run('a')];
  await expect(ended).rejects.toThrow('an odd thread ended with code 7');
  expect(await waiting).toMatch(/^hello a/);
  await expect(pool.run('crash')).rejects.toThrow('an odd thread failed: out of nowhere');
  expect(await pool.run('b')).toMatch(/^hello b/);
  await pool.close();
});

test('closing ends what is under way and what waits, and nothing is asked afterwards', async () => {
  const pool = open(1);
  const [first, second] = [pool.run('never'), pool.run('a')];
  const refused = Promise.all([
    expect(first).rejects.toThrow(/^an odd thread ended with code \d$/),
    expect(second).rejects.toThrow('an odd thread was ended before its turn'),
  ]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await pool.close();
  await refused;
  await expect(pool.run('b')).rejects.toThrow('after the last one had ended');
});
