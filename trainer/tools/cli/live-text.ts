/**
 * What a look found, for people.
 */
import type { BriefLive, Figure, ShownLive } from '../../../shared/registry/live.ts';
import type { Shadow } from '../../live/shadow.ts';
import { formatCount, formatFacts, formatTable, relativeTime, style } from './output.ts';

type Measure = BriefLive['figures']['measure'];

/** `93.1 % (91.0 to 94.8) of 1,240 labels`. */
function formatFigure(measure: Measure, figure: Figure | null): string {
  if (figure === null) return 'no labels yet';
  const { n, value, lower, upper } = figure;
  return `${formatValue(measure, value)} (${formatBound(measure, lower)} to ${formatBound(measure, upper)}) of ${formatCount(n)} labels`;
}

function formatValue(measure: Measure, value: number): string {
  return measure === 'accuracy' ? `${(100 * value).toFixed(1)} %` : value.toPrecision(3);
}

function formatBound(measure: Measure, value: number): string {
  return measure === 'accuracy' ? (100 * value).toFixed(1) : value.toPrecision(3);
}

/** One line: accuracy now, and what its gate had measured. */
export function describeBrief({ figures, rollback }: BriefLive): string {
  const { measure, life, promise } = figures;
  const name = measure === 'accuracy' ? 'right' : 'mean absolute error';
  const then = promise === null ? '' : `; ${formatValue(measure, promise)} when it was promoted`;
  return `${name} ${formatFigure(measure, life)}${then}; ${describeRollback(rollback)}`;
}

/** `not shown worse than version 3 (12 % of what decides)`. */
export function describeRollback({
  reference,
  why,
  shown,
  held,
  progress,
  since,
}: ShownLive['rollback']): string {
  if (reference === null) return `nobody stands beside it: ${why ?? 'no earlier version'}`;
  if (!shown)
    return `not shown worse than version ${reference} (${(100 * progress).toFixed(0)} % of what decides)`;
  const seen =
    since === null
      ? ''
      : `, by ${(100 * since.mean).toFixed(1)} points on ${formatCount(since.n)} labels since ${since.from}`;
  return `worse than version ${reference}${seen}${held === null ? '' : `; held: ${held}`}`;
}

/** Everything, with classes, slices and the last days. */
export function describeLive(live: ShownLive, now: Date): string {
  const { life, figures, rollback, lookedAt, unreadable } = live;
  const { measure, coverage, delay, predictions, lastLabel, promise } = figures;
  const facts: (readonly [string, string])[] = [
    ['model', style('bold', live.model)],
    ['champion', `version ${life.version}, since ${relativeTime(life.since, now)}`],
    ['looked at', relativeTime(lookedAt, now)],
    [measure === 'accuracy' ? 'right' : 'error', formatFigure(measure, figures.life)],
    ['last 7 days', formatFigure(measure, figures.recent)],
    ['promoted at', promise === null ? 'not known' : formatValue(measure, promise)],
    [
      'last label',
      lastLabel === null ? 'not known' : `${formatValue(measure, lastLabel)} by saying it again`,
    ],
    [
      'labels',
      coverage === null
        ? 'no predictions yet'
        : `${(100 * coverage).toFixed(0)} % of ${formatCount(predictions)} predictions; half within ${formatDelay(delay.half)}, nine tenths within ${formatDelay(delay.most)}`,
    ],
    ['beside', describeRollback(rollback)],
    ...(unreadable > 0 ? [['unreadable', `${formatCount(unreadable)} inputs`] as const] : []),
  ];
  return [formatFacts(facts), ...describeParts(live), ...describeDays(live)].join('\n\n');
}

const SPANS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

function formatDelay(seconds: number | null): string {
  if (seconds === null) return 'more than 7 days';
  const [unit, size] = SPANS.find(([, size]) => seconds >= size) ?? ['second', 1];
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** Classes and slices, the largest first. */
function describeParts({ figures: { measure, classes, slices } }: ShownLive): string[] {
  const parts = [...classes, ...slices];
  if (parts.length === 0) return [];
  const columns = [
    { title: classes.length > 0 ? 'CLASS' : 'SLICE' },
    { title: 'LABELS', align: 'right' as const },
    { title: measure === 'accuracy' ? 'RIGHT %' : 'ERROR', align: 'right' as const },
    { title: 'FROM', align: 'right' as const },
    { title: 'TO', align: 'right' as const },
  ];
  return [
    formatTable(
      columns,
      parts
        .slice(0, 20)
        .map(({ name, n, value, lower, upper }) => [
          name,
          formatCount(n),
          ...[value, lower, upper].map((each) => formatBound(measure, each)),
        ]),
    ),
  ];
}

function describeDays({ days, hours, figures: { measure } }: ShownLive): string[] {
  const rows = [
    ...days.map((row) => ({ ...row, at: row.from.slice(0, 10) })),
    ...hours.map((row) => ({ ...row, at: row.from.slice(0, 13) })),
  ];
  if (rows.length === 0) return [];
  return [
    formatTable(
      [
        { title: 'FROM' },
        { title: 'VERSION', align: 'right' },
        { title: 'PREDICTIONS', align: 'right' },
        { title: 'LABELS', align: 'right' },
        { title: measure === 'accuracy' ? 'RIGHT %' : 'ERROR', align: 'right' },
      ],
      rows
        .slice(-24)
        .map(({ at, version, predictions, n, right, error }) => [
          at,
          String(version ?? '-'),
          formatCount(predictions),
          formatCount(n),
          n === 0 ? '-' : formatBound(measure, (measure === 'accuracy' ? right : error) / n),
        ]),
    ),
  ];
}

/** What a version would have answered, beside what was served. */
export function describeShadow(shadow: Shadow): string {
  const { model, version, from, to, predictions, same, difference, labels, unreadable, bytes } = shadow;
  const share = (part: number, of: number): string => `${of === 0 ? '-' : ((100 * part) / of).toFixed(1)} %`;
  const right =
    difference === null
      ? `${formatCount(labels.n)} of them: ${formatCount(labels.both)} right by both, ${formatCount(labels.onlyServed)} only as served, ${formatCount(labels.onlyShadow)} only by version ${version}`
      : `${formatCount(labels.n)} of them: mean absolute error ${(labels.servedError / Math.max(1, labels.n)).toPrecision(3)} as served, ${(labels.shadowError / Math.max(1, labels.n)).toPrecision(3)} by version ${version}`;
  const facts = formatFacts([
    ['model', style('bold', model)],
    ['version', `${version}, ${formatCount(bytes)} bytes at the edge`],
    ['traffic', `${formatCount(predictions)} predictions from ${from} to ${to}`],
    [
      'same',
      `${share(same, predictions)}${difference === null ? '' : `; ${difference.toPrecision(3)} apart on average`}`,
    ],
    ['labels', right],
    ...(unreadable > 0 ? [['unreadable', `${formatCount(unreadable)} inputs`] as const] : []),
  ]);
  const parts = [...shadow.classes, ...shadow.slices];
  if (parts.length === 0) return facts;
  const table = formatTable(
    [{ title: 'SERVED' }, { title: 'PREDICTIONS', align: 'right' }, { title: 'SAME %', align: 'right' }],
    parts
      .slice(0, 40)
      .map(({ name, n, same: agreed }) => [name, formatCount(n), ((100 * agreed) / n).toFixed(1)]),
  );
  return `${facts}\n\n${table}`;
}
