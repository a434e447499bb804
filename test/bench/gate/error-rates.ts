/**
 * How often a check errs on a candidate exactly at its margin: what a promotion rests on passes it, what can only refuse
 * refuses it. For every check alone, and for the whole gate.
 */
import type { CheckOutcome } from '../../../shared/continuity/findings/check-result.ts';
import { checkBaseline } from '../../../shared/continuity/checks/baseline.ts';
import { checkCalibration } from '../../../shared/continuity/checks/calibration.ts';
import { checkClassRecall } from '../../../shared/continuity/checks/class-recall.ts';
import { checkCurrentWindow } from '../../../shared/continuity/checks/current-window.ts';
import { checkEdgeBudget } from '../../../shared/continuity/checks/edge-budget.ts';
import { checkErrorCurrent } from '../../../shared/continuity/checks/error-current.ts';
import { checkErrorPast } from '../../../shared/continuity/checks/error-past.ts';
import { checkErrorWorst } from '../../../shared/continuity/checks/error-worst.ts';
import { checkFeatureSlices } from '../../../shared/continuity/checks/feature-slices.ts';
import { checkNegativeFlips } from '../../../shared/continuity/checks/negative-flips.ts';
import { checkPastMean } from '../../../shared/continuity/checks/past-mean.ts';
import { checkWorsened } from '../../../shared/continuity/checks/worsened.ts';
import { checkWorstWindow } from '../../../shared/continuity/checks/worst-window.ts';
import type { Evidence } from '../../../shared/continuity/evidence/evidence.ts';
import { CHECKS, decideGate } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import type { GatePolicy } from '../../../shared/continuity/policy/policy.ts';
import {
  drawClass,
  drawEvidence,
  drawFrom,
  drawGroups,
  drawNormal,
  drawProneness,
  drawRegression,
  evidenceOf,
  ratesOf,
  scoredWindows,
  SHAPES,
} from './population.ts';
import type { Draw, Mistakes, Shape, WindowPlan } from './population.ts';
import { splitsAtMargin } from './splits.ts';
import { percent, rowOf, tableOf } from './table.ts';
import type { Measured } from './table.ts';

const SIZES = [200, 1_000, 5_000] as const;
/** Standard errors above alpha that a cell may lie: among 190 cells exactly at alpha, chance exceeds it in 3 runs of 100. */
const TOLERANCE = 3.6;
const ALPHA = 0.05;
const GAIN = ratesOf(0.03, 0.06);

/** Small groups of small classes are judged too, and no gain pays for what is lost. */
const POLICY = gatePolicySchema.parse({
  minimum: { class: 5, slice: 5, window: 50, groups: 5 },
  exchange: { weight: 1_000 },
  slices: ['device'],
  bootstrap: { draws: 1_000 },
});

/** Errors of one night, by name of what was at its margin. */
type Night = (draw: Draw, night: number) => Readonly<Record<string, boolean>>;

interface Study {
  readonly shapes: readonly Shape[];
  readonly sizes: readonly number[];
  readonly nightsOf: (n: number, shape: Shape) => Night;
}

const now = (n: number, shape: Shape, rest: Omit<WindowPlan, 'id' | 'kind' | 'n' | 'shape'>): WindowPlan => ({
  id: 'now',
  kind: 'current',
  n,
  shape,
  ...rest,
});
const past = (
  i: number,
  n: number,
  shape: Shape,
  rest: Omit<WindowPlan, 'id' | 'kind' | 'n' | 'shape'>,
): WindowPlan => ({
  id: `past ${i}`,
  kind: 'past',
  n,
  shape,
  ...rest,
});

const passes = ({ verdict }: { verdict: string } | undefined | CheckOutcome = { verdict: 'hold' }): boolean =>
  verdict === 'pass';
const refuses = (
  { verdict }: { verdict: string } | undefined | CheckOutcome = { verdict: 'hold' },
): boolean => verdict === 'fail';
const partRefuses = ({ parts }: CheckOutcome, id: string): boolean =>
  refuses(parts?.find((part) => part.id === id));
const partPasses = ({ parts }: CheckOutcome, id: string): boolean =>
  passes(parts?.find((part) => part.id === id));
const withSeed = (night: number, policy: GatePolicy = POLICY): GatePolicy => ({
  ...policy,
  bootstrap: { ...policy.bootstrap, seed: night },
});

