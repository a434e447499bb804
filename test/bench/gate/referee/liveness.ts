/**
 * How many labels a challenger needs that is truly better by three points: the first that a model ever had, the fifth,
 * the hundredth; beside what McNemar's exact test would need that is asked once, and knows beforehand when.
 */
import jStat from 'jstat';
import {
  compareAnswers,
  judgeChallenger,
} from '../../../../shared/continuity/referee/challenger-comparison.ts';
import { divideLevel, levelOfNext } from '../../../../shared/continuity/referee/levels.ts';
import { mcnemarExact } from '../../../../shared/continuity/statistics/mcnemar.ts';
import { drawFrom, ratesOf, type Rates } from '../population.ts';
import { type Measured, rowOf, tableOf } from '../table.ts';
import { quantile } from './lot.ts';

const ALPHA = 0.05;
const POWER = 0.95;
const GAIN = 0.03;
const MARGIN = 0.01;
const CHALLENGERS = [1, 5, 20, 100] as const;
export const DISAGREEMENTS = [0.08, 0.2, 0.4] as const;

/** Looks before McNemar's test would have been made. */
const LOOKS = 20;
/** A challenger that is not through after so many times McNemar's labels counts as one that never is. */
const PATIENCE = 8;

/** The referee's level for the k-th challenger, where none was promoted before. */
function levelOf(k: number): number {
  return divideLevel(levelOfNext(ALPHA, { tests: k - 1, rejections: 0 })).referee;
}

/** What McNemar's test finds better at level ALPHA with probability POWER: the smallest number of examples. */
export function mcnemarLabels(rates: Rates): number {
  const powerOf = (n: number): number => {
    const rate = rates.gain + rates.loss;
    const spread = 6 * Math.sqrt(n * rate);
    let power = 0;
    for (let m = Math.max(1, Math.floor(n * rate - spread)); m <= Math.min(n, n * rate + spread); m++) {
      const weight = Math.exp(logBinomial(n, m) + m * Math.log(rate) + (n - m) * Math.log1p(-rate));
      const k = leastGains(m);
      power += k > m ? 0 : weight * jStat.beta.cdf(rates.gain / rate, k, m - k + 1);
    }
    return power;
  };
  let [short, enough] = [1, 100];
  while (powerOf(enough) < POWER) [short, enough] = [enough, 2 * enough];
  while (enough - short > 1) {
    const middle = Math.floor((short + enough) / 2);
    if (powerOf(middle) < POWER) short = middle;
    else enough = middle;
  }
  return enough;
}

const known = new Map<number, number>();

/** Of so many disagreements, how many gains McNemar's test finds too many for chance; one more than all where none are. */
function leastGains(m: number): number {
  const before = known.get(m);
  if (before !== undefined) return before;
  let [few, many] = [Math.floor(m / 2), m + 1];
  while (many - few > 1) {
    const middle = Math.floor((few + many) / 2);
    if (mcnemarExact({ gains: middle, losses: m - middle, n: m }).better <= ALPHA) many = middle;
    else few = middle;
  }
  known.set(m, many);
  return many;
}

const logFactorials = [0];

function logFactorial(n: number): number {
  for (let i = logFactorials.length; i <= n; i++)
    logFactorials.push((logFactorials[i - 1] as number) + Math.log(i));
  return logFactorials[n] as number;
}

function logBinomial(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** Labels until the referee lets it serve, at each level; infinite where it does not while anyone would wait. */
function labelsUntil(
  levels: readonly number[],
  rates: Rates,
  step: number,
  most: number,
  draw: () => number,
) {
  const differences = new Float64Array(most);
  const labels = levels.map(() => Number.POSITIVE_INFINITY);
  for (let n = 0; n < most;) {
    for (const end = Math.min(most, n + step); n < end; n++) {
      const u = draw();
      differences[n] = u < rates.gain ? 1 : u < rates.gain + rates.loss ? -1 : 0;
    }
    const comparison = compareAnswers({ differences: differences.subarray(0, n) });
    for (const [i, level] of levels.entries()) {
      if (labels[i] === Infinity && judgeChallenger(comparison, -MARGIN, level).finding === 'better')
        labels[i] = n;
    }
    if (!labels.includes(Infinity)) break;
  }
  return labels;
}

/** One row of the table: one disagreement. */
export function benchLiveness(index: number, lives: number): Measured {
  const disagreement = DISAGREEMENTS[index] as number;
  const rates = ratesOf(GAIN, disagreement);
  const n = mcnemarLabels(rates);
  const draw = drawFrom(14_000 + index);
  const levels = CHALLENGERS.map(levelOf);
  const all = Array.from({ length: lives }, () =>
    labelsUntil(levels, rates, Math.ceil(n / LOOKS), PATIENCE * n, draw),
  );
  const first = Math.log(1 / (levels[0] as number));
  const found = CHALLENGERS.map((k, i) => {
    const factor = Math.log(1 / (levels[i] as number)) / first;
    const labels = all.map((life) => life[i] as number);
    return { k, factor, half: quantile(labels, 0.5), most: quantile(labels, POWER) };
  });
  const share = 100 * disagreement;
  const table = tableOf(
    `Labels until a challenger that is 3 points better serves, of ${lives}: half, and 95 of 100`,
    ['disagreement', "McNemar's n", ...CHALLENGERS.flatMap((k) => [`challenger ${k}`, '', 'at most'])],
    [
      [
        `${share} %`,
        n,
        ...found.flatMap(({ half, most, factor }) => [half, most, Math.round(2 * n * factor)]),
      ],
    ],
  );
  const rows = found.map(({ k, factor, most }) =>
    rowOf(`referee, liveness: challenger ${k}, ${share} % disagreement`, 'labels, 95 of 100', most, {
      peer: `McNemar's exact test, times 2 ln(1 / level) / ln(1 / level of the first)`,
      theirs: 2 * n * factor,
      atMost: Math.round(2 * n * factor),
    }),
  );
  return { rows, tables: [table] };
}
