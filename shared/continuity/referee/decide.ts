/**
 * Who serves from now on: the exam's verdict on tonight's candidate, the trust in its recipe, and what the referee saw
 * of the others, put together. Pure.
 */
import { formatPoints } from '../findings/format.ts';
import type { Comparison } from './comparison.ts';

/** A version that was shown to be good enough on what came in since it was trained. */
export interface Winner {
  readonly version: number;
  readonly kind: 'challenger' | 'former champion';
  readonly comparison: Comparison;
}

export interface Standing {
  /** tonight's candidate */
  readonly candidate: number;
  readonly champion: number | null;
  readonly exam: 'promote' | 'reject' | 'hold';
  /** of a candidate that is held: whether only for evidence that is still to come */
  readonly open: boolean;
  /** what the exam says in one sentence */
  readonly examSummary: string;
  /** whether the recipe that made the candidate is trusted */
  readonly trusted: boolean;
  /** of the others, those that the referee would let serve */
  readonly winners: readonly Winner[];
}

/** `by`: which evidence decided. */
export interface Choice {
  readonly version: number | null;
  readonly by: 'exam' | 'trust' | 'referee' | null;
  /** for people, without statistics first */
  readonly why: string;
}

/**
 * Tonight's candidate goes first, as it has learned from the newest labels; one that the exam refuses never serves.
 * Otherwise the winner with the largest mean gain.
 */
export function decideChampion({
  candidate,
  champion,
  exam,
  open,
  examSummary,
  trusted,
  winners,
}: Standing): Choice {
  if (exam === 'promote') return { version: candidate, by: 'exam', why: examSummary };
  if (exam === 'hold' && open && trusted && champion !== null) {
    const why = `version ${candidate} serves at once: its recipe has earned trust, as its last candidates did better than the versions they replaced`;
    return { version: candidate, by: 'trust', why };
  }
  const [best] = [...winners].sort((a, b) => b.comparison.mean - a.comparison.mean || b.version - a.version);
  if (best === undefined || champion === null) return { version: null, by: null, why: examSummary };
  return { version: best.version, by: 'referee', why: describeWinner(best, champion) };
}

/** `on the 1,840 labels that came in since it was trained, 212 were right only by version 7 and 96 only by version 6`. */
export function describeComparison(
  version: number,
  champion: number,
  { n, gains, losses }: Comparison,
): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  return `on the ${count(n)} labels that came in since it was trained, ${count(gains)} were right only by version ${version} and ${count(losses)} only by version ${champion}`;
}

function describeWinner({ version, kind, comparison }: Winner, champion: number): string {
  const who = kind === 'challenger' ? `version ${version}` : `version ${version}, a former champion,`;
  const size = formatPoints(Math.abs(comparison.mean));
  const change = comparison.mean >= 0 ? `${size} points better` : `at most ${size} points worse`;
  return `${who} serves: ${describeComparison(version, champion, comparison)} (${change})`;
}
