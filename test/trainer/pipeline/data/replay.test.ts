import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../../shared/random.ts';
import { divideFairly, drawReplay, type Past, priorityOf } from '../../../../trainer/pipeline/data/replay.ts';

const SALT = 'ab'.repeat(32);
const STRATEGIES = ['uniform', 'reservoir', 'class-balanced', 'by-window'] as const;
type Strategy = (typeof STRATEGIES)[number];

/** Windows of so many examples; every tenth one is of class 1. */
function past(...sizes: readonly number[]): Past {
  return pastOf(SALT, sizes);
}

function pastOf(salt: string, sizes: readonly number[]): Past {
  let at = 0;
  const windows = sizes.map((size) => Array.from({ length: size }, () => at++));
  return {
    windows,
    labelOf: (position) => (position % 10 === 0 ? 1 : 0),
    priorityOf: (position) => priorityOf(salt, `content ${position}`),
  };
}

const draw = (from: Past, most: number, strategy: Strategy, seed = 1) =>
  drawReplay(from, most, strategy, createRandom(seed));

const within = (drawn: readonly number[], from: number, to: number): number =>
  drawn.filter((position) => position >= from && position < to).length;

describe('replay', () => {
  test.each(STRATEGIES)(
    '%s draws as many as there is room for, each once, and all where there is room',
    (strategy) => {
      fc.assert(
        fc.property(
          fc.array(fc.nat({ max: 40 }), { maxLength: 5 }),
          fc.integer({ min: 0, max: 120 }),
          (sizes, most) => {
            const all = past(...sizes).windows.flat();
            const drawn = draw(past(...sizes), most, strategy);
            expect(new Set(drawn).size).toBe(drawn.length);
            expect(drawn.length).toBe(Math.min(most, all.length));
            expect(drawn.every((position) => all.includes(position))).toBe(true);
          },
        ),
      );
    },
  );

  test('by window takes as many of each, whatever their sizes', () => {
    const drawn = draw(past(1_000, 50, 300), 240, 'by-window');
    expect([within(drawn, 0, 1_000), within(drawn, 1_000, 1_050), within(drawn, 1_050, 1_350)]).toEqual([
      95, 50, 95,
    ]);
  });

  test('class-balanced takes as many of the rare class as of the frequent one', () => {
    const drawn = draw(past(1_000), 150, 'class-balanced');
    expect(drawn.filter((position) => position % 10 === 0)).toHaveLength(75);
  });

  test('the reservoir does not depend on the night, and lets few go when more come', () => {
    const before = draw(past(1_000), 200, 'reservoir', 1);
    expect(new Set(draw(past(1_000), 200, 'reservoir', 2))).toEqual(new Set(before));
    const after = new Set(draw(past(1_000, 200), 200, 'reservoir'));
    const kept = before.filter((position) => after.has(position)).length;
    // A sixth of what is there is new; so is about a sixth of what is drawn.
    expect(kept).toBeGreaterThan(140);
    expect(kept).toBeLessThan(190);
    expect(
      before.filter((position) => new Set(draw(past(1_000), 200, 'uniform')).has(position)).length,
    ).toBeLessThan(80);
  });

  test('the reservoir of another model is another one', () => {
    const other = drawReplay(pastOf('cd'.repeat(32), [1_000]), 200, 'reservoir', createRandom(1));
    expect(new Set(other)).not.toEqual(new Set(draw(past(1_000), 200, 'reservoir')));
  });

  test('uniform draws anew each night', () => {
    expect(draw(past(1_000), 200, 'uniform', 1)).not.toEqual(draw(past(1_000), 200, 'uniform', 2));
  });
});

test('what is divided fairly is all given out, to none more than it can take, to the least as much as can be', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 50 }), { maxLength: 8 }), fc.nat({ max: 300 }), (sizes, most) => {
      const quotas = divideFairly(sizes, most);
      const given = quotas.reduce((sum, quota) => sum + quota, 0);
      expect(given).toBe(
        Math.min(
          most,
          sizes.reduce((sum, size) => sum + size, 0),
        ),
      );
      for (const [i, quota] of quotas.entries()) {
        expect(quota).toBeLessThanOrEqual(sizes[i] as number);
        // Who got less than another by more than one could not take more.
        const largest = Math.max(...quotas);
        if (quota < largest - 1) expect(quota).toBe(sizes[i]);
      }
    }),
  );
});
