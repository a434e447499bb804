/**
 * Champion and candidate counted on the same examples, with what groups leave of their number.
 */
import { effectiveShare, UNGROUPED } from '../statistics/design-effect.ts';
import type { PairedCounts } from '../statistics/interval.ts';
import type { ComparedWindow } from '../evidence/windows.ts';

/** What of a window is looked at. */
export type Selection = (window: ComparedWindow) => (i: number) => boolean;

export interface PairedSample {
  readonly counts: PairedCounts;
  /** share of the examples that counts, see effectiveShare; 1 without groups */
  readonly share: number;
  /** distinct groups; null without groups */
  readonly groups: number | null;
  /** level of each bound */
  readonly alpha: number;
}

/** Counts over windows, for bounds at level `alpha`. */
export function samplePairs(
  windows: readonly ComparedWindow[],
  { alpha }: { readonly alpha: number },
  select?: Selection,
): PairedSample {
  return sampleOf(pairOutcomes(windows, select), alpha);
}

/** The same for the rate of losses alone, whose groups may be worth less or more than those of the difference. */
export function sampleLosses(
  windows: readonly ComparedWindow[],
  { alpha }: { readonly alpha: number },
  select?: Selection,
): PairedSample {
  const { outcomes, groups } = pairOutcomes(windows, select);
  const losses = outcomes.map((outcome) => Math.min(0, outcome));
  return sampleOf({ outcomes: losses, groups }, alpha);
}

function sampleOf({ outcomes, groups }: PairOutcomes, alpha: number): PairedSample {
  const counts = countOutcomes(outcomes);
  if (groups === null || counts.n === 0) return { counts, share: 1, groups: null, alpha };
  return { counts, share: effectiveShare(outcomes, groups, alpha), groups: countGroups(groups), alpha };
}

export interface PairOutcomes {
  /** 1 where the candidate alone is right, -1 where the champion alone is, else 0, [n] */
  readonly outcomes: Float64Array;
  /** group ids, [n]; null when no window has any */
  readonly groups: Int32Array | null;
}

/** Outcomes of the selected examples, window after window. */
export function pairOutcomes(windows: readonly ComparedWindow[], select?: Selection): PairOutcomes {
  const size = windows.reduce((sum, { labels }) => sum + labels.length, 0);
  const grouped = windows.some(({ groups }) => groups !== undefined);
  const outcomes = new Float64Array(size);
  const ids = new Int32Array(grouped ? size : 0);
  let n = 0;
  for (const window of windows) {
    const { labels, candidate, champion, groups } = window;
    const selected = select?.(window);
    for (let i = 0; i < labels.length; i++) {
      if (selected !== undefined && !selected(i)) continue;
      outcomes[n] = Number(candidate[i] === labels[i]) - Number(champion[i] === labels[i]);
      if (grouped) ids[n] = groups?.[i] ?? UNGROUPED;
      n++;
    }
  }
  return { outcomes: outcomes.subarray(0, n), groups: grouped ? ids.subarray(0, n) : null };
}

function countOutcomes(outcomes: Float64Array): PairedCounts {
  let gains = 0;
  let losses = 0;
  for (const outcome of outcomes) {
    if (outcome > 0) gains++;
    else if (outcome < 0) losses++;
  }
  return { gains, losses, n: outcomes.length };
}

/** Distinct groups; each ungrouped example is one. */
export function countGroups(groups: Int32Array): number {
  const distinct = new Set(groups);
  const alone = groups.reduce((count, group) => count + (group === UNGROUPED ? 1 : 0), 0);
  return distinct.size - (distinct.has(UNGROUPED) ? 1 : 0) + alone;
}