const paired: Study = {
  shapes: SHAPES,
  sizes: SIZES,
  nightsOf: (n, shape) => (draw) => {
    const current = drawEvidence([now(n, shape, { rates: ratesOf(-0.01, 0.05) })], draw);
    const equal = drawEvidence([now(n, shape, { rates: ratesOf(0, 0.05) })], draw);
    const flips = drawEvidence([now(n, shape, { rates: { loss: 0.05, gain: 0.05 } })], draw);
    return {
      'current window, margin 1 point': passes(checkCurrentWindow(current, POLICY)),
      'current window, improvement': passes(checkCurrentWindow(equal, { ...POLICY, require: 'improvement' })),
      'negative flips, budget 5 %': partRefuses(
        checkNegativeFlips(flips, { ...POLICY, budgets: { ...POLICY.budgets, sliceFlips: 0.99 } }),
        'all examples',
      ),
      'current window, a fiftieth of the level': passes(
        checkCurrentWindow({ ...current, level: 0.001 }, POLICY),
      ),
    };
  },
};

const overWindows: Study = {
  shapes: SHAPES,
  sizes: SIZES,
  nightsOf: (n, shape) => (draw) => {
    const four = [0, 1, 2, 3];
    const everywhere = drawEvidence(
      [
        ...four.map((i) => past(i, n, shape, { rates: ratesOf(-0.01, 0.05) })),
        now(50, shape, { rates: GAIN }),
      ],
      draw,
    );
    const one = drawEvidence(
      [
        past(0, n, shape, { rates: ratesOf(-0.05, 0.08) }),
        ...[1, 2].map((i) => past(i, n, shape, { rates: GAIN })),
        now(50, shape, { rates: GAIN }),
      ],
      draw,
    );
    const equal = drawEvidence(
      [
        ...four.map((i) => past(i, n, shape, { rates: ratesOf(0, 0.05) })),
        now(50, shape, { rates: ratesOf(0, 0.05) }),
      ],
      draw,
    );
    const alarmOff = { ...POLICY, margins: { ...POLICY.margins, forgotten: 0.049 } };
    return {
      'past mean, margin 1 point': refuses(checkPastMean(everywhere, POLICY)),
      'worst window, margin 5 points': refuses(checkWorstWindow(one, alarmOff)),
      'worst window, its alarm, equal candidate': refuses(checkWorstWindow(equal, POLICY)),
    };
  },
};

const slices: Study = {
  shapes: SHAPES,
  sizes: SIZES,
  nightsOf: (n, shape) => (draw) => {
    const bad = { classId: 1, rates: ratesOf(-0.05, 0.08) };
    const recall = drawEvidence([now(n, shape, { rates: GAIN, ofClass: bad })], draw);
    const flipping = drawEvidence(
      [now(n, shape, { rates: GAIN, ofClass: { classId: 1, rates: { loss: 0.1, gain: 0.1 } } })],
      draw,
    );
    return {
      'recall of one class, margin 5 points': partRefuses(checkClassRecall(recall, POLICY), 'class 1'),
      'flips of one class, budget 10 %': partRefuses(checkNegativeFlips(flipping, POLICY), 'class 1'),
      'feature slice, margin 5 points': partRefuses(
        checkFeatureSlices(byDevice(recall), POLICY),
        'device = phone',
      ),
    };
  },
};

/** The same evidence with class 1 as one device and the others as another. */
function byDevice(evidence: Evidence): Evidence {
  const windows = evidence.windows.map((window) => ({
    ...window,
    features: [window.labels.map((label) => (label === 1 ? 1 : 0))],
  }));
  return { ...evidence, windows, features: [{ name: 'device', values: ['desk', 'phone'] }] };
}

const baselines: Study = {
  shapes: SHAPES,
  sizes: SIZES,
  nightsOf: (n, shape) => (draw) => {
    const groups = shape === 'grouped' ? drawGroups(n, draw) : null;
    const prone = drawProneness(groups, draw);
    const error = 0.2;
    // the model and its rival err equally often, not on the same examples
    const labels = new Int32Array(n);
    const rival = new Int32Array(n);
    const candidate = new Int32Array(n);
    const shares = shape === 'skewed' ? [0.8, 0.2] : [0.5, 0.5];
    const guess = new Int32Array(n);
    for (let i = 0; i < n; i++) {
      const label = drawClass(shares, draw);
      labels[i] = label;
      rival[i] = draw() < error * prone(i) ? 1 - label : label;
      candidate[i] = draw() < error * prone(i) ? 1 - label : label;
      guess[i] = drawClass([0.6, 0.4], draw);
    }
    const window = {
      id: 'now',
      kind: 'current' as const,
      fromMs: 0,
      toMs: 1,
      exampleIds: Array(n).fill(''),
      champion: null,
      ...(groups && { groups }),
    };
    const against = (previousLabels: Int32Array, answers: Int32Array): CheckOutcome =>
      checkBaseline(
        { ...evidenceOf([{ ...window, labels, candidate: answers, previousLabels }], 2), champion: null },
        POLICY,
      );
    // always answering class 0 is wrong as often as class 1 comes: a fifth, like the model
    const skewed = labels.map(() => (draw() < error ? 1 : 0));
    const wrongOnSkewed = skewed.map((label) => (draw() < error ? 1 - label : label));
    const majority = checkBaseline(
      { ...evidenceOf([{ ...window, labels: skewed, candidate: wrongOnSkewed }], 2), champion: null },
      POLICY,
    );
    const temporal = against(rival, candidate);
    return {
      'majority, no better': partPasses(majority, 'majority'),
      'no-change, no better': partPasses(temporal, 'no-change'),
      'kappa-temporal 0': partPasses(temporal, 'kappa-temporal'),
      'kappa 0': partPasses(against(rival, guess), 'kappa'),
    };
  },
};

