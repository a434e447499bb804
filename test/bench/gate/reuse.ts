/**
 * A year of nights on the same ten past windows: how many candidates that are truly worse on the past get through.
 *
 * The champion is a vector of right and wrong answers; each night's candidate changes some of them, and where it is
 * promoted it becomes the champion, so that what chance let through stays. The current window is new every night.
 */
import { checkCurrentWindow } from '../../../shared/continuity/checks/current-window.ts';
import { checkPastMean } from '../../../shared/continuity/checks/past-mean.ts';
import { checkWorstWindow } from '../../../shared/continuity/checks/worst-window.ts';
import type { Evidence } from '../../../shared/continuity/evidence/evidence.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy.ts';
import type { GatePolicy } from '../../../shared/continuity/policy.ts';
import { drawFrom, drawWindow, evidenceOf, ratesOf } from './population.ts';
import type { Draw } from './population.ts';
import { rowOf, tableOf } from './table.ts';
import type { Measured, Row } from './table.ts';

const NIGHTS = 365;
const PAST = 10;
const SIZE = 1_000;
const START_ACCURACY = 0.85;
const CHANGED = 0.05;
const POLICY = gatePolicySchema.parse({});
const CHECKS = [checkCurrentWindow, checkPastMean, checkWorstWindow];

/** What each night's candidate truly does to the past. */
interface Trainer {
  readonly name: string;
  /** true difference on the past of tonight's candidate */
  readonly difference: (night: number) => number;
  /** candidates drawn a night, of which the one that looks best on the past windows is submitted */
  readonly tries: number;
  /** the same changes every night, as of a recipe that is merely trained again */
  readonly stubborn: boolean;
}

const WORSE = -POLICY.margins.pastMean;

const TRAINERS: readonly Trainer[] = [
  { name: 'every candidate at the margin', difference: () => WORSE, tries: 1, stubborn: false },
  {
    name: 'every second one at the margin, the others equal',
    difference: (night) => (night % 2 === 0 ? WORSE : 0),
    tries: 1,
    stubborn: false,
  },
  {
    name: 'at the margin, the best of 5 by the past windows',
    difference: () => WORSE,
    tries: 5,
    stubborn: false,
  },
  { name: 'the same recipe every night, at the margin', difference: () => WORSE, tries: 1, stubborn: true },
  { name: 'every candidate equal (the cost)', difference: () => 0, tries: 1, stubborn: false },
];

/** How the guard spends a window's level. */
interface Guard {
  readonly name: string;
  readonly policy: GatePolicy;
  /** decisions that the evidence admits to; every look at the past windows is one, so that a night of tries is several */
  readonly decisions: (night: number, tries: number) => number;
  /** a further condition on the candidate's mean accuracy on the past, and the best seen so far */
  readonly ladder: boolean;
}

const GUARDS: readonly Guard[] = [
  { name: 'none', policy: { ...POLICY, guardWear: false }, decisions: () => 0, ladder: false },
  { name: 'ladder', policy: { ...POLICY, guardWear: false }, decisions: () => 0, ladder: true },
  { name: 'alpha / 365', policy: POLICY, decisions: () => NIGHTS - 1, ladder: false },
  {
    name: 'alpha / k (ours)',
    policy: POLICY,
    decisions: (night, tries) => (night + 1) * tries - 1,
    ladder: false,
  },
];

interface Year {
  /** promotions whose true difference on the past was at the margin or beyond */
  readonly worse: number;
  readonly promotions: number;
  /** true accuracy on the past at the end, less that at the start */
  readonly change: number;
}

function runYear(trainer: Trainer, guard: Guard, draw: Draw): Year {
  let champion = drawAnswers(draw);
  let accuracy = START_ACCURACY;
  let best = meanOf(champion);
  let [worse, promotions] = [0, 0];
  const habits = drawNoise(draw);
  for (let night = 0; night < NIGHTS; night++) {
    const difference = trainer.difference(night);
    const tries = Array.from({ length: trainer.tries }, () =>
      changeAnswers(champion, difference, accuracy, trainer.stubborn ? habits : drawNoise(draw)),
    );
    const candidate = tries.reduce((a, b) => (meanOf(b) > meanOf(a) ? b : a));
    const evidence = evidenceFor(champion, candidate, guard.decisions(night, trainer.tries), draw);
    const climbs = !guard.ladder || meanOf(candidate) > best + WORSE + stepOf(champion, candidate);
    if (!climbs || CHECKS.some((check) => check(evidence, guard.policy).verdict !== 'pass')) continue;
    promotions++;
    if (difference <= WORSE) worse++;
    champion = candidate;
    accuracy += difference;
    best = Math.max(best, meanOf(candidate));
  }
  return { worse, promotions, change: accuracy - START_ACCURACY };
}

