/**
 * The champion after it was promoted, measured: how often a good one is taken back over its whole life, how soon a bad
 * one is, beside what watches errors alone, and what pairing is worth beside a split. `HELP` says how it is called.
 */
import { writeFileSync } from 'node:fs';
import { drawFrom } from '../gate/population.ts';
import { limitOf, quantile } from '../gate/referee/lot.ts';
import { type Measured, percent, printTable, rowOf, tableOf } from '../gate/table.ts';
import { readCount, readNames, readOptions } from '../usage.ts';
import { calibrate, FAMILIES, firstAlarm } from './detectors.ts';
import { LEVEL, liveLife, liveTiedLife, MARGIN } from './lives.ts';
import { decideBySplit, decidePaired } from './split.ts';

const PARTS = ['false', 'soon', 'others', 'split'] as const;

const HELP = `npm run bench:live -- [options]

Measures automatic rollback: false ones over a life, labels until a bad champion is taken back, ADWIN, Page-Hinkley and
DDM at as many false alarms, and a paired comparison beside a split of the traffic. It ends with 1 where a target was missed.

  --lives <n>    simulated lives a cell (default 1000; 10000 for the whole)
  --only <part>  one of ${PARTS.join(', ')}
  --json [file]  writes the rows as JSON, to the terminal where no file is named
  --help         this text
`;

/** What a version lives through: a year of 55 labels a day. */
const LIFE = 20_000;
const GOOD = 10_000;
const LOSS = 0.05;

