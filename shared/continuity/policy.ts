/**
 * What a model's owner demands of a candidate. Every field has a default; docs/continuity.md gives the reasons.
 */
import * as z from 'zod';

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

export const gatePolicySchema = z.strictObject({
  /** Level of every one-sided bound, so also of promoting a candidate that is worse than a margin. */
  alpha: z
    .number()
    .gt(0, { error: 'expected alpha above 0: at 0 no bound is finite enough to pass' })
    .lt(0.5, { error: 'expected alpha below 0.5: beyond it a bound lies on the wrong side of its estimate' })
    .default(0.05),

  /** On the current window: shown not worse than the margin, or shown better. */
  require: z.enum(['non-inferiority', 'improvement']).default('non-inferiority'),

  /** Differences of accuracy (of recall, for classRecall) that are tolerated, as fractions. */
  margins: z
    .strictObject({
      current: margin.default(0.01),
      pastMean: margin.default(0.01),
      worstWindow: margin.default(0.05),
      classRecall: margin.default(0.05),
    })
    .prefault({}),

  budgets: z
    .strictObject({
      /** Share of held-out examples that the champion got right and the candidate gets wrong. */
      negativeFlips: budget.default(0.05),
    })
    .prefault({}),

  /** Examples below which there is no judgement. */
  minimum: z
    .strictObject({
      /** Past windows are pooled with their neighbours until a pool has this many. */
      window: minimum.default(250),
      current: minimum.default(100),
      /** A class with fewer cannot hold a candidate back, only reject one that is shown to be worse. */
      class: minimum.default(250),
    })
    .prefault({}),
});

export type GatePolicy = z.infer<typeof gatePolicySchema>;
