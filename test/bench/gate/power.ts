/**
 * How often the gate promotes what is better and stops what is worse, beside two gates one might use instead, and the
 * loss of 3 points on one past window beside the best tests for it.
 */
import { checkWorstWindow } from '../../../shared/continuity/checks/worst-window.ts';
import type { Evidence, WindowEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { priceOf } from '../../../shared/continuity/findings/exchange.ts';
import { decideGate } from '../../../shared/continuity/gate.ts';
import { accuracy, countPaired } from '../../../shared/continuity/policy/metrics.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { mcnemarExact } from '../../../shared/continuity/statistics/mcnemar.ts';
import { upperNormalTail } from '../../../shared/continuity/statistics/normal.ts';
import { comparedWindows } from '../../../shared/continuity/evidence/windows.ts';
import type { ComparedWindow } from '../../../shared/continuity/evidence/windows.ts';
import { drawEvidence, drawFrom, ratesOf } from './population.ts';
import type { Draw, Rates, WindowPlan } from './population.ts';
import { percent, rowOf, tableOf } from './table.ts';
import type { Measured, Row } from './table.ts';

const PAST = 10;
const DISAGREEMENT = 0.05;
const SIZES = [500, 1_000] as const;
const POLICY = gatePolicySchema.parse({});

/**
 * The gate before this one, all of whose checks had to pass: percent of 2,000 nights on which it promoted, by scenario and
 * size of a window; and of 1,000 nights with windows of 0.85 times that size, which is what the exam alone must reach.
 */
interface Former {
  readonly full: number;
  readonly less?: number;
}

const FORMER: Readonly<Record<string, Readonly<Record<number, Former>>>> = {
  '2 points better now, equal on the past': {
    500: { full: 84.6, less: 74.4 },
    1_000: { full: 96.8, less: 95.5 },
  },
  '1 point better now, equal on the past': {
    500: { full: 58.1, less: 48.1 },
    1_000: { full: 85.4, less: 79.5 },
  },
  'equal everywhere': { 500: { full: 25, less: 18.7 }, 1_000: { full: 38, less: 36.2 } },
  '2 points better now, 3 worse on one past window': { 500: { full: 27.4 }, 1_000: { full: 5.5 } },
  '2 points better now, 2 worse on all of the past': { 500: { full: 0 }, 1_000: { full: 0 } },
  '2 points worse now, equal on the past': { 500: { full: 0.4 }, 1_000: { full: 0.1 } },
};

/** True differences: on the current window, on most past ones, on the first past one. */
interface Scenario {
  readonly name: string;
  readonly current: number;
  readonly past: number;
  readonly first: number;
  /** least share of nights on which it must be promoted, by size */
  readonly atLeast?: Readonly<Record<number, number>>;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: '2 points better now, equal on the past',
    current: 0.02,
    past: 0,
    first: 0,
    atLeast: { 500: 70, 1_000: 95 },
  },
  { name: '1 point better now, equal on the past', current: 0.01, past: 0, first: 0 },
  { name: 'equal everywhere', current: 0, past: 0, first: 0 },
  { name: '2 points better now, 3 worse on one past window', current: 0.02, past: 0, first: -0.03 },
  { name: '2 points better now, 2 worse on all of the past', current: 0.02, past: -0.02, first: -0.02 },
  { name: '2 points worse now, equal on the past', current: -0.02, past: 0, first: 0 },
];

function plansOf({ current, past, first }: Scenario, n: number): WindowPlan[] {
  const rates = (difference: number): Rates =>
    ratesOf(difference, Math.max(DISAGREEMENT, Math.abs(difference)));
  const plan = (id: string, kind: 'past' | 'current', difference: number): WindowPlan => ({
    id,
    kind,
    n,
    shape: 'balanced',
    rates: rates(difference),
  });
  return [
    ...Array.from({ length: PAST }, (_, i) => plan(`past ${i}`, 'past', i === 0 ? first : past)),
    plan('now', 'current', current),
  ];
}

function currentOf(evidence: Evidence): ComparedWindow {
  return comparedWindows(evidence).at(-1) as ComparedWindow;
}

/** Promotes what is at least as accurate on the current window. */
function promotesByPoint(evidence: Evidence): boolean {
  const { labels, candidate, champion } = currentOf(evidence);
  return accuracy(labels, candidate) >= accuracy(labels, champion);
}

/** Promotes what McNemar's exact test shows to be better on the current window. */
function promotesByMcnemar(evidence: Evidence): boolean {
  const { labels, candidate, champion } = currentOf(evidence);
  return mcnemarExact(countPaired(labels, candidate, champion)).better <= POLICY.alpha;
}