const values = readOptions(
  {
    lives: { type: 'string', default: '1000' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  HELP,
);
const lives = readCount('--lives', values.lives, HELP);
if (values.only !== undefined) readNames('--only', values.only, PARTS, HELP);

const BENCHES: Readonly<Record<(typeof PARTS)[number], () => Measured>> = {
  false: benchFalse,
  soon: benchSoon,
  others: benchOthers,
  split: benchSplit,
};
const startMs = Date.now();
const measured = PARTS.filter((part) => values.only === undefined || values.only === part).map((part) =>
  BENCHES[part](),
);
const rows = measured.flatMap((part) => part.rows);
const missed = rows.filter(({ met }) => met === false);
if (values.json) {
  writeFileSync(process.stdout.fd, `${JSON.stringify(rows, null, 2)}\n`);
} else {
  for (const table of measured.flatMap((part) => part.tables)) printTable(table);
  console.log(
    `\n${rows.filter(({ met }) => met === true).length} targets met, ${missed.length} missed; ${((Date.now() - startMs) / 60_000).toFixed(1)} minutes`,
  );
  for (const row of missed)
    console.log(`  missed: ${row.case}: ${row.ours.toFixed(2)} ${row.unit}, target ${row.target}`);
}
process.exitCode = missed.length > 0 ? 1 : 0;

function share(of: number, happened: () => boolean): number {
  let count = 0;
  for (let i = 0; i < of; i++) if (happened()) count += 1;
  return count / of;
}

function benchFalse(): Measured {
  const tied = Math.max(20, Math.round(lives / 10));
  const whole = (name: string, better: number, seed: number) => {
    const draw = drawFrom(seed);
    const plan = { labels: LIFE, course: () => better, look: 5 };
    return { name, of: lives, rate: share(lives, () => liveLife(plan, draw) < Infinity), level: LEVEL };
  };
  const hanging = (name: string, run: number, late: number, seed: number) => {
    const draw = drawFrom(seed);
    const plan = { labels: 4_000, better: MARGIN, look: 200, run, late };
    return { name, of: tied, rate: share(tied, () => liveTiedLife(plan, draw)), level: LEVEL };
  };
  const cells = [
    whole('unchanged', 0, 1),
    whole('exactly at the margin', MARGIN, 2),
    hanging('at the margin, labels up to 1,000 inputs late', 1, 1_000, 3),
    hanging('at the margin, runs of 3 neighbours', 3, 0, 4),
    hanging('at the margin, runs of 10 neighbours', 10, 0, 5),
  ];
  return {
    rows: cells.map(({ name, of, rate, level }) =>
      rowOf(`false rollback: ${name}`, '% of lives', 100 * rate, { atMost: limitOf(level, of) }),
    ),
    tables: [
      tableOf(
        `Champions taken back though they are no worse than the margin, %; level 1, lives of ${LIFE} labels, the last three of 4,000`,
        ['champion', 'taken back', 'lives', 'limit'],
        cells.map(({ name, of, rate, level }) => [name, percent(rate), of, limitOf(level, of).toFixed(1)]),
      ),
    ],
  };
}

/** Labels after the change until the champion is taken back, [lives]; negative for one that was taken back before. */
function labelsUntil(
  good: (draw: () => number) => number,
  loss: number,
  count: number,
  seed: number,
): number[] {
  const draw = drawFrom(seed);
  return Array.from({ length: count }, () => {
    const at = good(draw);
    const plan = { labels: at + 20_000, course: (label: number) => (label < at ? 0 : loss), look: 5 };
    return liveLife(plan, draw) - at;
  });
}

function benchSoon(): Measured {
  const count = Math.max(50, Math.round(lives / 4));
  const cells = [
    { name: 'from the promotion on', good: () => 0, loss: LOSS, atMost: 550 },
    { name: `after ${GOOD} good labels`, good: () => GOOD, loss: LOSS, atMost: 1_200 },
    {
      name: `after ${GOOD} to ${GOOD + 400} good labels`,
      good: (draw: () => number) => GOOD + Math.floor(400 * draw()),
      loss: LOSS,
    },
    { name: 'from the promotion on', good: () => 0, loss: 0.03 },
    { name: `after ${GOOD} good labels`, good: () => GOOD, loss: 0.03 },
  ].map((cell, i) => ({ ...cell, labels: labelsUntil(cell.good, cell.loss, count, 20 + i) }));
  return {
    rows: cells.map(({ name, loss, labels, atMost }) =>
      rowOf(
        `-${100 * loss} points ${name}`,
        'labels, median',
        quantile(labels, 0.5),
        atMost === undefined ? {} : { atMost },
      ),
    ),
    tables: [
      tableOf(
        `Labels until a champion that is worse is taken back, of ${count} lives, 8 % disagreement`,
        ['worse by', 'since', 'half', '90 of 100', 'target'],
        cells.map(({ name, loss, labels, atMost }) => [
          `${100 * loss} points`,
          name,
          quantile(labels, 0.5),
          quantile(labels, 0.9),
          atMost ?? '-',
        ]),
      ),
    ],
  };
}

function benchOthers(): Measured {
  const count = Math.max(50, Math.round(lives / 10));
  const ours = labelsUntil(() => GOOD, LOSS, count, 31);
  const theirs = FAMILIES.map((family, i) => {
    const strictness = calibrate(family, Math.max(100, Math.round(lives / 5)), LIFE, (life) =>
      drawFrom(40_000 + life),
    );
    const draw = drawFrom(50 + i);
    const labels = Array.from(
      { length: count },
      () => firstAlarm(family.create(strictness), GOOD + 20_000, GOOD, LOSS, draw) - GOOD,
    );
    return { name: family.name, strictness, labels };
  });
  return {
    rows: theirs.map(({ name, labels }) =>
      rowOf(`-5 points after ${GOOD} good labels`, 'labels, median', quantile(ours, 0.5), {
        peer: name,
        theirs: quantile(labels, 0.5),
      }),
    ),
    tables: [
      tableOf(
        `Labels until a loss of 5 points after ${GOOD} good ones is noticed, at as many false alarms a life, of ${count}`,
        ['what looks', 'threshold', 'half', '90 of 100'],
        [
          ['paired, with restarts', '1 %', quantile(ours, 0.5), quantile(ours, 0.9)],
          ...theirs.map(({ name, strictness, labels }) => [
            `${name}, errors alone`,
            strictness.toPrecision(3),
            quantile(labels, 0.5),
            quantile(labels, 0.9),
          ]),
        ],
      ),
    ],
  };
}

function benchSplit(): Measured {
  const count = Math.max(20, Math.round(lives / 25));
  const draw = drawFrom(60);
  const paired = Array.from({ length: count }, () => decidePaired(LOSS, 50_000, 25, draw));
  const split = [0.5, 0.1].map((part) => ({
    part,
    labels: Array.from({ length: count }, () => decideBySplit(LOSS, part, 200_000, 500, draw)),
  }));
  const tenth = quantile(split.find(({ part }) => part === 0.1)?.labels ?? [], 0.5);
  return {
    rows: [
      rowOf('paired beside a split of 10 %', 'labels, median', quantile(paired, 0.5), {
        peer: 'a split of 10 %',
        theirs: tenth,
        atMost: tenth / 10,
      }),
    ],
    tables: [
      tableOf(
        `Labels until 5 points are shown, of ${count}; 85 % accuracy`,
        ['comparison', 'half', '90 of 100'],
        [
          ['paired', quantile(paired, 0.5), quantile(paired, 0.9)],
          ...split.map(({ part, labels }) => [
            `a split, ${100 * part} % to one`,
            quantile(labels, 0.5),
            quantile(labels, 0.9),
          ]),
        ],
      ),
    ],
  };
}
