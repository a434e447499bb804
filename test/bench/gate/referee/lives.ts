/**
 * Whole lives: of all promotions, how many are wrong? And does it creep where every candidate is a little worse?
 */
import { drawFrom } from '../population.ts';
import { type Measured, percent, rowOf, tableOf } from '../table.ts';
import { ALPHA, type Life, type LifePlan, live, MARGIN } from './life.ts';
import { quantile } from './lot.ts';

const NIGHTS = 365;

/** What candidates gain: half of them are exactly at the margin, the others of every kind. */
const OTHERS = [-0.05, -0.02, -0.005, 0, 0.01, 0.03] as const;

const mixed: LifePlan['drawGain'] = (draw) =>
  draw() < 0.5 ? -MARGIN : (OTHERS[Math.floor(OTHERS.length * draw())] as number);
const useless: LifePlan['drawGain'] = () => -MARGIN;

const SAFETY: readonly { readonly name: string; readonly plan: LifePlan }[] = [100, 1_000].flatMap(
  (labels) => [
    {
      name: `mixed, ${labels} labels a night`,
      plan: { nights: NIGHTS, labels, heldOut: labels, drawGain: mixed },
    },
    {
      name: `all at the margin, ${labels} labels a night`,
      plan: { nights: NIGHTS, labels, heldOut: labels, drawGain: useless },
    },
  ],
);

/** Share of the promotions that are wrong, 0 where there are none, and how exact their mean over lives is. */
function falseShare(lives: readonly Life[]): { readonly mean: number; readonly error: number } {
  const shares = lives.map(
    ({ promotions }) => promotions.filter(({ wrong }) => wrong).length / Math.max(1, promotions.length),
  );
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const variance =
    shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / Math.max(1, shares.length - 1);
  return { mean, error: Math.sqrt(variance / shares.length) };
}

export function benchSafety(count: number): Measured {
  const draw = drawFrom(1_401);
  const measured = SAFETY.map(({ name, plan }) => {
    const lives = Array.from({ length: count }, () => live(plan, draw));
    const promotions = lives.flatMap((life) => life.promotions);
    const by = (kind: string): number => promotions.filter((each) => each.by === kind).length / count;
    return { name, ...falseShare(lives), exam: by('exam'), referee: by('referee') };
  });
  const rows = measured.map(({ name, mean, error }) =>
    rowOf(`referee and exam, safety: ${name}`, '% of promotions wrong', 100 * mean, {
      peer: 'alpha',
      theirs: 100 * ALPHA,
      atMost: 100 * (ALPHA + 3 * error),
    }),
  );
  const table = tableOf(
    `Promotions that are wrong, % over a life of ${NIGHTS} nights, mean of ${count}`,
    ['candidates', 'wrong', 'by exam, a life', 'by referee, a life'],
    measured.map(({ name, mean, exam, referee }) => [
      name,
      percent(mean),
      exam.toFixed(1),
      referee.toFixed(1),
    ]),
  );
  return { rows, tables: [table] };
}

const WORSE_A_NIGHT = 0.003;

export function benchCreep(count: number): Measured {
  const draw = drawFrom(1_405);
  const measured = [100, 1_000].map((labels) => {
    const plan = { nights: NIGHTS, labels, heldOut: labels, drawGain: () => -WORSE_A_NIGHT };
    const lives = Array.from({ length: count }, () => live(plan, draw));
    const lost = lives.map(({ qualities }) => -100 * Math.min(...qualities));
    const atEnd = lives.map(({ qualities }) => -100 * (qualities.at(-1) as number));
    const promotions = lives.reduce((sum, life) => sum + life.promotions.length, 0) / count;
    return { labels, lost, atEnd, promotions };
  });
  const rows = measured.map(({ labels, lost }) =>
    rowOf(
      `creep: 0.3 points worse a night, ${labels} labels a night`,
      'points, 95 of 100 lives',
      quantile(lost, 0.95),
      {
        atMost: 2,
      },
    ),
  );
  const table = tableOf(
    `Points lost where each candidate is 0.3 worse, ${NIGHTS} nights, ${count} lives; without the reference check`,
    ['labels a night', 'promotions', 'worst night: half', '95 of 100', 'last night: half'],
    measured.map(({ labels, lost, atEnd, promotions }) => [
      labels,
      promotions.toFixed(1),
      quantile(lost, 0.5).toFixed(1),
      quantile(lost, 0.95).toFixed(1),
      quantile(atEnd, 0.5).toFixed(1),
    ]),
  );
  return { rows, tables: [table] };
}
