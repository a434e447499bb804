import { expect, test } from 'vitest';
import {
  numberInputs,
  pick,
  pickIds,
  trackNeighbours,
} from '../../../../trainer/pipeline/judge/neighbours.ts';

interface Seen {
  readonly at: number;
  readonly label: number;
  readonly group?: string;
  readonly labelledAt?: number;
  readonly input?: number;
  readonly flip?: boolean;
}

function track(examples: readonly Seen[]) {
  const tracker = trackNeighbours(examples.length);
  // An input that comes once, unless it is given; a label that nobody could have known, unless it came.
  const rest = { labelledAt: Number.POSITIVE_INFINITY, flip: false };
  for (const [i, { group = '', ...example }] of examples.entries())
    tracker.add({ ...rest, input: i, ...example, group: ['', 'ann', 'bob'].indexOf(group) });
  return tracker.end();
}

/** Seen at 0, 10, 20, …; labels come so long after. */
const delayed = (labels: readonly number[], delay: number) =>
  labels.map((label, i) => ({ at: 10 * i, label, labelledAt: 10 * i + delay }));

test('the last label is the newest that had come when the example was seen', () => {
  expect([...track(delayed([2, 0, 0, 1], 10)).previous]).toEqual([Number.NaN, 2, 0, 0]);
  expect([...track(delayed([2, 0, 0, 1], 11)).previous]).toEqual([Number.NaN, Number.NaN, 2, 0]);
  expect([...track(delayed([2, 0, 0, 1], 1_000)).previous].every(Number.isNaN)).toBe(true);
});

test('a label that comes late for an old example does not replace one of a newer example', () => {
  const { previous } = track([
    { at: 0, label: 7, labelledAt: 25 },
    { at: 10, label: 8, labelledAt: 15 },
    { at: 20, label: 9 },
    { at: 30, label: 9 },
  ]);
  expect([...previous]).toEqual([Number.NaN, Number.NaN, 8, 8]);
});

test('nobody could have known the label of a whole example: it came with it, of an import long after', () => {
  expect([
    ...track([
      { at: 0, label: 1 },
      { at: 10, label: 1 },
    ]).previous,
  ]).toEqual([Number.NaN, Number.NaN]);
});

test('with groups it is one of the same group; an example on its own follows others on their own', () => {
  const examples = ['ann', 'bob', undefined, 'ann', undefined, 'bob'].map((group, i) => ({
    at: 10 * i,
    label: i,
    labelledAt: 10 * i + 1,
    ...(group !== undefined && { group }),
  }));
  const { previous, groups } = track(examples);
  expect([...(groups ?? [])]).toEqual([0, 1, -1, 0, -1, 1]);
  expect([...previous]).toEqual([Number.NaN, Number.NaN, Number.NaN, 0, 2, 1]);
  expect(track(delayed([1, 2], 1)).groups).toBeNull();
});

test('the order in which examples are added does not matter, only when they were seen', () => {
  const examples = delayed([2, 0, 3, 1], 10);
  const { previous } = track(examples.toReversed());
  expect([...previous].toReversed()).toEqual([Number.NaN, 2, 0, 3]);
});

test('positions pick their values in order', () => {
  expect([...pick(Float64Array.of(5.5, 6.5, 7.5, 8.5), [1, 3])]).toEqual([6.5, 8.5]);
  expect([...pickIds(Int32Array.of(5, 6, 7, 8), [1, 3])]).toEqual([6, 8]);
});

test('positions of reported flips are kept', () => {
  const { reported } = track([false, true, false].map((flip) => ({ at: 0, label: 0, flip })));
  expect([...reported]).toEqual([1]);
});

test('inputs are numbered by what they are, over all windows, and not at all where none comes twice', () => {
  const of = (...inputs: number[]) => track(inputs.map((input) => ({ at: 0, label: 0, input })));
  const windows = [
    [0, 1],
    [2, 4],
  ];
  expect(numberInputs(of(7, 8, 7, 8, 9), windows)).toEqual([Int32Array.of(0, 1), Int32Array.of(0, 2)]);
  expect(numberInputs(of(7, 8, 6, 8, 9), windows)).toBeNull();
});
