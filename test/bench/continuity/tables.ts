/**
 * What was measured, as tables for the terminal and for documents.
 */
import type { Fault } from './streams/collect.ts';
import { type Table, tableOf } from '../gate/table.ts';
import type { Measures } from './measures/measures.ts';
import type { Outcome, Replayed } from './measures/outcomes.ts';
import { isRegression, type Promotion } from './measures/promotions.ts';
import { average } from './measures/statistics.ts';
import { HOLDFAST } from './lives/strategies.ts';

/** One strategy on one stream under one condition; its versions' answers are not kept. */
export interface Measured {
  readonly outcome: Omit<Outcome, 'versions' | 'answers'>;
  /** null where it never had a version */
  readonly measures: Measures | null;
  readonly promotions: readonly Promotion[];
  /** Blocks on which a better version was kept away. */
  readonly lockouts: readonly number[];
  /** Mean loss of each version on each block, and the block after which it was made. */
  readonly matrix: readonly { readonly after: number; readonly losses: readonly number[] }[];
}

/** One stream under one condition: all strategies on the same rows. */
export interface Replay {
  readonly replayed: Replayed;
  readonly faults: readonly Fault[];
  readonly seed: number;
  readonly required: number;
  readonly measured: readonly Measured[];
}

const HEADER = [
  'strategy',
  'score',
  'kappa',
  'k last',
  'k season',
  'worst',
  'spread',
  'rel. NFR',
  'flips',
  'BWT',
  'FWT',
  'promoted',
  'bad',
  'locked out',
  'available',
  'in a row',
  's/night',
];

export function titleOf({ replayed, faults, seed }: Replay): string {
  const { stream, nights } = replayed;
  const part = stream.part === '' ? `${stream.rows.length} rows` : stream.part;
  const condition = faults.length === 0 ? 'clean' : `faults: ${faults.join(', ')}`;
  const measure = isRegression(replayed) ? 'mean absolute error' : 'accuracy';
  return `${stream.name}, ${condition}, seed ${seed} (${part}; ${nights.blocks.length} nights; ${measure})`;
}

export function strategyTable(replay: Replay): Table {
  const digits = isRegression(replay.replayed) ? 4 : 3;
  const rows = replay.measured.map(({ outcome, measures }) =>
    measures === null
      ? [outcome.strategy, 'never began', ...HEADER.slice(2).map(() => '')]
      : [outcome.strategy, ...toCells(measures, digits)],
  );
  return tableOf(titleOf(replay), HEADER, rows);
}

function toCells(m: Measures, digits: number): string[] {
  const share = (value: number | null): string => (value === null ? '' : value.toFixed(3));
  const score = (value: number): string => (digits === 3 ? value.toFixed(3) : value.toPrecision(4));
  return [
    score(m.score),
    share(m.kappa),
    share(m.kappaLast),
    share(m.kappaSeason),
    score(m.worst),
    score(m.spread),
    share(m.relativeFlips),
    m.flips === null ? '' : String(m.flips),
    score(m.bwt),
    score(m.fwt),
    String(m.promotions),
    m.badAtChange === 0 ? String(m.bad) : `${m.bad} (${m.badAtChange} at a change)`,
    String(m.lockedOut),
    share(m.availability),
    m.continuity.toFixed(1),
    m.secondsANight.toFixed(2),
  ];
}

/** Why strategies never began, each reason once: `nobody, ours: expected training examples of …`. */
export function listFailures({ measured }: Replay): string[] {
  const reasons = [...new Set(measured.flatMap(({ outcome }) => outcome.failed ?? []))];
  return reasons.map((reason) => {
    const names = measured.flatMap(({ outcome }) => (outcome.failed === reason ? [outcome.strategy] : []));
    return `never began: ${names.join('; ')}: ${reason}`;
  });
}

/** Scores of all strategies on all streams under one condition, one line a stream; the mean of its seeds. */
export function summaryTable(replays: readonly Replay[], title: string): Table {
  const names = [
    ...new Set(replays.flatMap(({ measured }) => measured.map(({ outcome }) => outcome.strategy))),
  ];
  const streams = [...new Set(replays.map(({ replayed }) => replayed.stream.name))];
  const rows = streams.map((stream) => {
    const own = replays.filter(({ replayed }) => replayed.stream.name === stream);
    const cells = names.map((name) => meanScore(own, name));
    const locked = own.map(({ measured }) => holdfastOf(measured)?.lockedOut ?? 0);
    const promoted = own.map(({ measured }) => holdfastOf(measured)?.promotions ?? 0);
    return [stream, ...cells, average(promoted).toFixed(1), average(locked).toFixed(1)];
  });
  return tableOf(title, ['stream', ...names, 'promoted', 'locked out'], rows);
}

function holdfastOf(measured: readonly Measured[]): Measures | null {
  return measured.find(({ outcome }) => outcome.strategy === HOLDFAST)?.measures ?? null;
}

function meanScore(replays: readonly Replay[], strategy: string): string {
  const scores = replays.flatMap(({ measured }) =>
    measured.flatMap(({ outcome, measures }) =>
      outcome.strategy === strategy && measures !== null ? [measures.score] : [],
    ),
  );
  if (scores.length === 0) return 'never began';
  return replays.some(({ replayed }) => isRegression(replayed))
    ? average(scores).toPrecision(4)
    : average(scores).toFixed(3);
}

/** Every night of every strategy: what served, how it did, what the run that followed made and said. */
export function nightsTable({ outcome, measures }: Measured): Table {
  const rows = outcome.nights.map((night, block) => {
    const { candidate, verdict, summary, seconds, fault, status } = night;
    return [
      String(block + 1),
      String((outcome.serving[block] ?? -1) + 1),
      (measures?.scores[block] ?? Number.NaN).toPrecision(3),
      candidate === null ? status : String(candidate + 1),
      verdict ?? '',
      seconds.toFixed(2),
      `${fault === null ? '' : `[${fault}] `}${summary.slice(0, 160)}`,
    ];
  });
  const header = ['night', 'serving', 'score', 'candidate', 'verdict', 'seconds', 'summary'];
  return tableOf(`nights of ${outcome.strategy}`, header, rows);
}
