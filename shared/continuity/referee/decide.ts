/**
 * Who serves from now on: the exam's verdict on tonight's candidate, the trust in its recipe, and what the referee saw
 * of the others, put together. Pure.
 */
import { formatCount, formatPoints } from '../findings/format.ts';
import type { ChallengerComparison } from './challenger-comparison.ts';

/** A version that was shown to be good enough on what came in since it was trained. */
export interface Winner {
  readonly version: number;
  readonly kind: 'challenger' | 'former champion';
  readonly comparison: ChallengerComparison;
}

/** A challenger that is not settled yet. */
export interface Waiting {
  readonly version: number;
  readonly comparison: ChallengerComparison;
  /** about so many more labels of the same kind decide about it; null where they would not */
  readonly moreLabels: number | null;
}

export interface NightOutcome {
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
  /** of the others, challengers about whom the referee can't say yet, newest first */
  readonly waiting: readonly Waiting[];
  /** in which words gains and losses are told: as right answers, or as better ones */
  readonly wording: Wording;
}

export type Wording = 'right' | 'better';

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
  waiting,
  wording,
}: NightOutcome): Choice {
  if (exam === 'promote') return { version: candidate, by: 'exam', why: examSummary };
  if (exam === 'hold' && open && trusted && champion !== null) {
    const why = `version ${candidate} serves at once: its recipe has earned trust, as its last candidates did better than the versions they replaced`;
    return { version: candidate, by: 'trust', why };
  }
  const [best] = [...winners].sort((a, b) => b.comparison.mean - a.comparison.mean || b.version - a.version);
  if (champion === null) return { version: null, by: null, why: examSummary };
  if (best === undefined) {
    const forecast = exam === 'hold' && open ? describeWaiting(waiting, champion, wording) : null;
    return {
      version: null,
      by: null,
      why: forecast === null ? examSummary : `${examSummary}. ${forecast}`,
    };
  }
  return { version: best.version, by: 'referee', why: describeWinner(best, champion, wording) };
}

/** `on the 1,840 labels that came in since it was trained, 212 were right only by version 7 and 96 only by version 6`. */
export function describeComparison(
  version: number,
  champion: number,
  { n, gains, losses }: ChallengerComparison,
  wording: Wording,
): string {
  const [a, b] = [formatCount(gains), formatCount(losses)];
  const were = gains === 1 ? 'was' : 'were';
  const counts =
    wording === 'right'
      ? `${a} ${were} right only by version ${version} and ${b} only by version ${champion}`
      : `${a} ${were} answered better by version ${version} and ${b} by version ${champion}`;
  return `on the ${formatCount(n)} labels that came in since it was trained, ${counts}`;
}

/**
 * Of whom the fewest labels decide: `About 90 more labels of any kind decide about version 7, some 2 nights: on the …`. A
 * night has as many as came in since the newest challenger was trained. Null where no number of labels would do.
 */
function describeWaiting(waiting: readonly Waiting[], champion: number, wording: Wording): string | null {
  const [nearest] = waiting
    .flatMap((each) => (each.moreLabels === null ? [] : [{ ...each, moreLabels: each.moreLabels }]))
    .sort((a, b) => a.moreLabels - b.moreLabels || b.version - a.version);
  if (nearest === undefined) return null;
  const { version, comparison, moreLabels } = nearest;
  const aNight = waiting.find(({ comparison: { n } }) => n > 0)?.comparison.n ?? 0;
  const nights = aNight === 0 ? 0 : Math.ceil(moreLabels / aNight);
  const time =
    nights === 0 ? '' : nights === 1 ? ', about one night' : `, about ${formatCount(nights)} nights`;
  return `About ${formatCount(moreLabels)} more labels of any kind decide about version ${version}${time}: ${describeComparison(version, champion, comparison, wording)}`;
}

function describeWinner({ version, kind, comparison }: Winner, champion: number, wording: Wording): string {
  const who = kind === 'challenger' ? `version ${version}` : `version ${version}, a former champion,`;
  const size = formatPoints(Math.abs(comparison.mean));
  const change = comparison.mean >= 0 ? `${size} points better` : `at most ${size} points worse`;
  return `${who} serves: ${describeComparison(version, champion, comparison, wording)} (${change})`;
}
