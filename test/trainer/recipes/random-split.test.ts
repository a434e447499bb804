import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawRandomSplit } from '../../../trainer/recipes/random-split.ts';

const identities = fc
  .array(fc.tuple(fc.nat(12), fc.nat(30)), { minLength: 5, maxLength: 60 })
  .map((pairs) => ({ units: pairs.map(([unit]) => unit), contents: pairs.map(([, content]) => content) }));

test('a unit is on one side only, and nothing that is tested on is trained on under another name', () => {
  fc.assert(
    fc.property(identities, fc.nat(), ({ units, contents }, seed) => {
      const { train, test } = drawRandomSplit({ units, contents }, 0.2, seed);
      const tested = new Set(test.map((at) => units[at]));
      const seen = new Set(test.map((at) => contents[at]));
      for (const at of train) {
        expect(tested.has(units[at])).toBe(false);
        expect(seen.has(contents[at])).toBe(false);
      }
      expect(test.length).toBeGreaterThanOrEqual(0.2 * units.length);
    }),
  );
});

test('of examples on their own a fifth is tested on and all others are trained on; the seed decides which', () => {
  const alone = Array.from({ length: 100 }, (_, i) => i);
  const draw = (seed: number) => drawRandomSplit({ units: alone, contents: alone }, 0.2, seed);
  expect(draw(1).test).toHaveLength(20);
  expect([...draw(1).train, ...draw(1).test].sort((a, b) => a - b)).toEqual(alone);
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1).test).not.toEqual(draw(2).test);
});
