/**
 * Champion and candidate counted on the same examples, with what groups leave of their number.
 */
import { effectiveShare, UNGROUPED, unitWorth } from '../statistics/design-effect.ts';
import type { PairedCounts } from '../statistics/interval.ts';
import type { ComparedWindow } from '../evidence/windows.ts';
import { shareOfNeighbours, type Ties, tiesOf, unitsIn } from './ties.ts';

/** What of a window is looked at. */
export type Selection = (window: ComparedWindow) => (i: number) => boolean;

export interface PairedSample {
  readonly counts: PairedCounts;
  /** share of the examples that counts, see effectiveShare; 1 where each stands alone */
  readonly share: number;
  /** how many equal groups they are worth; null without groups */
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
  const { outcomes, ...rest } = pairOutcomes(windows, select);
  return sampleOf({ outcomes: outcomes.map((outcome) => Math.min(0, outcome)), ...rest }, alpha);
}

function sampleOf({ outcomes, ties, mistakes }: PairOutcomes, alpha: number): PairedSample {
  const counts = countOutcomes(outcomes);
  const units = unitsIn(ties);
  // where nothing disagrees, the champion's mistakes tell how neighbours hang together
  const series = counts.gains + counts.losses > 0 ? outcomes : mistakes;
  const neighbours = shareOfNeighbours(ties, units, series);
  if (units === null) return { counts, share: neighbours, groups: null, alpha };
  const share = effectiveShare(outcomes, units, alpha, neighbours);
  return { counts, share, groups: worthOfGroups(units), alpha };
}

export interface PairOutcomes {
  /** 1 where the candidate alone is right, -1 where the champion alone is, else 0, [n] */
  readonly outcomes: Float64Array;
  readonly ties: Ties;
  /** 1 where the champion is wrong, else 0, [n] */
  readonly mistakes: Float64Array;
}

/** Outcomes of the selected examples, window after window. */
export function pairOutcomes(windows: readonly ComparedWindow[], select?: Selection): PairOutcomes {
  const { ids, ordered } = tiesOf(windows);
  const size = windows.reduce((sum, { labels }) => sum + labels.length, 0);
  const outcomes = new Float64Array(size);
  const mistakes = new Float64Array(size);
  const kept = new Int32Array(ids === null ? 0 : size);
  let [n, at] = [0, 0];
  for (const window of windows) {
    const { labels, candidate, champion } = window;
    const selected = select?.(window);
    for (let i = 0; i < labels.length; i++, at++) {
      if (selected !== undefined && !selected(i)) continue;
      const right = Number(champion[i] === labels[i]);
      outcomes[n] = Number(candidate[i] === labels[i]) - right;
      mistakes[n] = 1 - right;
      if (ids !== null) kept[n] = ids[at] as number;
      n++;
    }
  }
  const ties = { ids: ids && kept.subarray(0, n), ordered };
  return { outcomes: outcomes.subarray(0, n), ties, mistakes: mistakes.subarray(0, n) };
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

/**
 * How many equal groups the examples are worth (`unitWorth`). Null where there are none but inputs that repeat: how much
 * those resemble each other needs no estimate, so that no number of them is too small for one, from two on.
 */
export function worthOfGroups(units: Int32Array): number | null {
  const { count } = unitWorth(units);
  return count < 2 || units.some((id) => id > UNGROUPED) ? count : null;
}
