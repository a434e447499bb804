import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PairedExamples, unitsOf } from '../../../../shared/continuity/referee/units.ts';
import { UNGROUPED } from '../../../../shared/continuity/statistics/design-effect.ts';
import { createRandom } from '../../../../shared/random.ts';

const value = fc.constantFrom(-1, 0, 1);

/** Examples with groups and inputs that repeat. */
const tied = fc
  .array(fc.tuple(value, fc.integer({ min: UNGROUPED, max: 5 }), fc.integer({ min: 0, max: 20 })), {
    maxLength: 60,
  })
  .map((rows): Required<PairedExamples> => ({
    differences: Float64Array.from(rows, ([x]) => x),
    groups: Int32Array.from(rows, ([, group]) => group),
    contents: Int32Array.from(rows, ([, , content]) => content),
  }));

describe('what is one unit', () => {
  test('a group, with its mean difference, however many examples it has', () => {
    const { tied: units, alone } = unitsOf({
      differences: Float64Array.of(1, 0, -1, 1, 1),
      groups: Int32Array.of(7, 7, 9, 7, UNGROUPED),
    });
    expect([...units]).toEqual([2 / 3, -1]);
    expect([...alone]).toEqual([1]);
  });

  test('an input that comes again, where no group has it', () => {
    const { tied: units, alone } = unitsOf({
      differences: Float64Array.of(1, 0, -1, 1, 0),
      groups: Int32Array.of(UNGROUPED, UNGROUPED, UNGROUPED, 3, UNGROUPED),
      contents: Int32Array.of(5, 5, 6, 6, 8),
    });
    // Input 5 twice; input 6 once outside of group 3, so it stands alone; group 3.
    expect([...units]).toEqual([0.5, 1]);
    expect([...alone]).toEqual([-1, 0]);
  });

  test('every example by itself where nothing ties them', () => {
    expect(unitsOf({ differences: Float64Array.of(1, 0, 0, -1) })).toEqual({
      tied: new Float64Array(0),
      alone: Float64Array.of(1, 0, 0, -1),
      share: 1,
      blockLength: 1,
    });
  });

  test('no examples are no units', () => {
    const { tied: units, alone, share } = unitsOf({ differences: new Float64Array(0) });
    expect([units.length, alone.length, share]).toEqual([0, 0, 1]);
  });
});

describe('for any examples', () => {
  test('copies of a group change nothing', () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        (xs, k) => {
          const once = { differences: Float64Array.from(xs), groups: new Int32Array(xs.length) };
          const again = Array.from({ length: k }, () => xs).flat();
          const copies = { differences: Float64Array.from(again), groups: new Int32Array(again.length) };
          expect(unitsOf(copies).tied[0]).toBeCloseTo(unitsOf(once).tied[0] as number, 12);
          expect(unitsOf(copies).tied).toHaveLength(1);
        },
      ),
    );
  });

  test('each belongs to one unit, and groups and inputs are counted as they are named', () => {
    fc.assert(
      fc.property(tied, (examples) => {
        const { tied: units, alone } = unitsOf(examples);
        const named = new Set([...examples.groups].filter((group) => group !== UNGROUPED));
        const free = [...examples.contents].filter((_, i) => examples.groups[i] === UNGROUPED);
        const repeats = new Set(free.filter((content, i) => free.indexOf(content) !== i));
        expect(units.length).toBe(named.size + repeats.size);
        expect(alone.length).toBe(free.filter((content) => !repeats.has(content)).length);
        for (const mean of units) expect(Math.abs(mean)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('groups that come in another order are the same units', () => {
    fc.assert(
      fc.property(tied, (examples) => {
        const backwards = {
          differences: examples.differences.toReversed(),
          groups: examples.groups.toReversed(),
          contents: examples.contents.toReversed(),
        };
        const sorted = (units: Float64Array): number[] => [...units].sort((a, b) => a - b);
        expect(sorted(unitsOf(backwards).tied)).toEqual(sorted(unitsOf(examples).tied));
      }),
    );
  });
});

describe('neighbours in time', () => {
  const runs = (n: number, again: number, seed: number): Float64Array => {
    const random = createRandom(seed);
    const x = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      const u = random.uniform();
      x[i] = i > 0 && random.uniform() < again ? (x[i - 1] as number) : u < 0.1 ? 1 : u < 0.2 ? -1 : 0;
    }
    return x;
  };

  test('that are the same ten times over count for about a tenth, in steps that add up exactly', () => {
    const shares = Array.from(
      { length: 50 },
      (_, seed) => unitsOf({ differences: runs(2_000, 0.9, seed) }).share,
    );
    const mean = shares.reduce((sum, share) => sum + share, 0) / 50;
    // (1 + 0.9) / (1 - 0.9) = 19 times the variance, one standard error more
    expect(mean).toBeGreaterThan(1 / 38);
    expect(mean).toBeLessThan(1 / 15);
    for (const share of shares) expect(Number.isInteger(share * 1_024)).toBe(true);
  });

  test('never count for less than one of their block', () => {
    for (let seed = 0; seed < 50; seed++) {
      const { share, blockLength } = unitsOf({ differences: runs(300, 0.95, seed) });
      expect(share).toBeGreaterThan(1 / blockLength - 1 / 1_024);
      expect(share).toBeLessThanOrEqual(1);
    }
  });

  test('that have nothing to do with each other count in full', () => {
    const full = Array.from(
      { length: 50 },
      (_, seed) => unitsOf({ differences: runs(1_000, 0, seed) }).share,
    );
    expect(full.filter((share) => share === 1).length).toBeGreaterThanOrEqual(45);
  });
});

test.each(['groups', 'contents'])('refuses %s of another length', (name) => {
  const examples = { differences: Float64Array.of(1, 0), [name]: Int32Array.of(1) };
  expect(() => unitsOf(examples)).toThrow(new RangeError('expected 2 ids, got 1'));
});
