/**
 * Examples that hang together, put to the exam: a candidate exactly at a margin, of which whole groups, inputs that come
 * again or neighbours in time gain and lose together. How often does the check err? Beside it what the caution costs: how
 * often a candidate that is 3 points better is shown not to be worse.
 */
import { checkCalibration } from '../../../shared/continuity/checks/calibration.ts';
import { checkCurrentWindow } from '../../../shared/continuity/checks/current-window.ts';
import { checkErrorCurrent } from '../../../shared/continuity/checks/error-current.ts';
import { checkNegativeFlips } from '../../../shared/continuity/checks/negative-flips.ts';
import type { RegressionEvidence, WindowEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import type { CheckOutcome } from '../../../shared/continuity/findings/check-result.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { LARGEST_LOG_LOSS } from '../../../shared/continuity/policy/probabilities.ts';
import { type Draw, drawFrom, drawLaplace, evidenceOf, type Rates, ratesOf } from './population.ts';
import { type Measured, percent, rowOf, tableOf } from './table.ts';
import { zipf } from './zipf.ts';

const LEVEL = 0.05;
/** Standard errors of the simulation above the level that a row may lie. */
const TOLERANCE = 3;
const DISAGREEMENT = 0.08;
const BOTH_WRONG = 0.1;

/** Which unit each example belongs to, [n], as the population has it; and what the evidence says of it. */
interface Structure extends Pick<WindowEvidence, 'groups' | 'contents'> {
  readonly unitOf: Int32Array;
}

type Draws = (n: number, draw: Draw) => Structure;

const independent: Draws = (n) => ({ unitOf: Int32Array.from({ length: n }, (_, i) => i) });

const groupsOf =
  (size: number): Draws =>
  (n) => {
    const unitOf = Int32Array.from({ length: n }, (_, i) => Math.floor(i / size));
    return { unitOf, groups: unitOf };
  };

const ranked =
  (count: number, as: 'groups' | 'contents'): Draws =>
  (n, draw) => {
    const rank = zipf(count);
    const unitOf = Int32Array.from({ length: n }, () => rank(draw));
    return { unitOf, [as]: unitOf };
  };

/** Of every ten neighbours each is, with this probability, what the first of them is. */
const tens =
  (again: number): Draws =>
  (n, draw) => ({
    unitOf: Int32Array.from({ length: n }, (_, i) => (draw() < again ? i - (i % 10) : i)),
  });

/** The last one again, with this probability. */
const runs =
  (again: number): Draws =>
  (n, draw) => {
    const unitOf = new Int32Array(n);
    for (let i = 1; i < n; i++) unitOf[i] = draw() < again ? (unitOf[i - 1] as number) : i;
    return { unitOf };
  };

interface Case {
  readonly name: string;
  readonly of: Draws;
  readonly sizes: readonly number[];
}

const SIZES = [1_000, 5_000] as const;
/** At 300 a margin of a point can be shown by examples none of which disagrees. */
const ALSO_SMALL = [300, ...SIZES] as const;

/** Tens that repeat .15, .3, .45 have design effects of 1.4, 2.2 and 3.3; Elec2, Rialto and CoverType 1.2 to 2.8. */
const CASES: readonly Case[] = [
  { name: 'independent examples', of: independent, sizes: ALSO_SMALL },
  { name: '20 groups of 50', of: groupsOf(50), sizes: [1_000] },
  { name: '50 groups of 20', of: groupsOf(20), sizes: [1_000] },
  { name: '100 groups of 10', of: groupsOf(10), sizes: [1_000] },
  { name: '500 groups of 10', of: groupsOf(10), sizes: [5_000] },
  { name: '20 groups, sizes as Zipf has them', of: ranked(20, 'groups'), sizes: SIZES },
  { name: '100 groups, sizes as Zipf has them', of: ranked(100, 'groups'), sizes: SIZES },
  { name: '500 groups, sizes as Zipf has them', of: ranked(500, 'groups'), sizes: SIZES },
  { name: 'inputs that repeat, Zipf over 100', of: ranked(100, 'contents'), sizes: SIZES },
  { name: 'inputs that repeat, Zipf over 1,000', of: ranked(1_000, 'contents'), sizes: SIZES },
  { name: 'neighbours, tens of which .15 repeat', of: tens(0.15), sizes: SIZES },
  { name: 'neighbours, tens of which .3 repeat', of: tens(0.3), sizes: SIZES },
  { name: 'neighbours, tens of which .45 repeat', of: tens(0.45), sizes: SIZES },
  { name: 'neighbours, tens of which .9 repeat', of: tens(0.9), sizes: ALSO_SMALL },
  { name: 'neighbours, runs of 10', of: runs(0.9), sizes: ALSO_SMALL },
];

export const EXAM_DEPENDENCE_CASES = CASES.length;

/** One value for each unit, drawn when it first comes, [n]. */
function perUnit<T>({ unitOf }: Structure, drawOne: () => T): T[] {
  const drawn = new Map<number, T>();
  return Array.from(unitOf, (unit) => {
    if (!drawn.has(unit)) drawn.set(unit, drawOne());
    return drawn.get(unit) as T;
  });
}

function windowOf({ unitOf, groups, contents }: Structure) {
  return {
    id: 'now',
    kind: 'current' as const,
    fromMs: 0,
    toMs: 1,
    exampleIds: Array<string>(unitOf.length).fill(''),
    inTimeOrder: true as const,
    ...(groups && { groups }),
    ...(contents && { contents }),
  };
}

/** Two classes; a unit is a gain, a loss, wrong for both or right for both. */
function classesOf(structure: Structure, { gain, loss }: Rates, draw: Draw) {
  const answers = perUnit(structure, () => {
    const label = draw() < 0.5 ? 0 : 1;
    const u = draw();
    const candidateWrong = u < loss || u >= 1 - BOTH_WRONG;
    const championWrong = (u >= loss && u < loss + gain) || u >= 1 - BOTH_WRONG;
    return {
      label,
      candidate: candidateWrong ? 1 - label : label,
      champion: championWrong ? 1 - label : label,
    };
  });
  const of = (pick: (answer: (typeof answers)[number]) => number): Int32Array =>
    Int32Array.from(answers, pick);
  return evidenceOf(
    [
      {
        ...windowOf(structure),
        labels: of(({ label }) => label),
        candidate: of(({ candidate }) => candidate),
        champion: of(({ champion }) => champion),
      },
    ],
    2,
  );
}

const SURE = 0.9;
/** Probability of the label where the candidate collapses. */
const COLLAPSED = 0.01;
const LOG_LOSS_RISE = 0.05;
const COLLAPSES = LOG_LOSS_RISE / (LARGEST_LOG_LOSS + Math.log(SURE));
const BRIER_RISE = COLLAPSES * 2 * ((1 - COLLAPSED) ** 2 - (1 - SURE) ** 2);

/** Probabilities of two classes that collapse in whole units. */
function scoresOf(structure: Structure, draw: Draw) {
  const collapsed = perUnit(structure, () => draw() < COLLAPSES);
  const n = collapsed.length;
  const rows = (of: (i: number) => number): Float32Array =>
    Float32Array.from({ length: 2 * n }, (_, at) => (at % 2 === 0 ? of(at >> 1) : 1 - of(at >> 1)));
  const labels = new Int32Array(n);
  return evidenceOf(
    [
      {
        ...windowOf(structure),
        labels,
        candidate: Int32Array.from(collapsed, (is) => (is ? 1 : 0)),
        champion: labels,
        candidateProbabilities: rows((i) => (collapsed[i] === true ? COLLAPSED : SURE)),
        championProbabilities: rows(() => SURE),
      },
    ],
    2,
  );
}

/** Laplace errors; on a fifth of the units the candidate's is another draw, `ratio` times as large on all. */
function numbersOf(structure: Structure, ratio: number, draw: Draw): RegressionEvidence {
  const errors = perUnit(structure, () => {
    const champion = drawLaplace(draw);
    return { champion, candidate: ratio * (draw() < 0.2 ? drawLaplace(draw) : champion) };
  });
  const window = {
    ...windowOf(structure),
    targets: new Float64Array(errors.length),
    champion: Float64Array.from(errors, ({ champion }) => champion),
    candidate: Float64Array.from(errors, ({ candidate }) => candidate),
  };
  const { candidate, champion } = evidenceOf([]);
  return { task: 'regression', windows: [window], mean: 5, candidate, champion };
}

const POLICY = gatePolicySchema.parse({
  margins: { logLoss: LOG_LOSS_RISE, brier: BRIER_RISE },
  budgets: { sliceFlips: 0.99 },
  bootstrap: { draws: 1_000 },
});

const isPart = ({ parts }: CheckOutcome, id: string, verdict: string): boolean =>
  parts?.find((part) => part.id === id)?.verdict === verdict;

const OF_CLASSES = ['current window', 'improvement', 'flips', 'log loss', 'Brier score'] as const;
/** A bootstrap costs ten times the rest, so that numbers have a quarter of the nights. */
const OF_NUMBERS = ['MAE', 'RMSE'] as const;
const NIGHTS_A_NUMBER = 4;
const RIGHT = '3 points better';

/** What is decided wrongly about one night's candidates, each exactly at a margin. */
function judgeNight(structure: Structure, night: number, draw: Draw): Record<string, boolean> {
  const policy = { ...POLICY, bootstrap: { ...POLICY.bootstrap, seed: night } };
  const scored = checkCalibration(scoresOf(structure, draw), policy);
  const errors =
    night % NIGHTS_A_NUMBER === 0 ? checkErrorCurrent(numbersOf(structure, 1.05, draw), policy) : null;
  const atMargin = classesOf(structure, ratesOf(-0.01, DISAGREEMENT), draw);
  const equal = classesOf(structure, ratesOf(0, DISAGREEMENT), draw);
  const flipping = classesOf(structure, { gain: 0.05, loss: 0.05 }, draw);
  const better = classesOf(structure, ratesOf(0.03, DISAGREEMENT), draw);
  return {
    'current window': checkCurrentWindow(atMargin, policy).verdict === 'pass',
    improvement: checkCurrentWindow(equal, { ...policy, require: 'improvement' }).verdict === 'pass',
    flips: isPart(checkNegativeFlips(flipping, policy), 'all examples', 'fail'),
    'log loss': isPart(scored, 'log loss, current', 'fail'),
    'Brier score': isPart(scored, 'Brier score, current', 'fail'),
    ...(errors && { MAE: isPart(errors, 'MAE', 'pass'), RMSE: isPart(errors, 'RMSE', 'pass') }),
    [RIGHT]: checkCurrentWindow(better, policy).verdict === 'pass',
  };
}

/** One way of hanging together, at each size. */
export function benchExamDependence(index: number, nights: number): Measured {
  const { name, of, sizes } = CASES[index] as Case;
  const ofNumbers = Math.max(1, Math.floor(nights / NIGHTS_A_NUMBER));
  const limitOf = (of: number): number => 100 * (LEVEL + TOLERANCE * Math.sqrt((LEVEL * (1 - LEVEL)) / of));
  const errors = [
    ...OF_CLASSES.map((what) => ({ what, nights, limit: limitOf(nights) })),
    ...OF_NUMBERS.map((what) => ({ what, nights: ofNumbers, limit: limitOf(ofNumbers) })),
  ];
  const measured = sizes.map((n) => {
    const draw = drawFrom(2_100 + 10 * index + n);
    const counts: Record<string, number> = {};
    for (let night = 1; night <= nights; night++) {
      for (const [what, is] of Object.entries(judgeNight(of(n, draw), night, draw)))
        counts[what] = (counts[what] ?? 0) + Number(is);
    }
    return { n, share: (what: string, of: number): number => (counts[what] ?? 0) / of };
  });
  const rows = measured.flatMap(({ n, share }) =>
    errors.map(({ what, nights: of, limit }) =>
      rowOf(`exam, dependence: ${what}; ${name}; n ${n}`, '% wrong', 100 * share(what, of), {
        peer: 'level',
        theirs: 100 * LEVEL,
        atMost: limit,
      }),
    ),
  );
  const limits = `limits ${limitOf(nights).toFixed(1)}, of numbers ${limitOf(ofNumbers).toFixed(1)}`;
  const table = tableOf(
    `The exam on examples that hang together, each candidate at a margin: decided wrongly, % of ${nights} nights (numbers ${ofNumbers}); level 5, ${limits}; last, how often one that is 3 points better is shown to be no worse`,
    ['', 'n', ...errors.map(({ what }) => what), RIGHT],
    measured.map(({ n, share }) => [
      name,
      n,
      ...errors.map(({ what, nights: of }) => percent(share(what, of))),
      percent(share(RIGHT, nights)),
    ]),
  );
  return { rows, tables: [table] };
}
