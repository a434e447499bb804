import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findRescaling,
  sameScale,
  type Scale,
  type TargetsAndAnswers,
} from '../../../../shared/continuity/labels/rescaling.ts';
import { createRandom } from '../../../../shared/random.ts';

/** Mean of |e| for errors drawn evenly from -0.5 to 0.5. */
const USUAL = 0.25;

interface Night {
  readonly n: number;
  readonly seed: number;
  readonly told?: (target: number, i: number) => number;
  /** how far the answers are off beyond chance, where the world has changed */
  readonly drift?: (truth: number, i: number) => number;
}

/** Truths from 0 to 10, answers that are off by 0.25 on average, and the targets that came. */
function nightOf({ n, seed, told = (target) => target, drift = () => 0 }: Night): TargetsAndAnswers {
  const random = createRandom(seed);
  const answers: number[] = [];
  const targets: number[] = [];
  for (let i = 0; i < n; i++) {
    const truth = 10 * random.uniform();
    answers.push(truth + drift(truth, i));
    targets.push(told(truth + random.uniform() - 0.5, i));
  }
  return { targets, answers };
}

/** Ordinary least squares, written anew: on targets without wild ones it must be near Theil's line. */
function leastSquares({ targets, answers }: TargetsAndAnswers): Scale {
  const n = targets.length;
  const [x, y] = [Array.from(answers), Array.from(targets)];
  const [mx, my] = [x, y].map((values) => values.reduce((sum, value) => sum + value, 0) / n) as [
    number,
    number,
  ];
  const xy = x.reduce((sum, value, i) => sum + (value - mx) * ((y[i] as number) - my), 0);
  const xx = x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
  return { factor: xy / xx, shift: my - (xy / xx) * mx };
}

const FAULTS: readonly (readonly [string, (target: number) => number, Scale])[] = [
  ['cents for dollars', (y) => 100 * y, { factor: 100, shift: 0 }],
  ['dollars for cents', (y) => y / 100, { factor: 0.01, shift: 0 }],
  ['half of it', (y) => y / 2, { factor: 0.5, shift: 0 }],
  ['another sign', (y) => -y, { factor: -1, shift: 0 }],
  ['Fahrenheit for Celsius', (y) => 1.8 * y + 32, { factor: 1.8, shift: 32 }],
  ['shifted by 3', (y) => y + 3, { factor: 1, shift: 3 }],
];

describe('targets that come in another form are noticed', () => {
  test.each(FAULTS)('%s: every one of 20 nights, and what was done to them', (_, told, scale) => {
    for (let seed = 1; seed <= 20; seed++) {
      const night = nightOf({ n: 80, seed, told });
      const found = findRescaling(night, USUAL);
      expect(found.suspicious).toBe(true);
      const oracle = leastSquares(night);
      for (const line of [scale, oracle]) {
        expect(found.scale?.factor).toBeCloseTo(line.factor, scale.factor === 100 ? -1 : 0.5);
        expect(Math.abs((found.scale?.shift ?? 0) - line.shift)).toBeLessThan(Math.abs(scale.factor));
      }
    }
  });

  test('where an eighth of them is wild', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const wild = (y: number, i: number): number => (i % 8 === 3 ? 1e4 : 100 * y);
      const found = findRescaling(nightOf({ n: 160, seed, told: wild }), USUAL);
      expect(found.scale?.factor).toBeGreaterThan(90);
      expect(found.scale?.factor).toBeLessThan(110);
    }
  });
});

function accused(nights: number, night: (seed: number) => TargetsAndAnswers): number {
  return Array.from({ length: nights }, (_, i) => findRescaling(night(i + 1), USUAL)).filter(
    ({ suspicious }) => suspicious,
  ).length;
}

describe('nobody is accused', () => {
  test('on a night like any other, or by so few as prove nothing', () => {
    expect(accused(500, (seed) => nightOf({ n: 60, seed }))).toBe(0);
    expect(accused(100, (seed) => nightOf({ n: 19, seed, told: (y) => 100 * y }))).toBe(0);
  });

  test('when inputs drift where the model was never right, and no line mends it', () => {
    const bent = (truth: number): number => (truth > 5 ? -6 : 6) * Math.abs(Math.sin(truth));
    expect(accused(200, (seed) => nightOf({ n: 200, seed, drift: bent }))).toBe(0);
  });

  test('when targets are drawn without looking', () => {
    const random = createRandom(3);
    expect(accused(500, (seed) => nightOf({ n: 60, seed, told: () => 1_000 * random.uniform() }))).toBe(0);
  });

  test('by a model that answers about the same to everything', () => {
    const random = createRandom(4);
    const night = (): TargetsAndAnswers => ({
      targets: Array.from({ length: 100 }, () => 20 + random.uniform()),
      answers: Array.from({ length: 100 }, () => 5 + random.uniform()),
    });
    expect(accused(300, night)).toBeLessThanOrEqual(3);
  });

  test('where nobody knows how far off the model was, or all answers are one', () => {
    expect(findRescaling(nightOf({ n: 100, seed: 1, told: (y) => 100 * y }), null).suspicious).toBe(false);
    const { targets } = nightOf({ n: 100, seed: 1 });
    expect(findRescaling({ targets, answers: new Float64Array(100) }, USUAL).scale).toBeNull();
  });

  test('by one group that is repeated', () => {
    const night = nightOf({ n: 100, seed: 1, told: (y) => 100 * y });
    expect(findRescaling({ ...night, groups: new Int32Array(100) }, USUAL).suspicious).toBe(false);
    expect(findRescaling({ ...night, contents: new Int32Array(100) }, USUAL).suspicious).toBe(false);
  });
});

test('a line that all targets lie on is found exactly, whatever it is', () => {
  const number = fc.double({ min: -50, max: 50, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 20, maxLength: 60 }),
      number.filter((factor) => Math.abs(factor) > 0.01),
      number,
      (answers, factor, shift) => {
        fc.pre(new Set(answers).size > 15);
        const { scale } = findRescaling({ targets: answers.map((x) => factor * x + shift), answers }, 1);
        expect(scale?.factor).toBeCloseTo(factor, 6);
        expect(scale?.shift).toBeCloseTo(shift, 6);
      },
    ),
  );
});

test('two nights tell the same story when one line serves both', () => {
  const answers = [0, 5, 10];
  expect(sameScale({ factor: 100, shift: 0 }, { factor: 101, shift: 2 }, answers, USUAL)).toBe(true);
  expect(sameScale({ factor: 100, shift: 0 }, { factor: 1, shift: 0 }, answers, USUAL)).toBe(false);
  expect(sameScale({ factor: 1, shift: 3 }, { factor: 1, shift: -3 }, answers, USUAL)).toBe(false);
});
