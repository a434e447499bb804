/**
 * What is aimed at, as rows of the JSON file: `{case, unit, ours, peer, theirs, ratio, target, met}`. Pure.
 */
import { type Row, rowOf } from '../gate/table.ts';
import type { Measures } from './measures/measures.ts';
import { meanOf } from './measures/outcomes.ts';
import { isRegression } from './measures/promotions.ts';
import { average, pairedDifference, Z_95 } from './measures/statistics.ts';
import { HOLDFAST, STRATEGIES } from './lives/strategies.ts';
import type { Measured, Replay } from './tables.ts';

/** Points below the best that always promotes which are borne; of errors, relative. */
const BORNE = 0.005;
/** With few labels a night, points below the form that always promotes. */
const BORNE_SMALL = 0.02;
const SMALL_BLOCK = 100;
const FLIPS_SHARE = 0.5;
const BAD_SHARE = 0.05;

interface Lived {
  readonly outcome: Measured['outcome'];
  readonly measures: Measures;
}

/** A replay in which Holdfast and somebody who always promotes lived. */
interface Compared {
  readonly replay: Replay;
  readonly ours: Lived;
  readonly always: readonly Lived[];
  /** Of these the one with the best score, known in hindsight. */
  readonly best: Lived;
}

/** @returns rows by stream, then over all streams */
export function targetRows(replays: readonly Replay[]): Row[] {
  const compared = replays.flatMap(compare);
  const rows = replays.flatMap((replay) => (compare(replay).length === 0 ? [unstarted(replay)] : []));
  rows.push(...compared.flatMap((one) => (isClean(one) ? cleanRows(one) : faultyRows(one))));
  const counted = compared.filter(
    ({ replay: { replayed } }) => !isRegression(replayed) && !replayed.stream.relabelled,
  );
  rows.push(...meanRows(counted.filter(isClean)), ...faultyMeans(counted.filter((one) => !isClean(one))));
  return [...rows, ...badRows(compared)];
}

const isClean = ({ replay }: Compared): boolean => replay.faults.length === 0;

function compare(replay: Replay): Compared[] {
  const lived = replay.measured.flatMap(({ outcome, measures }) =>
    measures === null ? [] : [{ outcome, measures }],
  );
  const ours = lived.find(({ outcome }) => outcome.strategy === HOLDFAST);
  const names = STRATEGIES.filter(({ rule }) => rule === 'always').map(({ name }) => name);
  const always = lived.filter(({ outcome }) => names.includes(outcome.strategy));
  const [first, ...others] = always;
  if (ours === undefined || first === undefined) return [];
  const lossOf = ({ outcome }: Lived): number => meanOf(outcome.losses);
  const best = others.reduce((best, next) => (lossOf(next) < lossOf(best) ? next : best), first);
  return [{ replay, ours, always, best }];
}

function nameOf({ replayed, faults, seed }: Replay, what: string): string {
  const apart = replayed.stream.relabelled ? ' (relabelled)' : '';
  return `${replayed.stream.name}${apart}, ${faults.length === 0 ? 'clean' : 'faulty'}, seed ${seed}: ${what}`;
}

function unstarted(replay: Replay): Row {
  const lacks = ({ outcome }: Measured): boolean => outcome.strategy === HOLDFAST && outcome.failed !== null;
  const failed = replay.measured.some(lacks);
  const row = rowOf(nameOf(replay, 'a first version'), 'versions', failed ? 0 : 1);
  return failed ? { ...row, target: '>= 1', met: false } : row;
}

function unitOf({ replay: { replayed } }: Compared): string {
  return isRegression(replayed) ? 'mean absolute error' : 'accuracy';
}

/** Ours beside theirs with a target in words, since what is borne differs from row to row. */
function beside(name: string, unit: string, [ours, theirs]: [number, number], peer: string): Row {
  return rowOf(name, unit, ours, { peer, theirs });
}

/** The least score that is borne (of errors, the largest): `>= 0.738`. */
function atLeast(row: Row, bound: number, largest: boolean): Row {
  const met = largest ? row.ours <= bound : row.ours >= bound;
  return { ...row, target: `${largest ? '<=' : '>='} ${bound.toPrecision(4)}`, met };
}

function cleanRows(one: Compared): Row[] {
  const { replay, ours, best, always } = one;
  const errors = isRegression(replay.replayed);
  const { error } = pairedDifference(ours.outcome.losses, best.outcome.losses);
  const borne = Math.max(errors ? BORNE * best.measures.score : BORNE, error);
  const unit = unitOf(one);
  const score = beside(
    nameOf(replay, 'score'),
    unit,
    [ours.measures.score, best.measures.score],
    best.outcome.strategy,
  );
  const bound = errors ? best.measures.score + borne : best.measures.score - borne;
  return [
    atLeast(score, bound, errors),
    worstRow(one),
    lockedRow(one),
    ...flipsRow(one),
    ...smallRow(one, always),
  ];
}

