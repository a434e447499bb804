import { expect, test } from 'vitest';
import { createCrew } from '../../../trainer/node/crew.ts';
import { RunFailure } from '../../../trainer/pipeline/context.ts';

const open = (threads: number) =>
  createCrew<string, string>({
    name: 'an odd thread',
    file: new URL('./odd-thread.ts', import.meta.url),
    workerData: 'hello',
    threads,
  });

const threadOf = (answer: string): string => answer.split(' ')[2] ?? '';

test('so many threads answer, however many questions there are, and each its own', async () => {
  const crew = open(2);
  const answers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((question) => crew.ask(question)));
  expect(answers.map((answer) => answer.split(' ').slice(0, 2).join(' '))).toEqual(
    ['a', 'b', 'c', 'd', 'e'].map((question) => `hello ${question}`),
  );
  expect(new Set(answers.map(threadOf)).size).toBe(2);
  await crew.close();
});

test('one question after the other needs one thread', async () => {
  const crew = open(4);
  const threads = [await crew.ask('a'), await crew.ask('b'), await crew.ask('c')].map(threadOf);
  expect(new Set(threads).size).toBe(1);
  await crew.close();
});

test('failures come back by name, errors as errors, and the thread goes on', async () => {
  const crew = open(1);
  const failed = crew.ask('fail');
  await expect(failed).rejects.toThrow('example e-1: input was altered');
  await expect(failed).rejects.toBeInstanceOf(RunFailure);
  const thrown = crew.ask('throw');
  await expect(thrown).rejects.toThrow('a bug');
  await expect(thrown).rejects.not.toBeInstanceOf(RunFailure);
  expect(await crew.ask('a')).toMatch(/^hello a/);
  await crew.close();
});

test('a thread that ends or crashes fails what it was asked; another one takes its place', async () => {
  const crew = open(1);
  const [ended, waiting] = [crew.ask('end'), crew.ask('a')];
  await expect(ended).rejects.toThrow('an odd thread ended with code 7');
  expect(await waiting).toMatch(/^hello a/);
  await expect(crew.ask('crash')).rejects.toThrow('an odd thread failed: out of nowhere');
  expect(await crew.ask('b')).toMatch(/^hello b/);
  await crew.close();
});

test('closing ends what is under way and what waits, and nothing is asked afterwards', async () => {
  const crew = open(1);
  const [first, second] = [crew.ask('never'), crew.ask('a')];
  const refused = Promise.all([
    expect(first).rejects.toThrow(/^an odd thread ended with code \d$/),
    expect(second).rejects.toThrow('an odd thread was ended before its turn'),
  ]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await crew.close();
  await refused;
  await expect(crew.ask('b')).rejects.toThrow('after the last one had ended');
});
