/**
 * What a model's owner demands of a candidate. Every field has a default; docs/continuity.md gives the reasons.
 */
import * as z from 'zod';
import { EVIDENCE_PARTS } from '../evidence/evidence.ts';
import { LARGEST_BRIER, LARGEST_LOG_LOSS } from './probabilities.ts';

/**
 * How much worse is still "not worse". 0 is refused: an unchanged candidate's interval always straddles 0,
 * so that the gate would hold for ever; `require: 'improvement'` is the way to ask for progress.
 */
const margin = z
  .number()
  .gt(0, {
    error:
      "expected a margin above 0: no amount of labels shows 'not worse at all' (see require: 'improvement')",
  })
  .lt(1, {
    error: 'expected a margin below 1: nothing can be worse by 100 points or more, so it never fails',
  });

const budget = z
  .number()
  .gt(0, { error: 'expected a budget above 0: an upper bound from finitely many examples is never 0' })
  .lt(1, { error: 'expected a budget below 1: a rate is never above 1, so it never fails' });

const minimum = z.int().min(1, { error: 'expected at least 1 example' });

/** A ratio to the champion; at 1 or less, measurement noise alone would hold an equal candidate for ever. */
const ratio = z
  .number()
  .gt(1, { error: 'expected a ratio above 1: noise alone exceeds 1 every other time' })
  .lt(1_000, {
    error:
      'expected a ratio below 1,000: nothing that can be served is slower or larger by that much, so it never fails',
  });

function rise(largest: number): z.ZodNumber {
  return z
    .number()
    .gt(0, { error: "expected a margin above 0: no amount of labels shows 'no rise at all'" })
    .lt(largest, {
      error: `expected a margin below ${largest}: the score can rise no further, so it never fails`,
    });
}

const costsSchema = z
  .array(z.array(z.number().min(0, { error: 'expected a cost of 0 or more' })).min(2))
  .min(2)
  .refine((rows) => rows.some((row) => row.some((cost) => cost > 0)), {
    error: 'expected a cost above 0 somewhere: nothing would be worse than anything else',
  });

/** Repeated splits: fewer give a t quantile above 2.1, and a spread that is hardly known. */
export const MIN_SPLITS = 5;

export const BASELINES = ['majority', 'no-change', 'kappa', 'kappa-temporal'] as const;
export type Baseline = (typeof BASELINES)[number];

