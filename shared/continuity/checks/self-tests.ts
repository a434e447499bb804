/**
 * Self-tests: before the judges are believed, they judge two candidates whose verdict is known. The champion against
 * itself must show no gain and nothing lost; a candidate that answers every example wrong must not get through.
 * Tests that only the maker of the evidence can run (of files, of the runtime) are reported by it and must have passed.
 */
import { gravestOf, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome, Part } from '../findings/check-result.ts';
import type { CommonEvidence, Evidence, WindowEvidence } from '../evidence/evidence.ts';
import type { GatePolicy } from '../policy.ts';
import { absent } from './absent.ts';
import { checkBaseline } from './baseline.ts';
import { checkCurrentWindow } from './current-window.ts';
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

/** Passes when both known candidates get the verdict they deserve, and no reported self-test failed. */
export function checkSelfTests(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  return gravestOf(
    [
      { id: 'champion against itself', ...judgeItself(evidence, policy) },
      { id: 'broken candidate', ...judgeBroken(evidence, policy) },
      ...reportedParts(evidence, policy),
    ],
    'self-tests',
  );
}

/** The reported self-tests alone: for models whose judges are the bootstrap, which cannot judge what does not vary. */
export function checkReportedTests(evidence: CommonEvidence, policy: GatePolicy): CheckOutcome {
  return gravestOf(reportedParts(evidence, policy), 'self-tests');
}

function judgeItself(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to judge by itself');
  const same = answering(evidence, ({ champion, candidate }) => champion ?? candidate);
  const outcomes = COMPARISONS.map((judge) => judge(same, policy));
  const wrong = outcomes.find(
    ({ verdict, estimate }) => verdict === 'fail' || (estimate !== null && estimate !== 0),
  );
  return wrong === undefined
    ? plainFinding('pass', 'the champion against itself shows no gain and no loss')
    : plainFinding('fail', `the champion against itself is judged: ${wrong.detail}`);
}

function judgeBroken(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  const classes = evidence.classes.length;
  const broken = answering(evidence, ({ labels }) => labels.map((label) => (label + 1) % classes));
  const judges = evidence.champion === null ? [checkBaseline] : COMPARISONS;
  const passing = judges.every((judge) => {
    const { verdict } = judge(broken, policy);
    return verdict === 'pass' || verdict === 'skip';
  });
  return passing
    ? plainFinding('fail', 'a candidate that is always wrong would get through')
    : plainFinding('pass', 'a candidate that is always wrong would not get through');
}

function reportedParts({ selfTests }: CommonEvidence, policy: GatePolicy): Part[] {
  if (selfTests === undefined || selfTests.length === 0)
    return [{ id: 'reported', ...absent('selfTests', policy, 'no self-tests were reported') }];
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
