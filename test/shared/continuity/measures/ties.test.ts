import { describe, expect, test } from 'vitest';
import { checkCalibration } from '../../../../shared/continuity/checks/calibration.ts';
import { checkCurrentWindow } from '../../../../shared/continuity/checks/current-window.ts';
import { checkErrorCurrent } from '../../../../shared/continuity/checks/error-current.ts';
import { checkNegativeFlips } from '../../../../shared/continuity/checks/negative-flips.ts';
import { checkWorsened } from '../../../../shared/continuity/checks/worsened.ts';
import { shareOfNeighbours, tiesOf, unitsIn } from '../../../../shared/continuity/measures/ties.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { withProbabilities } from '../../../trainer/report/make-report.ts';
import { evidenceOf } from '../make-evidence.ts';
import { regressionOf } from '../make-regression.ts';

const ids = (n: number): string[] => Array.from({ length: n }, (_, i) => `e${i}`);
const policy = gatePolicySchema.parse({ bootstrap: { draws: 1_000 } });

describe('examples count together', () => {
  test('by group, and where there is none by input, in whichever window', () => {
    const windows = [
      { exampleIds: ids(3), groups: Int32Array.of(0, -1, -1), contents: Int32Array.of(5, 5, 6) },
      { exampleIds: ids(2), groups: Int32Array.of(-1, 0), contents: Int32Array.of(5, 9) },
    ];
    const units = unitsIn(tiesOf(windows)) ?? new Int32Array();
    expect(units[0]).toBe(units[4]);
    expect(units[1]).toBe(units[3]);
    expect(units[1]).not.toBe(units[0]);
    expect(units[2]).toBe(-1);
  });

  test('and each stands alone where no input comes twice', () => {
    expect(unitsIn(tiesOf([{ exampleIds: ids(3), contents: Int32Array.of(2, 0, 1) }]))).toBeNull();
    expect(unitsIn(tiesOf([{ exampleIds: ids(3) }]))).toBeNull();
  });

  test('neighbours only where every window says that it is in order of time', () => {
    const runs = Float64Array.from({ length: 400 }, (_, i) => (Math.floor(i / 20) % 3 === 0 ? 1 : 0));
    const ordered = { exampleIds: ids(200), inTimeOrder: true as const };
    expect(shareOfNeighbours(tiesOf([ordered, ordered]), null, runs)).toBeLessThan(0.2);
    expect(shareOfNeighbours(tiesOf([ordered, { exampleIds: ids(200) }]), null, runs)).toBe(1);
  });
});

describe('one and the same estimate is less certain', () => {
  const evidence = withProbabilities(evidenceOf([], { gains: 30, losses: 20, n: 1_000 }));
  const numbers = regressionOf(400, 1.1);
  /** Gains and losses come first in these windows: neighbours are alike, and so are inputs that repeat ten times. */
  const change = <Window extends { readonly exampleIds: readonly string[] }>(
    windows: readonly Window[],
    how: 'order' | 'repeats',
  ) =>
    windows.map((window) => ({
      ...window,
      ...(how === 'order'
        ? { inTimeOrder: true as const }
        : { contents: Int32Array.from(window.exampleIds, (_, i) => Math.floor(i / 10)) }),
    }));
  const width = ({ lower, upper }: { lower: number | null; upper: number | null }): number =>
    (upper ?? Number.NaN) - (lower ?? Number.NaN);

  test.each([
    ['current window', checkCurrentWindow],
    ['negative flips', checkNegativeFlips],
    ['calibration', checkCalibration],
  ])('%s', (_, check) => {
    const plain = check(evidence, policy);
    for (const how of ['order', 'repeats'] as const) {
      const tied = check({ ...evidence, windows: change(evidence.windows, how) }, policy);
      expect(tied.estimate).toBeCloseTo(plain.estimate ?? Number.NaN, 9);
      expect(width(tied)).toBeGreaterThan(1.3 * width(plain));
    }
  });

  test.each([
    ['error now', checkErrorCurrent],
    ['worsened', checkWorsened],
  ])('of numbers: %s, of inputs that repeat', (_, check) => {
    const plain = check(numbers, { ...policy, tau: 0.1 });
    const tied = check({ ...numbers, windows: change(numbers.windows, 'repeats') }, { ...policy, tau: 0.1 });
    expect(tied.estimate).toBeCloseTo(plain.estimate ?? Number.NaN, 9);
    expect(width(tied)).toBeGreaterThan(1.05 * width(plain));
  });
});