/** What the exchange asks of the gain now for what the scenario loses on the past, in points; '' where it loses nothing. */
function priceOfScenario({ past, first }: Scenario): string {
  const losses = Array.from({ length: PAST }, (_, i) => ({
    loss: i === 0 ? -first : -past,
    age: PAST - 1 - i,
  }));
  const prices = [priceOf(losses, POLICY), ...losses.map((loss) => priceOf([loss], POLICY))];
  const price = Math.max(...prices);
  return price === 0 ? '' : (100 * price).toFixed(2);
}

/**
 * How often each gate promotes. Better candidates must get through no less often than the former gate let them on windows
 * of 0.85 times the size, at the level that a model's first test has (0.9 of 0.66 alpha); worse ones no more often, except
 * what the exchange pays for, with its figure.
 */
export function benchPower(nights: number): Measured {
  const rows: Row[] = [];
  const table: (string | number)[][] = [];
  for (const scenario of SCENARIOS) {
    for (const n of SIZES) {
      const draw = drawFrom(31 + n);
      let [ours, spent, point, mcnemar] = [0, 0, 0, 0];
      for (let night = 0; night < nights; night++) {
        const evidence = drawEvidence(plansOf(scenario, n), draw);
        ours += Number(decideGate(evidence, POLICY).verdict === 'promote');
        spent += Number(decideGate({ ...evidence, level: FIRST_LEVEL }, POLICY).verdict === 'promote');
        point += Number(promotesByPoint(evidence));
        mcnemar += Number(promotesByMcnemar(evidence));
      }
      const former = FORMER[scenario.name]?.[n];
      const price = priceOfScenario(scenario);
      const shares = [ours, spent, point, mcnemar].map((count) => percent(count / nights));
      table.push([scenario.name, n, ...shares, former?.full ?? '', former?.less ?? '', price]);
      rows.push(powerRow(scenario, n, (100 * ours) / nights, former, price !== ''));
    }
  }
  const printed = tableOf(
    `Promotions, % of ${nights} nights; ten past windows, 5 % disagreement`,
    [
      'the candidate is',
      'n a window',
      'the exam alone',
      "at a first test's level",
      'point estimate',
      'McNemar alone',
      'the former gate',
      'the same at 0.85 n',
      'points that the exchange asks for',
    ],
    table,
  );
  return { rows, tables: [printed] };
}

const FIRST_LEVEL = 0.9 * 0.66 * POLICY.alpha;

function powerRow(
  scenario: Scenario,
  n: number,
  ours: number,
  former: Former | undefined,
  priced: boolean,
): Row {
  const name = `power: ${scenario.name}; n ${n}${priced ? ', paid for by the exchange' : ''}`;
  if (former === undefined) return rowOf(name, '% promoted', ours);
  if (scenario.current < 0) {
    return rowOf(name, '% promoted', ours, {
      peer: 'the former gate',
      theirs: former.full,
      atMost: former.full + 3.6 * Math.sqrt((100 * former.full) / 2_000),
    });
  }
  if (priced) return rowOf(name, '% promoted', ours, { peer: 'the former gate', theirs: former.full });
  return rowOf(name, '% promoted', ours, {
    peer: 'the former gate at 0.85 n',
    theirs: former.less ?? former.full,
    atLeast: Math.max(former.less ?? former.full, scenario.atLeast?.[n] ?? 0),
  });
}

/** The first scenario with probabilities in the evidence, so that calibration is judged too. */
export function benchScoredPower(nights: number): Measured {
  const [scenario] = SCENARIOS;
  if (scenario === undefined) return { rows: [], tables: [] };
  const policy = gatePolicySchema.parse({});
  const rows = SIZES.map((n) => {
    const draw = drawFrom(57 + n);
    let promoted = 0;
    for (let night = 0; night < nights; night++) {
      const evidence = withProbabilities(drawEvidence(plansOf(scenario, n), draw), draw);
      promoted += Number(decideGate(evidence, policy).verdict === 'promote');
    }
    const atLeast = scenario.atLeast?.[n] ?? 0;
    return rowOf(
      `power with calibration: ${scenario.name}; n ${n}`,
      '% promoted',
      (100 * promoted) / nights,
      { atLeast },
    );
  });
  const table = tableOf(
    `Promotions with probabilities in the evidence, % of ${nights} nights`,
    ['the candidate is', 'promoted'],
    rows.map((row) => [row.case.replace('power with calibration: ', ''), row.ours.toFixed(1)]),
  );
  return { rows, tables: [table] };
}

/** Confident where it is right, less so where it is wrong, with noise on both. */
function withProbabilities(evidence: Evidence, draw: Draw): Evidence {
  const classes = evidence.classes.length;
  const rows = (labels: Int32Array, answers: Int32Array): Float32Array => {
    const values = new Float32Array(labels.length * classes);
    for (let i = 0; i < labels.length; i++) {
      const confidence = answers[i] === labels[i] ? 0.8 + 0.19 * draw() : 0.4 + 0.3 * draw();
      values.fill((1 - confidence) / (classes - 1), i * classes, (i + 1) * classes);
      values[i * classes + (answers[i] as number)] = confidence;
    }
    return values;
  };
  const score = (window: WindowEvidence): WindowEvidence => ({
    ...window,
    candidateProbabilities: rows(window.labels, window.candidate),
    championProbabilities: rows(window.labels, window.champion ?? window.candidate),
  });
  return { ...evidence, windows: evidence.windows.map(score) };
}

