/**
 * What sums say: accuracy or error with an interval, beside the last label known and what the gate had measured.
 */
import { clopperPearson } from '../../shared/continuity/statistics/clopper-pearson.ts';
import { upperNormalPoint } from '../../shared/continuity/statistics/normal.ts';
import type { Manifest } from '../../shared/registry/versions/manifest.ts';
import type { Figure, LiveFigures, LivePart, LiveTotals } from '../../shared/registry/live.ts';
import { DELAYS } from './totals.ts';

/** Of each bound: an interval of 95 %. */
const ALPHA = 0.025;

export type Task = 'classification' | 'regression';

/** Classes and slices that are shown: the worst, of those with a handful of labels. */
const MOST_PARTS = 100;

/**
 * Accuracy by Clopper & Pearson, of numbers the mean absolute error and a normal interval of the mean. Examples that
 * resemble each other are worth less than their number.
 *
 * @param worth  what one is worth, in (0, 1] (continuity/referee/units.ts)
 * @returns null without examples
 */
export function figureOf(
  task: Task,
  { n, right, error, squares }: Pick<LiveTotals, 'n' | 'right' | 'error' | 'squares'>,
  worth = 1,
): Figure | null {
  if (n === 0) return null;
  if (task === 'classification') {
    const { lower, upper } = clopperPearson(right * worth, n * worth, ALPHA);
    return { n, value: right / n, lower, upper };
  }
  const value = error / n;
  const variance = n === 1 ? value * value : Math.max(0, squares / n - value * value) * (n / (n - 1));
  const half = upperNormalPoint(ALPHA) * Math.sqrt(variance / (n * worth));
  return { n, value, lower: Math.max(0, value - half), upper: value + half };
}

export interface Lives {
  readonly task: Task;
  /** of this champion, since it was promoted */
  readonly life: LiveTotals;
  /** of the last seven days, whichever version answered */
  readonly recent: LiveTotals;
  readonly classes: readonly LivePart[];
  readonly slices: readonly LivePart[];
  readonly promise: number | null;
  /** what an example is worth beside its neighbours in time, in (0, 1] */
  readonly worth: number;
}

/** Null stands for what nothing that came in says anything about. */
export function figuresOf({ task, life, recent, classes, slices, promise, worth }: Lives): LiveFigures {
  const { lastLabel, predictions, labelled } = life;
  return {
    measure: task === 'classification' ? 'accuracy' : 'mae',
    life: figureOf(task, life, worth),
    recent: figureOf(task, recent, worth),
    lastLabel:
      lastLabel.n === 0
        ? null
        : (task === 'classification' ? lastLabel.right : lastLabel.error) / lastLabel.n,
    promise,
    predictions,
    coverage: predictions === 0 ? null : labelled / predictions,
    delay: { half: withinShare(life.delays, 0.5), most: withinShare(life.delays, 0.9) },
    classes: partFigures(task, classes),
    slices: partFigures(task, slices),
  };
}

function partFigures(task: Task, parts: readonly LivePart[]): LiveFigures['classes'] {
  const shown = parts.toSorted((a, b) => b.n - a.n).slice(0, MOST_PARTS);
  return shown.flatMap((part) => {
    const figure = figureOf(task, part);
    return figure === null ? [] : [{ name: part.name, ...figure }];
  });
}

/** The end of the bucket within which so large a share of the labels came, in seconds; null beyond the last end. */
export function withinShare(delays: readonly number[], share: number): number | null {
  const all = delays.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  for (const [i, count] of delays.entries()) {
    sum += count;
    if (all > 0 && sum >= share * all) return DELAYS[i] ?? null;
  }
  return null;
}

/** Accuracy, or mean absolute error, on the newest window that its gate judged; null of a version that came trained. */
export function promiseOf({ metrics }: Pick<Manifest, 'metrics'>, task: Task): number | null {
  const measure = task === 'classification' ? 'accuracy ' : 'mae ';
  const [newest] = Object.keys(metrics)
    .filter((name) => name.startsWith(measure))
    .sort((a, b) => windowNumber(b, measure) - windowNumber(a, measure));
  return newest === undefined ? null : (metrics[newest] ?? null);
}

/** `accuracy w12 2026-11-01` is of the 12th window. */
function windowNumber(name: string, measure: string): number {
  return Number(/^w(\d+)/.exec(name.slice(measure.length))?.[1] ?? 0);
}