const LOG_LOSS_RISE = 0.05;

/** Probabilities that wander, and some that collapse; or only a few mistakes that are as confident as can be. */
const MISTAKES: Readonly<Record<string, Mistakes>> = {
  '': { logitNoise: 0.6, collapsed: 0.08, wholeGroups: false },
  ', rare and confident': { logitNoise: 0, collapsed: 0.001, wholeGroups: false },
  ', of whole groups': { logitNoise: 0.2, collapsed: 0.001, wholeGroups: true },
};

const calibrationOf = (kind: string, mistakes: Mistakes): Study => ({
  shapes: mistakes.wholeGroups ? ['grouped'] : SHAPES,
  sizes: SIZES,
  nightsOf: (n, shape) => {
    const { draw: drawScored, brierRise } = scoredWindows(n, shape, LOG_LOSS_RISE, mistakes);
    const policy = { ...POLICY, margins: { ...POLICY.margins, logLoss: LOG_LOSS_RISE, brier: brierRise } };
    return (draw) => {
      const outcome = checkCalibration(drawScored(draw), policy);
      return {
        [`log loss, at its margin${kind}`]: partRefuses(outcome, 'log loss, current'),
        [`Brier score, at its margin${kind}`]: partRefuses(outcome, 'Brier score, current'),
      };
    };
  },
});

const regression: Study = {
  shapes: ['balanced', 'grouped'],
  sizes: SIZES,
  nightsOf: (n, shape) => (draw, night) => {
    const policy = withSeed(night, { ...POLICY, margins: { ...POLICY.margins, worstError: 0.05 } });
    const current = checkErrorCurrent(drawRegression(n, shape, 1.05, 'current', draw), policy);
    const older = drawRegression(n, shape, 1.05, 'past', draw);
    return {
      'regression, MAE now, margin 5 %': partPasses(current, 'MAE'),
      'regression, RMSE now, margin 5 %': partPasses(current, 'RMSE'),
      'regression, past MAE, margin 5 %': refuses(checkErrorPast(older, policy)),
      'regression, worst MAE, margin 5 %': refuses(checkErrorWorst(older, policy)),
    };
  },
};

const worsened: Study = {
  shapes: ['balanced', 'grouped'],
  sizes: SIZES,
  nightsOf: (n, shape) => (draw) => {
    const base = drawRegression(n, shape, 1, 'current', draw);
    const windows = base.windows.map((window) => {
      const prone = drawProneness(window.groups ?? null, draw);
      const champion = window.targets.map((target) => target + 1);
      const candidate = window.targets.map((target, i) => target + (draw() < 0.05 * prone(i) ? 2 : 0.5));
      return { ...window, champion, candidate };
    });
    return {
      'regression, worsened, budget 5 %': refuses(
        checkWorsened({ ...base, windows }, { ...POLICY, tau: 0.5 }),
      ),
    };
  },
};

const edge: Study = {
  shapes: ['balanced'],
  sizes: [20, 50, 200],
  nightsOf: (rounds) => {
    const base = drawEvidence([now(1, 'balanced', { rates: GAIN })], drawFrom(1));
    return (draw) => {
      const times = (middle: number) =>
        Float64Array.from({ length: rounds }, () => middle * Math.exp(0.2 * drawNormal(draw)));
      const facts = {
        candidateBytes: 1,
        championBytes: 1,
        memoryBytes: 1,
        candidateMs: times(1.5),
        championMs: times(1),
      };
      return {
        'latency ratio, budget 1.5 (20, 50, 200 timings)': partRefuses(
          checkEdgeBudget({ ...base, edge: facts }, POLICY),
          'latency',
        ),
      };
    };
  },
};

const splits: Study = {
  shapes: ['balanced'],
  sizes: SIZES,
  nightsOf: (n) => {
    const study = splitsAtMargin(n);
    return (draw) => ({ 'repeated splits, at the margin': study(draw) });
  },
};

