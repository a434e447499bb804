import { expect, test } from 'vitest';
import { pick, pickIds, trackNeighbours } from '../../../../trainer/pipeline/judge/neighbours.ts';

function track(examples: readonly (readonly [label: number, group?: string])[]) {
  const tracker = trackNeighbours(examples.length);
  for (const [label, group] of examples) tracker.add(group === undefined ? { label } : { label, group });
  return tracker.end();
}

test('the label before is the one before in time, and the first has none', () => {
  const { previous, groups } = track([[2], [0], [0], [1]]);
  expect([...previous]).toEqual([Number.NaN, 2, 0, 0]);
  expect(groups).toBeNull();
});

test('with groups it is the one before of the same group; an example on its own follows others on their own', () => {
  const { previous, groups } = track([[0, 'ann'], [1, 'bob'], [2], [1, 'ann'], [0], [2, 'bob']]);
  expect([...(groups ?? [])]).toEqual([0, 1, -1, 0, -1, 1]);
  expect([...previous]).toEqual([Number.NaN, Number.NaN, Number.NaN, 0, 2, 1]);
});

test('positions pick their values in order', () => {
  expect([...pick(Float64Array.of(5.5, 6.5, 7.5, 8.5), [1, 3])]).toEqual([6.5, 8.5]);
  expect([...pickIds(Int32Array.of(5, 6, 7, 8), [1, 3])]).toEqual([6, 8]);
});

test('positions of reported flips are kept', () => {
  const tracker = trackNeighbours(3);
  for (const example of [{ label: 0 }, { label: 1, flip: true as const }, { label: 0 }]) tracker.add(example);
  expect([...tracker.end().reported]).toEqual([1]);
});
