import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom, shuffle } from '../../shared/random.ts';

const words = (seed: number, n: number): number[] => {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => random.uniform() * 2 ** 32);
};

describe('the generator', () => {
  // Seed 99: rtmigo/xrandom (Dart), its reference values of a generator in JavaScript. The others: values on which
  // implementations in Rust, Python and Go published on GitHub agree.
  test.each([
    [
      99,
      [
        1118692146, 3456687457, 2323025554, 2964572940, 4890715, 3511320825, 48751514, 452846334, 1703291702,
        2881671998,
      ],
    ],
    [0, [1144304738, 1416247, 958946056, 627933444, 2007157716]],
    [1, [2693262067, 11749833, 2265367787, 4213581821, 4159151403]],
    [42, [2581720956, 1925393290, 3661312704, 2876485805, 750819978]],
    [0xdead_beef, [4043151706, 1147597007, 3315858022, 1538288752, 2042435954]],
    [0xffff_ffff, [3850105811, 813802916, 3073704848, 4054706436, 3630262831]],
  ])('gives the published values of mulberry32 for seed %i', (seed, expected) => {
    expect(words(seed, expected.length)).toEqual(expected);
  });

  test('takes the low 32 bits of a seed', () => {
    expect(words(2 ** 32 + 42, 5)).toEqual(words(42, 5));
    expect(words(-1, 5)).toEqual(words(0xffff_ffff, 5));
  });

  test('is uniform: chi-square over 100 cells, of numbers and of integers', () => {
    const n = 100_000;
    const chiSquare = (draw: () => number): number => {
      const counts = Array.from({ length: 100 }, () => 0);
      for (let i = 0; i < n; i++) {
        const cell = draw();
        counts[cell] = (counts[cell] ?? 0) + 1;
      }
      return counts.reduce((sum, count) => sum + (count - n / 100) ** 2 / (n / 100), 0);
    };
    const random = createRandom(7);
    // 99 degrees of freedom: 49 to 170 holds all but about one in 100,000 on either side.
    for (const draw of [() => Math.floor(random.uniform() * 100), () => random.below(100)]) {
      const statistic = chiSquare(draw);
      expect(statistic).toBeGreaterThan(49);
      expect(statistic).toBeLessThan(170);
    }
  });

  test('stays below n for every n', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
        const random = createRandom(seed);
        for (let i = 0; i < 20; i++) {
          const drawn = random.below(n);
          expect(Number.isInteger(drawn) && drawn >= 0 && drawn < n).toBe(true);
        }
      }),
    );
  });
});

describe('a shuffle', () => {
  test('is a permutation of the same array, and the same for the same seed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const copy = [...items];
        const shuffled = shuffle(copy, createRandom(seed));
        expect(shuffled).toBe(copy);
        expect(shuffled.toSorted((a, b) => a - b)).toEqual(items.toSorted((a, b) => a - b));
        expect(shuffle([...items], createRandom(seed))).toEqual(shuffled);
      }),
    );
  });

  test('works on typed arrays', () => {
    const shuffled = shuffle(Int32Array.of(1, 2, 3, 4, 5), createRandom(3));
    expect([...shuffled].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    expect([...shuffled]).toEqual(shuffle([1, 2, 3, 4, 5], createRandom(3)));
  });

  test('gives each of the 24 orders of four items equally often', () => {
    const random = createRandom(11);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = shuffle([0, 1, 2, 3], random).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
    // 23 degrees of freedom: the 0.9999 quantile
    expect(chiSquare).toBeLessThan(58.6);
  });
});