/** Two classes of 97 and 3 %: by balanced accuracy at the margin, in the recall of the common class. */
const skewedTable: Study = {
  shapes: ['balanced'],
  sizes: SIZES,
  nightsOf: (n) => (draw) => {
    const labels = Int32Array.from({ length: n }, () => (draw() < 0.03 ? 1 : 0));
    const answers = (common: number): Int32Array =>
      labels.map((label) => (draw() < (label === 0 ? common : 0.8) ? label : 1 - label));
    const exampleIds: string[] = Array(n).fill('');
    const window = { id: 'now', kind: 'current' as const, fromMs: 0, toMs: 1, exampleIds, labels };
    const evidence = evidenceOf([{ ...window, candidate: answers(0.93), champion: answers(0.95) }], 2);
    return { 'balanced accuracy of 97 to 3, margin 1 point': passes(checkCurrentWindow(evidence, POLICY)) };
  },
};

/** Everything the gate asks, on evidence that is good but for the current window, which is at its margin. */
const whole: Study = {
  shapes: SHAPES,
  sizes: SIZES,
  nightsOf: (n, shape) => (draw) => {
    const good = { rates: ratesOf(0.03, 0.05) };
    const bad = { rates: ratesOf(-0.01, 0.05) };
    const promoted = (plans: readonly WindowPlan[]): boolean =>
      decideGate(drawEvidence(plans, draw), WHOLE_POLICY, CHECKS).verdict === 'promote';
    return {
      'whole gate, current window at its margin': promoted([
        past(0, n, shape, good),
        past(1, n, shape, good),
        now(n, shape, bad),
      ]),
    };
  },
};
const WHOLE_POLICY = gatePolicySchema.parse({ bootstrap: { draws: 1_000 } });

const STUDIES: readonly Study[] = [
  paired,
  overWindows,
  slices,
  baselines,
  ...Object.entries(MISTAKES).map(([kind, mistakes]) => calibrationOf(kind, mistakes)),
  regression,
  worsened,
  edge,
  splits,
  whole,
  skewedTable,
];

/** Share of the nights on which one check erred on what was exactly at its margin. */
export interface Cell {
  readonly name: string;
  readonly n: number;
  readonly shape: Shape;
  readonly rate: number;
}

export const STUDY_COUNT = STUDIES.length;

/** All cells of one study; the same whatever else is studied. */
export function runStudy(index: number, nights: number): Cell[] {
  const study = STUDIES[index] as Study;
  return study.shapes.flatMap((shape) =>
    study.sizes.flatMap((n) =>
      Object.entries(countPasses(study.nightsOf(n, shape), nights, n)).map(([name, count]) => ({
        name,
        n,
        shape,
        rate: count / nights,
      })),
    ),
  );
}

export function summarizeErrorRates(cells: readonly Cell[], nights: number): Measured {
  const limit = 100 * (ALPHA + TOLERANCE * Math.sqrt((ALPHA * (1 - ALPHA)) / nights));
  const names = [...new Set(cells.map(({ name }) => name))];
  const sizes = (name: string): number[] => [
    ...new Set(cells.filter((cell) => cell.name === name).map(({ n }) => n)),
  ];
  const show = (name: string, n: number | undefined, shape: Shape): string => {
    const match = cells.find((cell) => cell.name === name && cell.n === n && cell.shape === shape);
    return match === undefined ? '' : percent(match.rate);
  };
  const table = tableOf(
    `A candidate exactly at the margin: passed by what a promotion rests on, refused by the others; % of ${nights} nights, alpha 5, limit ${limit.toFixed(1)}`,
    ['', ...SHAPES.flatMap((shape) => SIZES.map((n) => `${shape} ${n}`))],
    names.map((name) => [
      name,
      ...SHAPES.flatMap((shape) => [0, 1, 2].map((i) => show(name, sizes(name)[i], shape))),
    ]),
  );
  const rows = cells.map(({ name, n, shape, rate }) =>
    rowOf(`error rate: ${name}; ${shape}, n ${n}`, '% wrong', 100 * rate, {
      peer: 'alpha',
      theirs: 5,
      atMost: limit,
    }),
  );
  return { rows, tables: [table] };
}

function countPasses(night: Night, nights: number, seed: number): Record<string, number> {
  const draw = drawFrom(20_261_123 + seed);
  const counts: Record<string, number> = {};
  for (let i = 0; i < nights; i++) {
    for (const [name, passed] of Object.entries(night(draw, i + 1)))
      counts[name] = (counts[name] ?? 0) + Number(passed);
  }
  return counts;
}
