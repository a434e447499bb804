/**
 * How often the gate promotes what is better and stops what is worse, beside two gates one might use instead, and the
 * loss of 3 points on one past window beside the best tests for it.
 */
import { checkWorstWindow } from '../../../shared/continuity/checks/worst-window.ts';
import type { Evidence, WindowEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { decideGate } from '../../../shared/continuity/gate.ts';
import { accuracy, countPaired } from '../../../shared/continuity/metrics.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy.ts';
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

/** How often each gate promotes. */
export function benchPower(nights: number): Measured {
  const rows: Row[] = [];
  const table: (string | number)[][] = [];
  for (const scenario of SCENARIOS) {
    for (const n of SIZES) {
      const draw = drawFrom(31 + n);
      let [ours, point, mcnemar] = [0, 0, 0];
      for (let night = 0; night < nights; night++) {
        const evidence = drawEvidence(plansOf(scenario, n), draw);
        ours += Number(decideGate(evidence, POLICY).verdict === 'promote');
        point += Number(promotesByPoint(evidence));
        mcnemar += Number(promotesByMcnemar(evidence));
      }
      table.push([
        scenario.name,
        n,
        percent(ours / nights),
        percent(point / nights),
        percent(mcnemar / nights),
      ]);
      const atLeast = scenario.atLeast?.[n];
      const more = {
        peer: 'point estimate',
        theirs: (100 * point) / nights,
        ...(atLeast === undefined ? {} : { atLeast }),
      };
      rows.push(rowOf(`power: ${scenario.name}; n ${n}`, '% promoted', (100 * ours) / nights, more));
    }
  }
  const printed = tableOf(
    `Promotions, % of ${nights} nights; ten past windows, 5 % disagreement`,
    ['the candidate is', 'n a window', 'this gate', 'point estimate', 'McNemar alone'],
    table,
  );
  return { rows, tables: [printed] };
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
      const policy = gatePolicySchema.parse({ margins: { worstWindow, forgotten } });
      return {
        name: `worst window, margins ${100 * worstWindow} and ${100 * forgotten}`,
        caught: (evidence: Evidence) => checkWorstWindow(evidence, policy).verdict !== 'pass',
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
    `Not let through, % of ${nights} nights; one of ten past windows, 5 % disagreement`,
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
