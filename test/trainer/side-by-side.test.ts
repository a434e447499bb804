import { expect, test } from 'vitest';
import { sideBySide } from '../../trainer/side-by-side.ts';

/** A promise and its two ends. */
function deferred() {
  let resolve = (): void => {};
  let reject = (_: Error): void => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('begins in order, never more than so many at once', async () => {
  const gates = Array.from({ length: 5 }, deferred);
  const begun: number[] = [];
  const all = sideBySide(5, 2, (i) => {
    begun.push(i);
    return gates[i]?.promise ?? Promise.resolve();
  });
  await settle();
  expect(begun).toEqual([0, 1]);
  gates[1]?.resolve();
  await settle();
  expect(begun).toEqual([0, 1, 2]);
  for (const gate of gates) gate.resolve();
  await all;
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

test('after a failure none begins, and what is under way is waited for', async () => {
  const gates = Array.from({ length: 4 }, deferred);
  const begun: number[] = [];
  let ended = false;
  const all = sideBySide(4, 2, (i) => {
    begun.push(i);
    return gates[i]?.promise ?? Promise.resolve();
  }).finally(() => {
    ended = true;
  });
  const refused = expect(all).rejects.toThrow('the first');
  gates[1]?.reject(new Error('the first'));
  await settle();
  expect([begun, ended]).toEqual([[0, 1], false]);
  gates[0]?.reject(new Error('the second'));
  await refused;
  expect(begun).toEqual([0, 1]);
});

test('does nothing of nothing', async () => {
  await sideBySide(0, 3, () => Promise.reject(new Error('expected no work')));
});
