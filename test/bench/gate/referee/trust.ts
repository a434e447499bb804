/**
 * Trust in a recipe over a year of nights: how often it is earned by one that gains nothing, how soon by one that does,
 * and how soon it is lost by one that turns bad on some night. Looked at as the trainer does: of all nights the last
 * eight are shown again.
 */
import { decideTrust, type Night, type Trust, UNTRIED } from '../../../../shared/continuity/referee/trust.ts';
import { type Draw, drawFrom, drawNormal } from '../population.ts';
import { type Measured, percent, type Row, rowOf, tableOf } from '../table.ts';
import { drawCounts, limitOf, quantile, tallyCounts } from './lot.ts';

const ALPHA = 0.05;
const NIGHTS = 365;
const SHOWN = 8;
const DISAGREEMENT = 0.08;
export const LABELS_A_NIGHT = [80, 1_000] as const;

/**
 * Nights until trust changes; 0 where a rehearsal on half a night's labels is enough to earn it, infinite where it does
 * not. `gainOf` of each night; a rehearsal gains what the first night does.
 */
function nightsUntilChange(
  start: Trust,
  labels: number,
  gainOf: (night: number) => number,
  draw: Draw,
): number {
  let trust = start;
  const nights: Night[] = [];
  if (!start.trusted) {
    const units = tallyCounts(drawCounts(labels / 2, gainOf(0), DISAGREEMENT, draw));
    const rehearsed = decideTrust(start, [], units, ALPHA);
    if (rehearsed.change !== null) return 0;
    trust = rehearsed.trust;
  }
  for (let night = 0; night < NIGHTS; night++) {
    const units = tallyCounts(drawCounts(labels, gainOf(night), DISAGREEMENT, draw));
    nights.push({ version: start.from + night, units });
    if (nights.length > SHOWN) nights.shift();
    const decision = decideTrust(trust, nights, null, ALPHA);
    if (decision.change !== null) return night + 1;
    trust = decision.trust;
  }
  return Number.POSITIVE_INFINITY;
}

/** Recipes that gain nothing on average over the nights; trust in them is false. */
const USELESS: readonly { readonly name: string; readonly gain: number; readonly spread: number }[] = [
  { name: 'gain exactly 0', gain: 0, spread: 0 },
  { name: 'half a point worse', gain: -0.005, spread: 0 },
  { name: 'gain 0, but 2 points from night to night', gain: 0, spread: 0.02 },
];

/** Whether trust was earned in a year, and whether the mean gain over the nights so far was 0 or less then. */
function earnsTrust({ gain, spread }: (typeof USELESS)[number], labels: number, draw: Draw) {
  const gains = Array.from({ length: NIGHTS }, () => gain + spread * drawNormal(draw));
  const nights = nightsUntilChange(UNTRIED, labels, (night) => gains[night] as number, draw);
  const earned = nights !== Infinity;
  const sum = gains.slice(0, nights).reduce((total, each) => total + each, 0);
  return { earned, wrong: earned && sum <= 0 };
}

export function benchFalseTrust(lives: number): Measured {
  const draw = drawFrom(1_402);
  const rows: Row[] = [];
  const table = USELESS.map((recipe) => [
    recipe.name,
    ...LABELS_A_NIGHT.map((labels) => {
      const all = Array.from({ length: lives }, () => earnsTrust(recipe, labels, draw));
      const wrong = all.filter((life) => life.wrong).length;
      const earned = all.filter((life) => life.earned).length;
      rows.push(
        rowOf(`false trust: ${recipe.name}, ${labels} labels a night`, '% of lives', (100 * wrong) / lives, {
          peer: 'level',
          theirs: 100 * ALPHA,
          atMost: limitOf(ALPHA, lives),
        }),
      );
      return `${percent(wrong / lives)} of ${percent(earned / lives)}`;
    }),
  ]);
  const title = `Trusted though the mean gain so far is 0 or less, % of ${lives} lives of ${NIGHTS} nights; of how many trusted at all`;
  return { rows, tables: [tableOf(title, ['recipe', ...LABELS_A_NIGHT.map((n) => `${n} labels`)], table)] };
}

const GAINS = [0.01, 0.03, 0.1, 0.3] as const;

export function benchEarnedTrust(lives: number): Measured {
  const draw = drawFrom(1_403);
  const rows: Row[] = [];
  const table = GAINS.map((gain) => [
    `+${100 * gain} points`,
    ...LABELS_A_NIGHT.flatMap((labels) => {
      const nights = Array.from({ length: lives }, () =>
        nightsUntilChange(UNTRIED, labels, () => gain, draw),
      );
      const [half, most] = [quantile(nights, 0.5), quantile(nights, 0.95)];
      rows.push(
        rowOf(`trust earned: +${100 * gain} points, ${labels} labels a night`, 'nights, median', half, {
          atMost: NIGHTS,
        }),
      );
      return [half, most];
    }),
  ]);
  const header = ['recipe', ...LABELS_A_NIGHT.flatMap((n) => [`${n} labels: half`, '95 of 100'])];
  return { rows, tables: [tableOf(`Nights until trust is earned, of ${lives} lives`, header, table)] };
}

const TURNS = [-0.03, -0.1] as const;
/** Before it turns. */
const GOOD = 0.03;
const LAST_TURN = 200;

export function benchLostTrust(lives: number): Measured {
  const draw = drawFrom(1_404);
  const start: Trust = { ...UNTRIED, trusted: true };
  const rows: Row[] = [];
  const table = TURNS.map((bad) => [
    `${100 * bad} points`,
    ...LABELS_A_NIGHT.flatMap((labels) => {
      let early = 0;
      const late: number[] = [];
      for (let life = 0; life < lives; life++) {
        const turn = Math.floor(LAST_TURN * draw());
        const lost = nightsUntilChange(start, labels, (night) => (night < turn ? GOOD : bad), draw);
        if (lost <= turn) early++;
        else late.push(labels * (lost - turn));
      }
      const [half, most] = [quantile(late, 0.5), quantile(late, 0.95)];
      rows.push(
        rowOf(`trust lost: turns to ${100 * bad} points, ${labels} labels a night`, 'labels, median', half, {
          atMost: labels * (NIGHTS - LAST_TURN),
        }),
        rowOf(`trust lost too early: ${labels} labels a night`, '% of lives', (100 * early) / lives, {
          atMost: limitOf(ALPHA, lives),
        }),
      );
      return [half, most, percent(early / lives)];
    }),
  ]);
  const header = [
    'turns to',
    ...LABELS_A_NIGHT.flatMap((n) => [`${n} a night: half`, '95 of 100', 'too early, %']),
  ];
  const title = `Labels until trust is lost, after a random night of ${LAST_TURN}, of ${lives} lives`;
  return { rows, tables: [tableOf(title, header, table)] };
}