export const gatePolicySchema = z.strictObject({
  /** Level of every one-sided bound, so also of promoting a candidate that is worse than a margin. */
  alpha: z
    .number()
    .gt(0, { error: 'expected alpha above 0: at 0 no bound is finite enough to pass' })
    .lt(0.5, { error: 'expected alpha below 0.5: beyond it a bound lies on the wrong side of its estimate' })
    .default(0.05),

  /**
   * What better means, of one example: see metric.ts. `auto` is accuracy, and balanced accuracy where one class is more
   * than nine tenths; of a regression MAE and RMSE. Costs are of answering a column's class where the truth is the row's.
   */
  metric: z
    .union([
      z.enum(['auto', 'accuracy', 'balanced-accuracy', 'log-loss', 'mae', 'rmse']),
      z.strictObject({ costs: costsSchema }),
      z.strictObject({ pinball: z.number().gt(0).lt(1) }),
      z.strictObject({ tolerance: z.number().gt(0) }),
    ])
    .default('auto'),

  /** On the current window: shown not worse than the margin, or shown better. */
  require: z.enum(['non-inferiority', 'improvement']).default('non-inferiority'),

  /** Without effect: what reuse costs is counted over the model's life. Specs that were saved with it stay valid. */
  guardWear: z.boolean().exactOptional(),

  /**
   * Parts of the evidence whose absence holds the candidate; the checks on other parts are skipped without them.
   * `probabilities` also makes a calibration that is not settled hold; without it, it can only reject.
   */
  needs: z.array(z.enum(EVIDENCE_PARTS)).refine(unique, 'expected each part once').default([]),

  /** Differences that are tolerated, as fractions: of accuracy or recall, or, for error, of the champion's error. */
  margins: z
    .strictObject({
      current: margin.default(0.01),
      pastMean: margin.default(0.01),
      worstWindow: margin.default(0.05),
      /** A past window that is shown to be worse than this is forgotten, though worstWindow would bear it. */
      forgotten: z
        .number()
        .min(0, { error: 'expected a margin of 0 or more: a window that is no worse is not forgotten' })
        .lt(1, {
          error: 'expected a margin below 1: nothing can be worse by 100 points or more, so it never fails',
        })
        .default(0),
      classRecall: margin.default(0.05),
      slice: margin.default(0.05),
      splits: margin.default(0.02),
      /** Rise of the mean log loss (nats) and of the mean Brier score. */
      logLoss: rise(LARGEST_LOG_LOSS).default(0.05),
      brier: rise(LARGEST_BRIER).default(0.02),
      /** Regression: relative rise of MAE and RMSE now, of MAE over all past windows, and on the worst of them. */
      currentError: margin.default(0.05),
      pastError: margin.default(0.05),
      worstError: margin.default(0.2),
    })
    .prefault({}),

  /**
   * What a loss on the past may cost. A point lost on the newest past window weighs `weight` of a point on what comes in,
   * half as much `halfLife` windows before: a loss that is shown and dearer than the gain refuses.
   */
  exchange: z
    .strictObject({
      weight: z
        .number()
        .gt(0, { error: 'expected a weight above 0: at 0 the past may be given up for nothing' })
        .max(1_000, { error: 'expected a weight of 1,000 at most: no gain pays more' })
        .default(0.25),
      /** in windows */
      halfLife: z
        .number()
        .gt(0, { error: 'expected a half-life above 0 windows: at 0 no past window counts' })
        .max(1_000_000)
        .default(4),
    })
    .prefault({}),

  /** A class or slice holds a candidate that looks worse on it while a loss of more than this is still possible. */
  holdBeyond: margin.default(0.15),

  budgets: z
    .strictObject({
      /** Share of the current window's examples that the champion got right and the candidate gets wrong. */
      negativeFlips: budget.default(0.05),
      /** The same within one class or one value of a feature. */
      sliceFlips: budget.default(0.1),
      /** Share of the flips that users reported which may come back; of fewer than 1 / budget, none. */
      reportedFlips: z
        .number()
        .min(0, { error: 'expected a budget of 0 or more' })
        .lt(1, { error: 'expected a budget below 1: a rate is never above 1, so it never fails' })
        .default(0.05),
      /** Regression: share of held-out examples whose error grows by more than tau. */
      worsened: budget.default(0.05),
    })
    .prefault({}),

  /** Regression: a growth of one example's error that a user would notice, in the target's unit; null: the champion's MAE. */
  tau: z
    .number()
    .gt(0, { error: 'expected tau above 0: errors of different models always differ a little' })
    .nullable()
    .default(null),

  /** Where labels are a selection, and what they stand for says something else than they do: nights that are waited. */
  selection: z.strictObject({ nights: z.int().min(0).max(365).default(3) }).prefault({}),

  /** What becomes of a champion that turns out worse than the one before it (rollbackPolicy). */
  rollback: z
    .strictObject({
      /** `on`: it is taken back. `tell`: a notice says so. `off`: nobody looks. */
      policy: z.enum(['on', 'tell', 'off']).default('on'),
      /** Of taking back a champion that is no worse than the margin, over its whole life. */
      level: z
        .number()
        .gt(0, { error: 'expected a level above 0: at 0 nothing is ever shown' })
        .max(0.1, { error: 'expected a level of 0.1 at most: every tenth good champion would be taken back' })
        .default(0.01),
    })
    .exactOptional(),

  /** Examples below which there is no judgement. */
  minimum: z
    .strictObject({
      /** Past windows are pooled with their neighbours until a pool has this many. */
      window: minimum.default(250),
      /** Of the current window against a champion, beside the number that margin and level ask for by themselves. */
      current: minimum.default(1),
      /** A class with fewer cannot hold a candidate back, only reject one that is shown to be worse. */
      class: minimum.default(1),
      /** The same for one value of a feature. */
      slice: minimum.default(1),
      /** Below so many examples, or groups, calibration cannot hold a candidate back, only reject one shown to be worse. */
      calibration: minimum.default(500),
      /** Where examples come in groups: fewer groups than this give no judgement. */
      groups: z
        .int()
        .min(2, { error: 'expected at least 2 groups: one says nothing about others' })
        .default(20),
    })
    .prefault({}),

  /** What the candidate must beat on the current window. */
  baselines: z
    .array(z.enum(BASELINES))
    .min(1, { error: 'expected at least one baseline: a first candidate would have nothing to beat' })
    .refine(unique, 'expected each baseline once')
    .default([...BASELINES]),

  /** Names of the features whose every value is a slice. */
  slices: z.array(z.string().min(1)).max(64).refine(unique, 'expected each feature once').default([]),

  /** Random splits on which the candidate's recipe is trained anew beside the champion's, when the two differ. */
  splits: z
    .strictObject({
      /** 0: none. */
      count: z
        .int()
        .min(0)
        .max(100)
        .refine((count) => count === 0 || count >= MIN_SPLITS, {
          error: `expected 0 for none, or at least ${MIN_SPLITS} splits: fewer are not judged`,
        })
        .default(10),
      /** A sample of the examples that are not held out: the cost of a night grows with it. */
      maxExamples: z
        .int()
        .min(100, { error: 'expected at least 100 examples: 20 to test on' })
        .max(1_000_000)
        .default(2_000),
    })
    .prefault({}),

  edge: z
    .strictObject({
      /** Median time of a prediction, and size of the files, over the champion's. */
      latencyRatio: ratio.default(1.5),
      sizeRatio: ratio.default(2),
      /** The heap of an edge isolate ends at 80 MiB: what needs more would be promoted and never load. */
      memoryBytes: z
        .int()
        .min(1_000_000, { error: 'expected at least 1,000,000 bytes: the runtime alone needs more' })
        .max(128_000_000, {
          error: 'expected at most 128,000,000 bytes, the limit of an isolate, so that it can fail',
        })
        .default(80_000_000),
    })
    .prefault({}),

  bootstrap: z
    .strictObject({
      draws: z
        .int()
        .min(1_000, { error: 'expected at least 1,000 draws: fewer leave a 5 % quantile to 50 of them' })
        .max(20_000)
        .default(2_000),
      seed: z.int().min(0).max(0xffff_ffff).default(1),
    })
    .prefault({}),
});

