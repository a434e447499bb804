/**
 * The verdict in words: first a sentence without statistics, then what one can do, then the numbers.
 */
import type { CheckResult } from './findings/check-result.ts';
import { unitOf } from './findings/check-result.ts';
import type { CommonEvidence } from './evidence/evidence.ts';
import { formatCount, formatMeasure, formatPoints } from './findings/format.ts';

/** What a check that failed means to somebody who knows no statistics, and what can be done about it. */
interface Plainly {
  readonly means: string;
  readonly remedy?: string;
}

const PLAINLY: Readonly<Record<string, Plainly>> = {
  sanity: { means: 'its files are not what they should be', remedy: 'Train it again.' },
  'self-tests': {
    means: 'the judges failed their own tests, so that nothing they say counts',
    remedy: 'Look at the test that is named before anything else.',
  },
  baseline: {
    means: 'an answer that needs no model does better',
    remedy: 'Look at the labels and the features: there is little to learn from them as they are.',
  },
  'current-window': { means: 'it answers worse on what comes in' },
  'past-mean': {
    means: 'it forgot more of older data than its gain on what comes in is worth',
    remedy: '`gate.exchange` says what older data is worth.',
  },
  'worst-window': {
    means: 'it forgot more of one older window than its gain on what comes in is worth',
    remedy: '`gate.exchange` says what older data is worth.',
  },
  'negative-flips': {
    means: 'too many answers that are right today would turn wrong',
    remedy: 'Distillation from the champion makes them fewer.',
  },
  worsened: {
    means: 'too many predictions would become worse',
    remedy: 'Distillation from the champion makes them fewer.',
  },
  'reported-flips': { means: 'mistakes that users reported, and that were mended, are back' },
  'class-recall': { means: 'it gives up a class', remedy: 'More labels of that class help.' },
  'feature-slices': { means: 'it gives up a part of the users', remedy: 'More labels of theirs help.' },
  calibration: { means: 'its probabilities are worth less' },
  'repeated-splits': {
    means: 'its recipe is worse than the one it would replace',
    remedy: 'Go back to the recipe before.',
  },
  'edge-budget': { means: 'it is too slow or too large to serve', remedy: 'Make the head smaller.' },
};

/** Gravest first, each as `title: detail`. */
export function reasonOf({ title, detail }: CheckResult): string {
  return `${title}: ${detail}`;
}

/** The gravest in full, the others by name, gravest first. */
export function summarizeReject(failed: readonly CheckResult[], { champion }: CommonEvidence): string {
  const [worst, ...others] = failed;
  if (worst === undefined) return 'Reject';
  const plainly = PLAINLY[worst.check];
  const means = plainly?.means ?? `it failed ${worst.title.toLowerCase()}`;
  const names = others.map(({ title }) => title.toLowerCase()).join(', ');
  const also = names === '' ? '' : `; also failed: ${names}`;
  const advice = [stays(champion), plainly?.remedy].filter((part) => part !== undefined).join(' ');
  return `Reject: ${means}. ${advice} ${reasonOf(worst)}${also}`;
}

/** What broke comes before what is merely not known yet. */
export function summarizeHold(held: readonly CheckResult[], evidence: CommonEvidence): string {
  const broken = held.filter((check) => isBroken(check));
  const [first = held[0]] = broken;
  const open = held.map(({ title }) => title.toLowerCase()).join('; ');
  if (broken.length > 0) {
    const names = broken.map(({ title }) => title.toLowerCase()).join('; ');
    return `Hold: something that should be there is missing or broke. ${stays(evidence.champion)} Mend it and train again; labels do not help. ${first === undefined ? names : reasonOf(first)}`;
  }
  return `Hold: not known yet whether it is better. ${stays(evidence.champion)} ${whenSettled(held, evidence.champion)}. Not settled: ${open}`;
}

/**
 * A candidate beside a champion is judged on all that comes in from now on, and far sooner than this exam would be
 * settled by a share of it; a first version has the exam alone.
 */
function whenSettled(held: readonly CheckResult[], champion: CommonEvidence['champion']): string {
  const wanted = Math.max(0, ...held.map(({ moreLabels }) => moreLabels?.n ?? 0));
  return champion !== null || wanted === 0
    ? 'What comes in from now on judges it'
    : `About ${formatCount(wanted)} labels of what comes in will decide`;
}

/** A check broke, or the part of it that holds did. */
export function isBroken({ broken, parts = [] }: CheckResult): boolean {
  return broken === true || parts.some((part) => part.verdict === 'hold' && part.broken === true);
}

/** By how much at least, in the words of the check that decides: the current window, or the baselines of a first model. */
export function summarizePromote(checks: readonly CheckResult[], { champion }: CommonEvidence): string {
  const passed = checks.filter(({ verdict }) => verdict === 'pass');
  const deciding = passed.find(({ check }) => check === (champion === null ? 'baseline' : 'current-window'));
  const rival = champion === null ? 'the best answer without a model' : `version ${champion.version}`;
  const better = (deciding?.estimate ?? 0) * (deciding?.passes === 'below' ? -1 : 1) > 0;
  const means =
    champion === null
      ? 'it does better than any answer without a model'
      : `it ${better ? 'does better than' : 'is as good as'} ${rival} on what comes in, and nothing shows a loss that is not paid for`;
  const advice = champion === null ? '' : ` A rollback brings ${rival} back within seconds.`;
  const extent = deciding === undefined ? null : describeExtent(deciding);
  const numbers = extent === null ? '' : `${capitalize(extent)} than ${rival} on the current window; `;
  return `Promote: ${means}.${advice} ${numbers}${countAnswers(checks)}`;
}

/** `8 checks passed, 2 could not be answered by the data there is`: only what was answered counts. */
function countAnswers(checks: readonly CheckResult[]): string {
  const passed = checks.filter(({ verdict }) => verdict === 'pass').length;
  const open = checks.filter(({ skipped }) => skipped === 'unanswerable').length;
  const rest = open === 0 ? '' : `, ${open} could not be answered by the data there is`;
  return `${passed} ${passed === 1 ? 'check' : 'checks'} passed${rest}`;
}

function stays(champion: CommonEvidence['champion']): string {
  return champion === null ? 'Nothing serves yet.' : `Version ${champion.version} goes on serving.`;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The bound that was cleared, as the least that is gained or the most that is lost; null without numbers. */
function describeExtent(finding: CheckResult): string | null {
  const { lower, upper, passes } = finding;
  if (lower === null || upper === null) return null;
  const gain = passes === 'above' ? lower : -upper;
  const unit = unitOf(finding);
  const size =
    unit === 'points'
      ? `${formatPoints(Math.abs(gain))} points`
      : formatMeasure(Math.abs(gain), unit).replace('+', '');
  return gain >= 0 ? `at least ${size} better` : `at most ${size} worse`;
}