/**
 * Tests that at least one of the past windows is worse, all at a false alarm rate of alpha / 2. `knowing` is told which
 * window to look at: no test that is not can do better.
 */
const RIVALS: Readonly<Record<string, (windows: readonly ComparedWindow[]) => boolean>> = {
  'McNemar by window, Bonferroni': (windows) => Math.min(...windows.map(worseBy)) <= LEVEL / windows.length,
  'McNemar by window, Fisher combined': (windows) => fisher(windows.map(worseBy)) <= LEVEL,
  'McNemar on all windows together': (windows) => {
    const counts = windows.map(({ labels, candidate, champion }) => countPaired(labels, candidate, champion));
    const total = counts.reduce((sum, { gains, losses, n }) => ({
      gains: sum.gains + gains,
      losses: sum.losses + losses,
      n: sum.n + n,
    }));
    return mcnemarExact(total).worse <= LEVEL;
  },
  'score test, knowing the window': ([first]) => first !== undefined && scoreTail(first) <= LEVEL,
};

const LEVEL = POLICY.alpha / 2;

function worseBy({ labels, candidate, champion }: ComparedWindow): number {
  return mcnemarExact(countPaired(labels, candidate, champion)).worse;
}

function scoreTail({ labels, candidate, champion }: ComparedWindow): number {
  const { gains, losses } = countPaired(labels, candidate, champion);
  return gains + losses === 0 ? 1 : upperNormalTail((losses - gains) / Math.sqrt(gains + losses));
}

/** P(chi-squared with 2k degrees > -2 sum ln p), in closed form for even degrees. */
function fisher(values: readonly number[]): number {
  const half = -values.reduce((sum, p) => sum + Math.log(p), 0);
  let term = Math.exp(-half);
  let sum = term;
  for (let i = 1; i < values.length; i++) {
    term *= half / i;
    sum += term;
  }
  return sum;
}

/** Margins for the worst window, as [worstWindow, forgotten], and what each costs. */
const MARGINS = [
  [0.05, 0],
  [0.05, 0.01],
  [0.05, 0.049],
  [0.03, 0],
  [0.02, 0],
] as const;

/** Prints how often a loss of 3 points on one of ten past windows is caught, and how often an equal candidate is. */
export function benchForgetting(nights: number): Measured {
  const rows: Row[] = [];
  const catchers = [
    ...MARGINS.map(([worstWindow, forgotten]) => {
      const policy = gatePolicySchema.parse({
        margins: { worstWindow, forgotten },
        exchange: { weight: 1_000 },
      });
      return {
        name: `worst window, margins ${100 * worstWindow} and ${100 * forgotten}`,
        caught: (evidence: Evidence) => checkWorstWindow(evidence, policy).verdict === 'fail',
      };
    }),
    ...Object.entries(RIVALS).map(([name, test]) => ({
      name,
      caught: (evidence: Evidence) => test(comparedWindows(evidence).filter(({ kind }) => kind === 'past')),
    })),
  ];
  const shares = SIZES.flatMap((n) =>
    [0, -0.03].map((first) => catchShares(catchers, { name: '', current: 0.02, past: 0, first }, n, nights)),
  );
  const table = tableOf(
    `Refused where no gain pays, % of ${nights} nights; one of ten past windows, 5 % disagreement`,
    ['test', ...SIZES.flatMap((n) => [`equal, n ${n}`, `3 points worse, n ${n}`])],
    catchers.map(({ name }, i) => [name, ...shares.map((share) => percent(share[i] as number))]),
  );
  for (const [k, n] of SIZES.entries()) {
    const caught = shares[2 * k + 1] as number[];
    const best = Math.max(...caught.slice(MARGINS.length, -1));
    const ours = 100 * (caught[0] as number);
    rows.push(
      rowOf(`3 points worse on one past window; n ${n}`, '% caught', ours, {
        peer: 'best blind test',
        theirs: 100 * best,
        atLeast: 100 * best - 2,
      }),
    );
  }
  return { rows, tables: [table] };
}

function catchShares(
  catchers: readonly { caught: (evidence: Evidence) => boolean }[],
  scenario: Scenario,
  n: number,
  nights: number,
): number[] {
  const draw = drawFrom(77 + n);
  const counts = catchers.map(() => 0);
  for (let night = 0; night < nights; night++) {
    const evidence = drawEvidence(plansOf(scenario, n), draw);
    for (const [i, { caught }] of catchers.entries())
      counts[i] = (counts[i] as number) + Number(caught(evidence));
  }
  return counts.map((count) => count / nights);
}