/** 1 where right, [PAST * SIZE]. */
function drawAnswers(draw: Draw): Uint8Array {
  return Uint8Array.from({ length: PAST * SIZE }, () => (draw() < START_ACCURACY ? 1 : 0));
}

function drawNoise(draw: Draw): Float32Array {
  const noise = new Float32Array(PAST * SIZE);
  for (let i = 0; i < noise.length; i++) noise[i] = draw();
  return noise;
}

/** Turns right answers wrong and wrong ones right, at rates that change the true accuracy by `difference`. */
function changeAnswers(
  answers: Uint8Array,
  difference: number,
  accuracy: number,
  noise: Float32Array,
): Uint8Array {
  const { gain, loss } = ratesOf(difference, CHANGED);
  const [lossRate, gainRate] = [loss / accuracy, Math.min(1, gain / (1 - accuracy))];
  const changed = answers.slice();
  for (let i = 0; i < changed.length; i++) {
    const right = answers[i] as number;
    if ((noise[i] as number) < (right === 1 ? lossRate : gainRate)) changed[i] = 1 - right;
  }
  return changed;
}

function meanOf(answers: Uint8Array): number {
  let right = 0;
  for (let i = 0; i < answers.length; i++) right += answers[i] as number;
  return right / answers.length;
}

/** The ladder's step without a parameter: one standard error of the paired difference. */
function stepOf(champion: Uint8Array, candidate: Uint8Array): number {
  const changed = champion.reduce((sum, right, i) => sum + (right === candidate[i] ? 0 : 1), 0);
  return Math.sqrt(changed) / champion.length;
}

const IDS: readonly string[] = Array(SIZE).fill('');
const ZEROS = new Int32Array(SIZE);

function evidenceFor(champion: Uint8Array, candidate: Uint8Array, decisions: number, draw: Draw): Evidence {
  const windows = Array.from({ length: PAST }, (_, i) => {
    const answers = (all: Uint8Array): Int32Array => {
      const ids = new Int32Array(SIZE);
      for (let k = 0; k < SIZE; k++) ids[k] = 1 - (all[i * SIZE + k] as number);
      return ids;
    };
    const ids = {
      id: `past ${i}`,
      kind: 'past' as const,
      fromMs: i,
      toMs: i + 1,
      exampleIds: IDS,
      labels: ZEROS,
    };
    return { ...ids, candidate: answers(candidate), champion: answers(champion), decisions };
  });
  const plan = {
    id: 'now',
    kind: 'current' as const,
    n: SIZE,
    shape: 'balanced' as const,
    rates: ratesOf(0.03, 0.06),
  };
  return evidenceOf([...windows, drawWindow(plan, PAST, draw)]);
}

/** Prints promotions of truly worse candidates in a year by guard, and gives our rows. */
export function benchReuse(years: number): Measured {
  const rows: Row[] = [];
  const tables = TRAINERS.map((trainer) => {
    const results = GUARDS.map((guard) => {
      const draw = drawFrom(365);
      return Array.from({ length: years }, () => runYear(trainer, guard, draw));
    });
    const mean = (runs: readonly Year[], pick: (year: Year) => number): number =>
      runs.reduce((sum, year) => sum + pick(year), 0) / runs.length;
    const table = tableOf(
      `A year on the same ten windows: ${trainer.name}; mean of ${years} years`,
      ['guard', 'worse let through', 'years with any, %', 'promotions', 'true change on the past, points'],
      GUARDS.map(({ name }, g) => {
        const runs = results[g] as Year[];
        return [
          name,
          mean(runs, ({ worse }) => worse).toFixed(2),
          (100 * mean(runs, ({ worse }) => Number(worse > 0))).toFixed(0),
          mean(runs, ({ promotions }) => promotions).toFixed(1),
          (100 * mean(runs, ({ change }) => change)).toFixed(1),
        ];
      }),
    );
    const [without, , , guarded] = results.map((runs) => mean(runs, ({ worse }) => worse));
    if (trainer.difference(0) === WORSE) {
      // alpha (1 + 1/2 + … + 1/365) = 0.32, and as much again for the noise of so many years
      rows.push(
        rowOf(`a year of reuse: ${trainer.name}`, 'worse promoted', guarded ?? 0, {
          peer: 'no guard',
          theirs: without ?? 0,
          atMost: 0.5,
        }),
      );
    }
    return table;
  });
  return { rows, tables };
}
