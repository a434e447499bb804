import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Side } from '../../../../trainer/pipeline/data/holdout.ts';
import { hashText } from '../../../../trainer/pipeline/data/history/hash-text.ts';
import { drawSplit, placeContents } from '../../../../trainer/pipeline/data/split.ts';
import { rentSpec } from '../../../support/regression-model.ts';
import { blobSpec } from '../../../support/tabular-model.ts';

const sideArbitrary = fc.constantFrom<Side>('train', 'train', 'train', 'validation', 'holdout');

function draw(sides: readonly (readonly Side[])[], maxExamples: number, labels?: readonly number[]) {
  const spec = blobSpec('blobs');
  return drawSplit(
    { windows: [] },
    {
      sides,
      labels: labels ?? sides.flat().map(() => 0),
      priorities: [...sides.flat().keys()],
      ranks: [...sides.flat().keys()],
    },
    { ...spec, training: { ...spec.training, maxExamples } },
    5,
  );
}

interface Placed {
  readonly side: Side;
  readonly digest: string;
  readonly apart?: boolean;
}

function withoutDuplicates(windows: readonly (readonly Placed[])[]) {
  const place = placeContents(100);
  return windows.map((window) =>
    window.map(({ side, digest, apart }) => place(...hashText(digest), side, apart)),
  );
}

const trainOnly = (n: number): Side[] => Array.from({ length: n }, () => 'train');

test('every example that is held out judges, and none of them is trained on', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(sideArbitrary, { maxLength: 60 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 100 }),
      (sides, most) => {
        const all = sides.flat();
        const { train, validation, holdout } = draw(sides, most);
        expect(holdout.flat()).toEqual(all.flatMap((side, i) => (side === 'holdout' ? [i] : [])));
        for (const position of train) expect(all[position]).toBe('train');
        for (const position of validation) expect(all[position]).toBe('validation');
        expect(new Set(train).size).toBe(train.length);
        expect(train.length).toBe(Math.min(most, all.filter((side) => side === 'train').length));
      },
    ),
  );
});

test('a large night leaves half of the room to the past', () => {
  const past = trainOnly(500);
  const current = trainOnly(5_000);
  const { train } = draw([past, current], 400);
  expect(train.filter((position) => position < 500)).toHaveLength(200);
});

test('a small night is used whole, and the past fills the rest', () => {
  const past = trainOnly(5_000);
  const current = trainOnly(50);
  const { train } = draw([past, current], 400);
  expect(train.filter((position) => position >= 5_000)).toHaveLength(50);
  expect(train).toHaveLength(400);
});

test('the same seed draws the same sample', () => {
  const sides = [trainOnly(900), trainOnly(900)];
  expect(draw(sides, 300)).toEqual(draw(sides, 300));
});

test('the majority is the most frequent label of what is trained on', () => {
  const sides: Side[][] = [['train', 'train', 'train', 'holdout', 'holdout', 'holdout']];
  expect(draw(sides, 100, [2, 1, 2, 0, 0, 0]).constant).toBe(2);
});

test('the constant answer of a regression is the mean target of what is trained on', () => {
  const spec = rentSpec('rents');
  const sides: Side[][] = [['train', 'train', 'validation', 'holdout']];
  const assigned = { sides, labels: [1.5, 2, 100, 100], priorities: [0, 1, 2, 3], ranks: [0, 1, 2, 3] };
  expect(drawSplit({ windows: [] }, assigned, spec, 5).constant).toBe(1.75);
});

test('content that is held out in one group is not learned from in another', () => {
  const sides = withoutDuplicates([
    [
      { side: 'holdout', digest: 'a' },
      { side: 'train', digest: 'b' },
    ],
    [
      { side: 'train', digest: 'a' },
      { side: 'validation', digest: 'a' },
      { side: 'holdout', digest: 'a' },
    ],
  ]);
  expect(sides).toEqual([
    ['holdout', 'train'],
    ['duplicate', 'duplicate', 'holdout'],
  ]);
});

test('content that came without a group before is on no side in a group of another side', () => {
  const sides = withoutDuplicates([
    [{ side: 'train', digest: 'a' }],
    [
      { side: 'holdout', digest: 'a' },
      { side: 'train', digest: 'a' },
    ],
  ]);
  expect(sides).toEqual([['train'], ['duplicate', 'train']]);
});

test('content that is kept apart has its side for the day on which its label is believed', () => {
  const windows = (apart: boolean) => [
    [{ side: 'holdout' as const, digest: 'a', apart }],
    [{ side: 'train' as const, digest: 'a' }],
  ];
  // Were it learned from in the meantime, what has learned from it would be judged by it later.
  expect(withoutDuplicates(windows(true))).toEqual([['apart'], ['duplicate']]);
  expect(withoutDuplicates(windows(false))).toEqual([['holdout'], ['duplicate']]);
});
