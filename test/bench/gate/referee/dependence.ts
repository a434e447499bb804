/**
 * Examples that hang together, run through the referee: a challenger that is worse by exactly the margin, on groups that
 * win or lose as a whole, on inputs that come again, on neighbours in time. How often is it let through, over all looks?
 */
import {
  compareAnswers,
  judgeChallenger,
} from '../../../../shared/continuity/referee/challenger-comparison.ts';
import type { PairedExamples } from '../../../../shared/continuity/referee/units.ts';
import { type Draw, drawFrom, drawNormal } from '../population.ts';
import { type Measured, percent, rowOf, tableOf } from '../table.ts';
import { zipf } from '../zipf.ts';

const LEVEL = 0.05;
const MARGIN = 0.01;
/** Standard errors of the simulation above the level that a row may lie. */
const TOLERANCE = 3;
const NIGHTS = 10;
const DISAGREEMENT = 0.08;

/** Examples of all nights, in order of time. */
type Population = (n: number, mean: number, draw: Draw) => PairedExamples;

/** What one unit as a whole is: a gain, a loss, or a tie. */
function drawOutcome(mean: number, draw: Draw): number {
  const u = draw();
  const [gain, loss] = [(DISAGREEMENT + mean) / 2, (DISAGREEMENT - mean) / 2];
  return u < gain ? 1 : u < gain + loss ? -1 : 0;
}

const independent: Population = (n, mean, draw) => ({
  differences: Float64Array.from({ length: n }, () => drawOutcome(mean, draw)),
});

/** `of` says which unit an example belongs to; each unit is drawn once. */
function outcomesOf(ids: Int32Array, mean: number, draw: Draw): Float64Array {
  const outcomes = new Map<number, number>();
  return Float64Array.from(ids, (id) => {
    const known = outcomes.get(id);
    if (known !== undefined) return known;
    const outcome = drawOutcome(mean, draw);
    outcomes.set(id, outcome);
    return outcome;
  });
}

/** So many groups of one size: all come back every night, or each night brings its own. */
const groups =
  (size: number, comeBack: boolean): Population =>
  (n, mean, draw) => {
    const count = n / size;
    const ids = Int32Array.from({ length: n }, (_, i) => (comeBack ? i % count : Math.floor(i / size)));
    return { differences: outcomesOf(ids, mean, draw), groups: ids };
  };

const zipfGroups =
  (count: number): Population =>
  (n, mean, draw) => {
    const rank = zipf(count);
    const ids = Int32Array.from({ length: n }, () => rank(draw));
    return { differences: outcomesOf(ids, mean, draw), groups: ids };
  };

const zipfInputs =
  (count: number): Population =>
  (n, mean, draw) => {
    const rank = zipf(count);
    const ids = Int32Array.from({ length: n }, () => rank(draw));
    return { differences: outcomesOf(ids, mean, draw), contents: ids };
  };

/** The last outcome again, with this probability. */
const persistent =
  (again: number, outcome: (mean: number, draw: Draw) => number): Population =>
  (n, mean, draw) => {
    const differences = new Float64Array(n);
    for (let i = 0; i < n; i++)
      differences[i] = i > 0 && draw() < again ? (differences[i - 1] as number) : outcome(mean, draw);
    return { differences };
  };

/** Every ten neighbours disagree four times as often as on average, or a quarter as often. */
const wandering: Population = (n, mean, draw) => {
  let factor = 1;
  return {
    differences: Float64Array.from({ length: n }, (_, i) => {
      if (i % 10 === 0) factor = draw() < 0.2 ? 4 : 0.25;
      const u = draw() / factor;
      const [gain, loss] = [(DISAGREEMENT + mean) / 2, (DISAGREEMENT - mean) / 2];
      return u < gain ? 1 : u < gain + loss ? -1 : 0;
    }),
  };
};

/** How much closer a number is, as a share of what is worth nothing. */
const drawNumber = (mean: number, draw: Draw): number =>
  mean + Math.max(-0.5, Math.min(0.5, 0.15 * drawNormal(draw)));