export type GatePolicy = z.infer<typeof gatePolicySchema>;

/** Specs that were saved before it was asked for say nothing of it: then it is on. */
export function rollbackPolicy({
  rollback,
}: Pick<GatePolicy, 'rollback'>): NonNullable<GatePolicy['rollback']> {
  return rollback ?? { policy: 'on', level: 0.01 };
}

function unique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}

/** What a model's spec says that its policy can contradict. */
export interface PolicySubject {
  /** names of the features that can be sliced by */
  readonly sliceable: readonly string[];
  /** left out where the metric is not to be looked at */
  readonly task?: 'classification' | 'regression';
  /** of a classification */
  readonly classes?: number;
}

export interface PolicyProblem {
  /** within the policy */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const CLASS_METRICS = ['accuracy', 'balanced-accuracy', 'log-loss', 'costs'];

/** Why a model of this task cannot be judged by the policy's metric; null when it can. */
export function metricProblem(
  { metric }: Pick<GatePolicy, 'metric'>,
  task: 'classification' | 'regression',
  classes: number,
): string | null {
  if (metric === 'auto') return null;
  const [name = ''] = typeof metric === 'string' ? [metric] : Object.keys(metric);
  if (CLASS_METRICS.includes(name) !== (task === 'classification')) {
    return `expected a metric of a ${task}, got '${name}'`;
  }
  const costs = typeof metric === 'object' && 'costs' in metric ? metric.costs : null;
  return costs === null || [costs, ...costs].every(({ length }) => length === classes)
    ? null
    : `expected ${classes} rows and columns of costs, one per class`;
}

/**
 * What makes a valid policy unfit for a model: for the moment at which a spec is saved.
 *
 * @returns every problem with its place; [] when the policy can be used
 */
export function policyProblems(policy: GatePolicy, subject: PolicySubject): PolicyProblem[] {
  const { sliceable, task, classes = 0 } = subject;
  const problems: PolicyProblem[] = policy.slices.flatMap((name, i) =>
    sliceable.includes(name)
      ? []
      : [
          {
            path: ['slices', i],
            message: `expected a feature of this model that has named values, got '${name}': it could never pass`,
          },
        ],
  );
  const misfit = task === undefined ? null : metricProblem(policy, task, classes);
  if (misfit !== null) problems.push({ path: ['metric'], message: misfit });
  const { worstWindow, forgotten } = policy.margins;
  if (forgotten >= worstWindow) {
    problems.push({
      path: ['margins', 'forgotten'],
      message: `expected less than worstWindow (${worstWindow}), got ${forgotten}: it could never fail first`,
    });
  }
  if (policy.splits.count === 0 && policy.needs.includes('splits')) {
    problems.push({
      path: ['splits', 'count'],
      message: 'expected some splits, as needs asks for them, got 0: it could never pass',
    });
  }
  return problems;
}
