import { expect, test, vi } from 'vitest';
import { createSingleFlight } from '../../../functions/http/single-flight.ts';

const ignore = (): void => {};

test('concurrent work of one name is made once, and everybody gets its result', async () => {
  const flights = createSingleFlight<number>();
  const work = vi.fn(async () => 7);
  expect(await Promise.all([1, 2, 3].map(() => flights.run('a', ignore, work)))).toEqual([7, 7, 7]);
  expect(work).toHaveBeenCalledTimes(1);
  await flights.run('a', ignore, work);
  expect(work).toHaveBeenCalledTimes(2);
});

test('a failure reaches everybody who waited, and the next one begins anew', async () => {
  const flights = createSingleFlight<number>();
  const fail = (): Promise<number> => Promise.reject(new Error('no'));
  const both = await Promise.allSettled([flights.run('a', ignore, fail), flights.run('a', ignore, fail)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await flights.run('a', ignore, async () => 1)).toBe(1);
});

test('work whose request was ended is begun anew, once, by those who waited for it', async () => {
  const flights = createSingleFlight<number>(20);
  const dead = flights.run('a', ignore, () => new Promise(ignore));
  const work = vi.fn(() => new Promise<number>((resolve) => setTimeout(() => resolve(5), 20)));
  expect(await Promise.all([1, 2, 3].map(() => flights.run('a', ignore, work)))).toEqual([5, 5, 5]);
  expect(work).toHaveBeenCalledTimes(1);
  expect(await Promise.race([dead, Promise.resolve('never')])).toBe('never');
});

test('the one who begins keeps its request alive until the end', async () => {
  const flights = createSingleFlight<number>();
  const kept: Promise<unknown>[] = [];
  const keep = (work: Promise<unknown>): void => void kept.push(work);
  await flights.run('a', keep, () => Promise.reject(new Error('no'))).catch(ignore);
  expect(kept).toHaveLength(1);
  await expect(kept[0]).resolves.toBeUndefined();
});