/** Large groups lose what small ones gain: by examples the margin is exceeded, by groups the challenger is better. */
const sizesAgainst: Population = (n, mean, draw) => {
  const size = 50;
  const differences = new Float64Array(n);
  const ids = new Int32Array(n);
  for (let i = 0, group = 0; i < n; group++) {
    // Half of the examples are in large groups, and one group of fifty-one is large.
    const large = draw() < 1 / (size + 1);
    const outcome = drawOutcome(large ? 2 * mean - 0.06 : 0.06, draw);
    for (const end = Math.min(n, i + (large ? size : 1)); i < end; i++) {
      differences[i] = outcome;
      ids[i] = group;
    }
  }
  return { differences, groups: ids };
};

/** `beyond`: more than the referee says; measured all the same, and held against nothing (docs/referee.md). */
const CASES: readonly { readonly name: string; readonly of: Population; readonly beyond?: true }[] = [
  { name: 'independent examples', of: independent },
  { name: 'groups of 50, new every night', of: groups(50, false) },
  { name: 'groups of 20, new every night', of: groups(20, false) },
  { name: 'groups of 10, new every night', of: groups(10, false) },
  { name: 'groups of 50, all come back', of: groups(50, true) },
  { name: 'groups of 10, all come back', of: groups(10, true) },
  { name: '20 groups, sizes as Zipf has them', of: zipfGroups(20) },
  { name: '100 groups, sizes as Zipf has them', of: zipfGroups(100) },
  { name: '500 groups, sizes as Zipf has them', of: zipfGroups(500) },
  { name: 'inputs that repeat, Zipf over 100', of: zipfInputs(100) },
  { name: 'inputs that repeat, Zipf over 1,000', of: zipfInputs(1_000) },
  { name: 'neighbours, runs of 3', of: persistent(2 / 3, drawOutcome) },
  { name: 'neighbours, rates by tens', of: wandering },
  { name: 'neighbours, runs of 10', of: persistent(0.9, drawOutcome) },
  { name: 'numbers, neighbours, runs of 10', of: persistent(0.9, drawNumber) },
  { name: 'beyond: neighbours, runs of 50', of: persistent(0.98, drawOutcome), beyond: true },
  { name: 'beyond: large groups lose what small ones gain', of: sizesAgainst, beyond: true },
];

const SIZES = [1_000, 5_000] as const;

export const DEPENDENCE_CASES = CASES.length;

/** Whether the referee lets it through at any of the nights' looks. */
function isLetThrough(examples: PairedExamples): boolean {
  const n = examples.differences.length;
  for (let night = 1; night <= NIGHTS; night++) {
    const seen = Math.round((n * night) / NIGHTS);
    const { differences, groups: groupIds, contents } = examples;
    const comparison = compareAnswers({
      differences: differences.subarray(0, seen),
      ...(groupIds && { groups: groupIds.subarray(0, seen) }),
      ...(contents && { contents: contents.subarray(0, seen) }),
    });
    if (judgeChallenger(comparison, -MARGIN, LEVEL).finding === 'better') return true;
  }
  return false;
}

/** One row: at the margin, and 3 points better, at each size. */
export function benchDependence(index: number, lives: number): Measured {
  const { name, of, beyond = false } = CASES[index] as (typeof CASES)[number];
  const draw = drawFrom(1_500 + index);
  const limit = 100 * (LEVEL + TOLERANCE * Math.sqrt((LEVEL * (1 - LEVEL)) / lives));
  const share = (n: number, mean: number): number => {
    let passed = 0;
    for (let life = 0; life < lives; life++) passed += Number(isLetThrough(of(n, mean, draw)));
    return passed / lives;
  };
  const shares = SIZES.map((n) => ({ n, wrong: share(n, -MARGIN), right: share(n, 0.03) }));
  const rows = shares.map(({ n, wrong }) =>
    rowOf(`referee, dependence: ${name}; n ${n}`, '% let through', 100 * wrong, {
      peer: 'level',
      theirs: 100 * LEVEL,
      ...(!beyond && { atMost: limit }),
    }),
  );
  const table = tableOf(
    `Let through within ${NIGHTS} nights, % of ${lives}; level ${100 * LEVEL}, limit ${limit.toFixed(1)}`,
    ['', ...SIZES.flatMap((n) => [`at the margin, n ${n}`, `3 points better, n ${n}`])],
    [[name, ...shares.flatMap(({ wrong, right }) => [percent(wrong), percent(right)])]],
  );
  return { rows, tables: [table] };
}
