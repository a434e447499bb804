/**
 * Labels that come for wrong answers rather than for right ones, simulated: how often a challenger that is exactly at its
 * margin is let through, and how often one that is three points better; by the plain comparison, and by the weighted one
 * that is asked where labels are shown to be a selection.
 */
import { compareAnswers, judgeChallenger } from '../../../shared/continuity/referee/challenger-comparison.ts';
import { fitPropensity } from '../../../shared/continuity/selection/propensity.ts';
import {
  decideSelection,
  judgeWeighted,
  type Served,
} from '../../../shared/continuity/selection/weighted.ts';
import { type Draw, drawFrom, ratesOf } from './population.ts';
import { type Measured, percent, rowOf, tableOf } from './table.ts';

const LEVEL = 0.05;
const MARGIN = 0.01;
const NIGHTS = 20;
const PREDICTIONS = 600;
const DISAGREEMENT = 0.08;
/** Of what both versions say, how much is right, by class: so classes differ, as they do. */
const RIGHT = [0.95, 0.85] as const;
const MOST_HELD = 3;

interface Case {
  readonly name: string;
  /** probability that a wrong, and that a right answer gets its label */
  readonly wrong: number;
  readonly right: number;
}

const CASES: readonly Case[] = [
  { name: 'every label comes', wrong: 1, right: 1 },
  { name: 'half of the labels, at random', wrong: 0.5, right: 0.5 },
  { name: 'wrong 0.5, right 0.4', wrong: 0.5, right: 0.4 },
  { name: 'wrong 0.8, right 0.4', wrong: 0.8, right: 0.4 },
  { name: 'wrong 0.9, right 0.2', wrong: 0.9, right: 0.2 },
  { name: 'wrong 0.2, right 0.5', wrong: 0.2, right: 0.5 },
];

export const SELECTION_CASES = CASES.length;

interface Life {
  readonly differences: number[];
  readonly served: Served[];
  /** by class and agreement */
  readonly strata: { right: number; wrong: number; predictions: number }[];
}

function liveNight(life: Life, { wrong, right }: Case, gain: number, draw: Draw): void {
  const rates = ratesOf(gain, DISAGREEMENT);
  for (let i = 0; i < PREDICTIONS; i++) {
    const u = draw();
    const kind = draw() < 0.5 ? 0 : 1;
    const difference = u < rates.gain ? 1 : u < rates.gain + rates.loss ? -1 : 0;
    const isRight = difference === 0 ? draw() < (RIGHT[kind] as number) : difference < 0;
    const stratum = life.strata[kind + (difference === 0 ? 0 : 2)] as Life['strata'][number];
    stratum.predictions++;
    if (draw() >= (isRight ? right : wrong)) continue;
    stratum[isRight ? 'right' : 'wrong']++;
    life.differences.push(difference);
    life.served.push(isRight ? 'right' : 'wrong');
  }
}

/** Whether it was let through within the nights: by the plain comparison, and by ours; and whether it was ever held. */
function outcome(which: Case, gain: number, draw: Draw) {
  const life: Life = {
    differences: [],
    served: [],
    strata: Array.from({ length: 4 }, () => ({ right: 0, wrong: 0, predictions: 0 })),
  };
  const found = { plain: false, ours: false, held: 0 };
  let [nights, isOut] = [0, false];
  for (let night = 0; night < NIGHTS && !(found.ours && found.plain) && !(isOut && found.plain); night++) {
    liveNight(life, which, gain, draw);
    const examples = { differences: Float64Array.from(life.differences) };
    const plain = judgeChallenger(compareAnswers(examples), -MARGIN, LEVEL);
    found.plain ||= plain.finding === 'better';
    if (isOut || found.ours) continue;
    const propensity = fitPropensity(life.strata);
    const weighted = judgeWeighted(examples, life.served, propensity, -MARGIN, LEVEL);
    const decided = decideSelection(plain, weighted, nights, MOST_HELD);
    nights = decided.nights;
    found.held += decided.held ? 1 : 0;
    found.ours = decided.judgement.finding === 'better';
    isOut = decided.judgement.finding === 'worse';
  }
  return found;
}

/** One row of the table. @param lives  of each kind */
export function benchSelection(index: number, lives: number): Measured {
  const which = CASES[index] as Case;
  const draw = drawFrom(18_000 + index);
  const all = [-MARGIN, 0.03].map((gain) => Array.from({ length: lives }, () => outcome(which, gain, draw)));
  const share = (found: ReturnType<typeof outcome>[], key: 'plain' | 'ours'): number =>
    found.filter((each) => each[key]).length / lives;
  const [margin = [], better = []] = all;
  const held = better.reduce((sum, each) => sum + each.held, 0) / lives;
  const limit = 5 + 100 * 3 * Math.sqrt((0.05 * 0.95) / lives);
  const table = tableOf(
    `Labels that are a selection: let through within ${NIGHTS} nights, % of ${lives}; level 5`,
    ['labels', 'at the margin: plain', 'ours', '3 points better: plain', 'ours', 'nights held, mean'],
    [
      [
        which.name,
        percent(share(margin, 'plain')),
        percent(share(margin, 'ours')),
        percent(share(better, 'plain')),
        percent(share(better, 'ours')),
        held.toFixed(1),
      ],
    ],
  );
  const rows = [
    rowOf(`selection, ${which.name}: at the margin`, '% let through', 100 * share(margin, 'ours'), {
      peer: 'the plain comparison',
      theirs: 100 * share(margin, 'plain'),
      atMost: Number(limit.toFixed(1)),
    }),
    rowOf(`selection, ${which.name}: 3 points better`, '% let through', 100 * share(better, 'ours'), {
      peer: 'the plain comparison',
      theirs: 100 * share(better, 'plain'),
      atLeast: 80,
    }),
  ];
  return { rows, tables: [table] };
}
