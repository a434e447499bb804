/**
 * Windows as the checks see them: the current one, and past ones large enough to judge.
 */
import type { Evidence, WindowEvidence } from './evidence.ts';
import { addCounts, countPaired } from './metrics.ts';
import type { PairedCounts } from './statistics/interval.ts';

/** A window whose champion is known to be there. */
export interface ComparedWindow extends WindowEvidence {
  readonly champion: Int32Array;
}

/** One past window, or neighbours in time taken together. */
export interface Pool {
  /** `2026-11-20`, or `2026-11-20 … 2026-11-23` */
  readonly id: string;
  readonly counts: PairedCounts;
}

/** The current window. @throws RangeError when there is none: validateEvidence refuses that first */
export function currentWindow({ windows }: Evidence): WindowEvidence {
  const current = windows.at(-1);
  if (current?.kind !== 'current') throw new RangeError('expected the current window last, found none');
  return current;
}

/** Windows with the champion's predictions, [] when there is no champion. */
export function comparedWindows({ windows }: Evidence): ComparedWindow[] {
  return windows.filter((window): window is ComparedWindow => window.champion !== null);
}

/**
 * Past windows against the champion, in time order. One with fewer than `minimum` examples is joined with the
 * next ones until they have it; what remains at the end joins the last pool. So every held-out example
 * counts, and a few small windows cannot hold every candidate back for want of examples. A single pool can be
 * smaller than `minimum`: when all past windows together are.
 */
export function poolPastWindows(evidence: Evidence, minimum: number): Pool[] {
  const groups: ComparedWindow[][] = [];
  let open: ComparedWindow[] = [];
  for (const window of comparedWindows(evidence).filter(({ kind }) => kind === 'past')) {
    open.push(window);
    if (countExamples(open) < minimum) continue;
    groups.push(open);
    open = [];
  }
  if (open.length > 0) groups.push([...(groups.pop() ?? []), ...open]);
  return groups.map(poolOf);
}

function poolOf(windows: readonly ComparedWindow[]): Pool {
  const first = windows[0]?.id ?? '';
  const last = windows.at(-1)?.id ?? '';
  const counts = windows.map(({ labels, candidate, champion }) => countPaired(labels, candidate, champion));
  return { id: first === last ? first : `${first} … ${last}`, counts: addCounts(counts) };
}

function countExamples(windows: readonly WindowEvidence[]): number {
  return windows.reduce((sum, { labels }) => sum + labels.length, 0);
}
