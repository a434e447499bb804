/**
 * Self-tests: before the judges are believed, they judge two candidates whose verdict is known. The champion against
 * itself must show no gain and nothing lost; a candidate that answers every example wrong must not get through.
 * Tests that only the maker of the evidence can run (of files, of the runtime) are reported by it and must have passed.
 */
import { gravestOf, notAsked, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome, Part } from '../findings/check-result.ts';
import type { CommonEvidence, Evidence, RegressionEvidence, WindowEvidence } from '../evidence/evidence.ts';
import { accuracy } from '../policy/metrics.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { currentWindow } from '../evidence/windows.ts';
import { absent } from './absent.ts';
import { checkBaseline } from './baseline.ts';
import { checkCurrentWindow } from './current-window.ts';
import { checkErrorBaseline } from './error-baseline.ts';
import { checkErrorCurrent } from './error-current.ts';
import { checkNegativeFlips } from './negative-flips.ts';
import { checkPastMean } from './past-mean.ts';
import { checkWorstWindow } from './worst-window.ts';

type Judge = (evidence: Evidence, policy: GatePolicy) => CheckOutcome;

const COMPARISONS: readonly Judge[] = [
  checkCurrentWindow,
  checkPastMean,
  checkWorstWindow,
  checkNegativeFlips,
];

/**
 * Passes when both known candidates get the verdict they deserve, and no reported self-test failed.
 *
 * @param comparisons  the judges, of which a promotion rests on the first; a test plants one that cannot fail
 */
export function checkSelfTests(
  evidence: Evidence,
  policy: GatePolicy,
  comparisons: readonly Judge[] = COMPARISONS,
): CheckOutcome {
  return gravestOf(
    [
      { id: 'champion against itself', ...judgeItself(evidence, policy, comparisons) },
      { id: 'broken candidate', ...judgeBroken(evidence, policy, comparisons) },
      ...reportedParts(evidence, policy),
    ],
    'self-tests',
  );
}

/** The same for a regression; the bootstrap cannot judge what does not vary, so the champion is not judged by itself. */
export function checkErrorSelfTests(evidence: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  return gravestOf(
    [{ id: 'broken candidate', ...judgeFarOff(evidence, policy) }, ...reportedParts(evidence, policy)],
    'self-tests',
  );
}

function judgeItself(evidence: Evidence, policy: GatePolicy, comparisons: readonly Judge[]): CheckOutcome {
  if (evidence.champion === null) return notAsked('there is no champion to judge by itself');
  const same = answering(evidence, ({ champion, candidate }) => champion ?? candidate);
  const outcomes = comparisons.map((judge) => judge(withChampionsProbabilities(same), policy));
  const wrong = outcomes.find(
    ({ verdict, estimate }) => verdict === 'fail' || (estimate !== null && estimate !== 0),
  );
  return wrong === undefined
    ? plainFinding('pass', 'the champion against itself shows no gain and no loss')
    : plainFinding('fail', `the champion against itself is judged: ${wrong.detail}`);
}

/**
 * Of a first version the baselines must not pass it; beside a champion the current window, which a promotion rests on, or
 * else another judge must refuse it. A champion that is hardly ever right itself is replaced by one that always is: from
 * that one it must be told.
 */
function judgeBroken(evidence: Evidence, policy: GatePolicy, comparisons: readonly Judge[]): CheckOutcome {
  const classes = evidence.classes.length;
  const broken = answering(evidence, ({ labels }) => labels.map((label) => (label + 1) % classes));
  const wrong = withWrongProbabilities(isHopeless(evidence) ? withPerfectChampion(broken) : broken);
  const judges = evidence.champion === null ? [checkBaseline] : comparisons;
  const [rest, ...others] = judges.map((judge) => judge(wrong, policy).verdict);
  const through = rest === 'pass' && others.every((verdict) => verdict === 'pass' || verdict === 'skip');
  return through
    ? plainFinding('fail', 'a candidate that is always wrong would get through')
    : plainFinding('pass', 'a candidate that is always wrong would not get through');
}

/** Below this share of right answers a champion is no measure of anything. */
const HOPELESS = 0.1;

function isHopeless(evidence: Evidence): boolean {
  const { labels, champion } = currentWindow(evidence);
  return champion !== null && accuracy(labels, champion) < HOPELESS;
}

function withPerfectChampion(evidence: Evidence): Evidence {
  const classes = evidence.classes.length;
  const windows = evidence.windows.map((window) => ({
    ...window,
    champion: window.labels,
    ...(window.championProbabilities && { championProbabilities: surely(window.labels, classes) }),
  }));
  return { ...evidence, windows };
}

/** All probability on one class, [n, classes]. */
function surely(answers: Int32Array, classes: number): Float32Array {
  const rows = new Float32Array(answers.length * classes);
  for (const [i, answer] of answers.entries()) rows[i * classes + answer] = 1;
  return rows;
}

/** Errors of a candidate that is always off by so many times the champion's, or the constant answer's. */
const FAR_OFF = 3;

function judgeFarOff(evidence: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  const { champion, mean } = evidence;
  const windows = evidence.windows.map((window) => ({
    ...window,
    candidate: window.targets.map(
      (target, i) => target + FAR_OFF * ((window.champion?.[i] ?? mean) - target) + (i % 2 === 0 ? 1 : -1),
    ),
  }));
  const judge = champion === null ? checkErrorBaseline : checkErrorCurrent;
  const { verdict } = judge({ ...evidence, windows }, policy);
  return verdict === 'pass'
    ? plainFinding('fail', 'a candidate that is three times as far off would get through')
    : plainFinding('pass', 'a candidate that is three times as far off would not get through');
}

function reportedParts(evidence: CommonEvidence, policy: GatePolicy): Part[] {
  const { selfTests } = evidence;
  if (selfTests === undefined || selfTests.length === 0)
    return [{ id: 'reported', ...absent('selfTests', evidence, policy, 'no self-tests were reported') }];
  return selfTests.map(({ id, passed, detail }) => ({
    id,
    ...plainFinding(passed ? 'pass' : 'fail', `${id}: ${detail}`),
  }));
}

function answering(evidence: Evidence, answer: (window: WindowEvidence) => Int32Array): Evidence {
  return {
    ...evidence,
    windows: evidence.windows.map((window) => ({ ...window, candidate: answer(window) })),
  };
}

function withChampionsProbabilities(evidence: Evidence): Evidence {
  const windows = evidence.windows.map((window) =>
    window.championProbabilities === undefined
      ? window
      : { ...window, candidateProbabilities: window.championProbabilities },
  );
  return { ...evidence, windows };
}

/** Sure of what is wrong. */
function withWrongProbabilities(evidence: Evidence): Evidence {
  const classes = evidence.classes.length;
  const windows = evidence.windows.map((window) =>
    window.candidateProbabilities === undefined
      ? window
      : { ...window, candidateProbabilities: surely(window.candidate, classes) },
  );
  return { ...evidence, windows };
}