/** The worst block of each, which may be different ones: not shown to be lower. */
function worstRow(one: Compared): Row {
  const { replay, ours, best } = one;
  const errors = isRegression(replay.replayed);
  const spreadOf = ({ outcome, measures }: Lived): number => {
    const { from = 0, to = 0 } = replay.replayed.ranges[measures.worstBlock] ?? {};
    const part = outcome.losses.subarray(from, to);
    return pairedDifference(part, new Float32Array(part.length)).error;
  };
  const error = Math.hypot(spreadOf(ours), spreadOf(best));
  const row = beside(
    nameOf(replay, 'worst window'),
    unitOf(one),
    [ours.measures.worst, best.measures.worst],
    best.outcome.strategy,
  );
  return atLeast(row, best.measures.worst + (errors ? Z_95 : -Z_95) * error, errors);
}

function lockedRow({ replay, ours }: Compared): Row {
  return rowOf(nameOf(replay, 'nights locked out'), 'nights', ours.measures.lockedOut, { atMost: 0 });
}

/** Beside the best of those that always promote what was trained from fresh weights. */
function flipsRow({ replay, ours, always }: Compared): Row[] {
  const names = STRATEGIES.filter(({ fresh }) => fresh).map(({ name }) => name);
  const fresh = always.filter(({ outcome }) => names.includes(outcome.strategy));
  const [first, ...others] = fresh;
  if (first === undefined || ours.measures.flips === null) return [];
  const best = others.reduce((a, b) => (b.measures.score > a.measures.score ? b : a), first);
  const theirs = best.measures.flips ?? 0;
  const row = beside(
    nameOf(replay, 'flips, summed'),
    'rows',
    [ours.measures.flips, theirs],
    best.outcome.strategy,
  );
  return [atLeast(row, FLIPS_SHARE * theirs, true)];
}

function smallRow(one: Compared, always: readonly Lived[]): Row[] {
  const { replay, ours } = one;
  const { from = 0, to = 0 } = replay.replayed.ranges[0] ?? {};
  const form = always.find(({ outcome }) => outcome.strategy === 'ours');
  if (form === undefined || to - from > SMALL_BLOCK || isRegression(replay.replayed)) return [];
  const row = beside(
    nameOf(replay, `score, ${to - from} labels a night`),
    'accuracy',
    [ours.measures.score, form.measures.score],
    'ours',
  );
  return [atLeast(row, form.measures.score - BORNE_SMALL, false)];
}

/** With faults: not shown to be below the best. */
function faultyRows(one: Compared): Row[] {
  const { replay, ours, best } = one;
  const errors = isRegression(replay.replayed);
  const { error } = pairedDifference(ours.outcome.losses, best.outcome.losses);
  const row = beside(
    nameOf(replay, 'score'),
    unitOf(one),
    [ours.measures.score, best.measures.score],
    best.outcome.strategy,
  );
  const bound = best.measures.score + (errors ? Z_95 : -Z_95) * error;
  return [atLeast(row, bound, errors), lockedRow(one)];
}

const scoreOf = ({ measures }: Lived): number => measures.score;

function meanRows(clean: readonly Compared[]): Row[] {
  if (clean.length < 2) return [];
  const ours = average(clean.map((one) => scoreOf(one.ours)));
  const theirs = average(clean.map((one) => scoreOf(one.best)));
  const row = beside(
    `mean of ${clean.length} replays, clean: score`,
    'accuracy',
    [ours, theirs],
    'the best of each',
  );
  return [atLeast(row, theirs, false)];
}

/** The mean beside that of every strategy that always promotes, where all of them lived. */
function faultyMeans(faulty: readonly Compared[]): Row[] {
  if (faulty.length < 2) return [];
  const names = STRATEGIES.filter(({ rule }) => rule === 'always').map(({ name }) => name);
  return names.flatMap((name) => {
    const theirs = faulty.flatMap(({ always }) =>
      always.filter(({ outcome }) => outcome.strategy === name).map(scoreOf),
    );
    if (theirs.length < faulty.length) return [];
    const ours = average(faulty.map((one) => scoreOf(one.ours)));
    const what = `mean of ${faulty.length} replays, faulty: score`;
    return [atLeast(beside(what, 'accuracy', [ours, average(theirs)], name), average(theirs), false)];
  });
}

/** Pooled; those whose next block has an abrupt change are reported apart. */
function badRows(compared: readonly Compared[]): Row[] {
  const sum = (of: (measures: Measures) => number): number =>
    compared.reduce((all, { ours }) => all + of(ours.measures), 0);
  const atChange = sum(({ promotionsAtChange }) => promotionsAtChange);
  const steady = sum(({ promotions }) => promotions) - atChange;
  const badAtChange = sum(({ badAtChange }) => badAtChange);
  const bad = sum(({ bad }) => bad) - badAtChange;
  const share = (part: number, all: number): number => (all === 0 ? 0 : part / all);
  return [
    rowOf(`bad promotions, ${bad} of ${steady}`, 'share', share(bad, steady), { atMost: BAD_SHARE }),
    rowOf(
      `bad promotions at an abrupt change, ${badAtChange} of ${atChange}`,
      'share',
      share(badAtChange, atChange),
    ),
  ];
}
