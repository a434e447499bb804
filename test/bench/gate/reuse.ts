/**
 * Years of nights, every candidate exactly at the margin of what comes in: how many the exam promotes. With a life-long
 * budget of levels, as the ledger gives them (e-LOND: Z. Xu & A. Ramdas 2024), beside the same level every night.
 *
 * The candidates are drawn apart from each other: nothing is learnt from a verdict, and the champion stays as good as it
 * was, which is the most that a wrong promotion can hide.
 */
import { checkCurrentWindow } from '../../../shared/continuity/checks/current-window.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { drawEvidence, drawFrom, ratesOf } from './population.ts';
import type { Draw } from './population.ts';
import { rowOf, tableOf } from './table.ts';
import type { Measured, Row } from './table.ts';

const NIGHTS = 365;
const SIZE = 1_000;
const CHANGED = 0.05;
const POLICY = gatePolicySchema.parse({});
const AT_MARGIN = -POLICY.margins.current;

/** True difference on what comes in of the candidate of a night. */
interface Trainer {
  readonly name: string;
  readonly difference: (night: number) => number;
}

const TRAINERS: readonly Trainer[] = [
  { name: 'every candidate at the margin', difference: () => AT_MARGIN },
  {
    name: 'every second one at the margin, the others 2 points better',
    difference: (night) => (night % 2 === 0 ? AT_MARGIN : 0.02),
  },
  { name: 'every candidate 2 points better', difference: () => 0.02 },
];

/** Level of the next test. */
interface Budget {
  readonly name: string;
  readonly level: (tested: number, promoted: number) => number;
}

/** Of each level the exam has nine tenths. */
const EXAM_SHARE = 0.9;

const BUDGETS: readonly Budget[] = [
  { name: 'alpha every night', level: () => POLICY.alpha },
  {
    name: 'e-LOND (ours)',
    level: (tested, promoted) => {
      const gamma = tested === 0 ? 0.66 : 0.34 / (tested * (tested + 1));
      return EXAM_SHARE * POLICY.alpha * gamma * (promoted + 1);
    },
  },
];

interface Year {
  readonly wrong: number;
  readonly promotions: number;
}

function runYear(trainer: Trainer, budget: Budget, draw: Draw): Year {
  let [wrong, promotions] = [0, 0];
  for (let night = 0; night < NIGHTS; night++) {
    const difference = trainer.difference(night);
    const rates = ratesOf(difference, CHANGED);
    const evidence = drawEvidence([{ id: 'now', kind: 'current', n: SIZE, shape: 'balanced', rates }], draw);
    const level = Math.min(0.49, budget.level(night, promotions));
    if (checkCurrentWindow({ ...evidence, level }, POLICY).verdict !== 'pass') continue;
    promotions++;
    if (difference <= AT_MARGIN) wrong++;
  }
  return { wrong, promotions };
}

/** Of all promotions of all years, the share that was wrong; 0 where none was made. */
function wrongShare(years: readonly Year[]): number {
  return (
    years.reduce((sum, { wrong, promotions }) => sum + wrong / Math.max(1, promotions), 0) / years.length
  );
}

/** How many wrong promotions a year makes, by budget. */
export function benchReuse(years: number): Measured {
  const rows: Row[] = [];
  const tables = TRAINERS.map((trainer) => {
    const results = BUDGETS.map((budget) => {
      const draw = drawFrom(365);
      return Array.from({ length: years }, () => runYear(trainer, budget, draw));
    });
    const mean = (runs: readonly Year[], pick: (year: Year) => number): number =>
      runs.reduce((sum, year) => sum + pick(year), 0) / runs.length;
    const [without = [], ours = []] = results;
    // the mean over years has an error of its own: three standard errors of a share of 5 %
    const atMost = 100 * (POLICY.alpha + 3 * Math.sqrt(POLICY.alpha / years));
    rows.push(
      rowOf(`a year of nights: ${trainer.name}`, '% of promotions wrong', 100 * wrongShare(ours), {
        peer: 'alpha every night',
        theirs: 100 * wrongShare(without),
        atMost,
      }),
    );
    return tableOf(
      `A year of nights: ${trainer.name}; mean of ${years} years`,
      ['levels', 'wrong promotions', 'promotions', 'wrong of all, %'],
      BUDGETS.map(({ name }, i) => {
        const runs = results[i] ?? [];
        return [
          name,
          mean(runs, ({ wrong }) => wrong).toFixed(2),
          mean(runs, ({ promotions }) => promotions).toFixed(1),
          (100 * wrongShare(runs)).toFixed(1),
        ];
      }),
    );
  });
  return { rows, tables };
}
