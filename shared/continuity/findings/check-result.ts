/**
 * What a check says, and the rules by which bounds turn into a verdict.
 */
import type { Unit } from './format.ts';
import type { Interval } from '../statistics/interval.ts';

/** `hold`: not shown either way, or broken. `skip`: not judged, for the reason in `detail`; it is never a pass. */
export type CheckVerdict = 'pass' | 'fail' | 'hold' | 'skip';

/**
 * Why a check was not judged. `not-asked`: the question does not arise. `unanswerable`: the data that there will ever be
 * cannot answer it; it is told and weighs nothing. (What broke or was left out is no skip: it holds, by name.)
 */
export type Skipped = 'not-asked' | 'unanswerable';

/** How many labels, and where, would settle a check that holds. */
export interface MoreLabels {
  readonly n: number;
  readonly where: string;
}

/** An estimate held against its margin. Numbers are null where there is nothing to measure. */
export interface Finding {
  readonly estimate: number | null;
  /** one-sided bounds, each at the policy's alpha */
  readonly lower: number | null;
  readonly upper: number | null;
  /** the line to clear, signed: -0.01 for "at most one point worse" */
  readonly margin: number | null;
  /** the side of the margin on which the check passes */
  readonly passes: 'above' | 'below';
  /** of the numbers; when left out, points for what passes above its margin, percent for what passes below */
  readonly unit?: Unit;
  /** examples it rests on */
  readonly n: number;
  readonly verdict: CheckVerdict;
  /** of a skip: which kind */
  readonly skipped?: Skipped;
  /** of a hold: something that should be there broke or was left out, so that no label helps */
  readonly broken?: true;
  /** one readable sentence with its numbers */
  readonly detail: string;
  readonly moreLabels?: MoreLabels;
}

/** One window, class or file that a check looked at. */
export interface Part extends Finding {
  readonly id: string;
}

/**
 * An example that the champion got right and the candidate gets wrong, classes by name; of a regression one whose
 * prediction became worse.
 */
export interface FlippedExample {
  readonly window: string;
  readonly id: string;
  /** what it is */
  readonly label: string;
  readonly candidate: string;
  /** what the champion said, where that is not the label */
  readonly champion?: string;
}

/** What a check returns; the gate adds its id and title. */
export interface CheckOutcome extends Finding {
  readonly parts?: readonly Part[];
  /** the first of them in time order; `total` counts all */
  readonly flips?: { readonly total: number; readonly examples: readonly FlippedExample[] };
}

export interface CheckResult extends CheckOutcome {
  readonly check: string;
  readonly title: string;
}

/** Passes when the near bound clears the margin, fails when the far bound is on the wrong side, else holds. */
export function judgeInterval(
  { lower, upper }: Interval,
  margin: number,
  passes: 'above' | 'below',
): 'pass' | 'fail' | 'hold' {
  if (passes === 'above') return lower > margin ? 'pass' : upper < margin ? 'fail' : 'hold';
  return upper <= margin ? 'pass' : lower > margin ? 'fail' : 'hold';
}

/** A finding without numbers. */
export function plainFinding(verdict: CheckVerdict, detail: string): Finding {
  return { estimate: null, lower: null, upper: null, margin: null, passes: 'above', n: 0, verdict, detail };
}

/** The question does not arise. */
export function notAsked(detail: string): Finding {
  return { ...plainFinding('skip', detail), skipped: 'not-asked' };
}

/** Something that should be there is not: it holds, and says what. */
export function holdBroken(detail: string): Finding {
  return { ...plainFinding('hold', detail), broken: true };
}

/** The data that there will ever be cannot answer: the numbers are told and weigh nothing. */
export function unanswerable(finding: Finding | string): Finding {
  if (typeof finding === 'string') return { ...plainFinding('skip', finding), skipped: 'unanswerable' };
  const { moreLabels: _moreLabels, broken: _broken, ...numbers } = finding;
  return { ...numbers, verdict: 'skip', skipped: 'unanswerable' };
}

/** For a check that can refuse and not hold: what is not shown either way is told and weighs nothing. */
export function refuseOnly(finding: Finding): Finding {
  return finding.verdict === 'hold' && finding.broken !== true ? unanswerable(finding) : finding;
}

const GRAVITY: Readonly<Record<CheckVerdict, number>> = { fail: 3, hold: 2, pass: 1, skip: 0 };

/** A question that was asked and not answered comes before one that was not asked. */
function gravityOf({ verdict, skipped }: Finding): number {
  return GRAVITY[verdict] + (skipped === 'unanswerable' ? 0.5 : 0);
}

/**
 * Gravest first: fail, hold, pass, skip; among equals the one whose bound is furthest on the wrong side, counted in
 * margins, so that checks in different units compare; those without numbers come before the others.
 */
export function compareGravity(a: Finding, b: Finding): number {
  const [here, there] = [headroom(a), headroom(b)];
  return gravityOf(b) - gravityOf(a) || (here === there ? 0 : here - there);
}

/** A line at 0 counts in points. */
const POINT = 0.01;

/** How far the bound that decides lies on the right side of the margin, in margins. */
function headroom({ lower, upper, margin, passes, verdict }: Finding): number {
  if (lower === null || upper === null || margin === null) return Number.NEGATIVE_INFINITY;
  const near = passes === 'above' ? lower : upper;
  const far = passes === 'above' ? upper : lower;
  const distance = (verdict === 'fail' ? far : near) - margin;
  return (passes === 'above' ? distance : -distance) / (Math.abs(margin) || POINT);
}

/**
 * How a finding's number is to be read where the check does not say: points where more is better, percent otherwise.
 */
export function unitOf({ unit, passes }: Finding): Unit {
  return unit ?? (passes === 'above' ? 'points' : 'percent');
}

/**
 * A check over several parts is as good as its gravest part, and shows that part's numbers.
 *
 * @param parts  [k], k >= 1
 * @param kind   what a part is, in the plural, for the sentence
 */
export function gravestOf(parts: readonly Part[], kind: string): CheckOutcome {
  const [gravest] = [...parts].sort(compareGravity);
  if (gravest === undefined) throw new RangeError('expected at least one part, got none');
  const { id: _id, ...finding } = gravest;
  const among = parts.length > 1 ? ` (gravest of ${parts.length} ${kind})` : '';
  return { ...finding, n: parts.reduce((sum, { n }) => sum + n, 0), detail: finding.detail + among, parts };
}
