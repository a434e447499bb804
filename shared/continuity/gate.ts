/**
 * The gate: from evidence and policy to promote, reject or hold. Pure; it fails closed.
 *
 * Every check must pass (an intersection-union test, Berger 1982): a candidate that is truly worse than the
 * margin of any one check is promoted with probability at most alpha, and nothing needs correcting for the
 * number of checks.
 */
import { compareGravity, plainFinding, unitOf } from './findings/check-result.ts';
import type { CheckOutcome, CheckResult } from './findings/check-result.ts';
import { checkBaseline } from './checks/baseline.ts';
import { checkCalibration } from './checks/calibration.ts';
import { checkClassRecall } from './checks/class-recall.ts';
import { checkCurrentWindow } from './checks/current-window.ts';
import { checkEdgeBudget } from './checks/edge-budget.ts';
import { checkErrorBaseline } from './checks/error-baseline.ts';
import { checkErrorCurrent } from './checks/error-current.ts';
import { checkErrorPast } from './checks/error-past.ts';
import { checkErrorSlices } from './checks/error-slices.ts';
import { checkErrorWorst } from './checks/error-worst.ts';
import { checkFeatureSlices } from './checks/feature-slices.ts';
import { checkNegativeFlips } from './checks/negative-flips.ts';
import { checkPastMean } from './checks/past-mean.ts';
import { checkRepeatedErrors, checkRepeatedSplits } from './checks/repeated-splits.ts';
import { checkReportedFlips } from './checks/reported-flips.ts';
import { checkSanity } from './checks/sanity.ts';
import { checkReportedTests, checkSelfTests } from './checks/self-tests.ts';
import { checkWorsened } from './checks/worsened.ts';
import { checkWorstWindow } from './checks/worst-window.ts';
import { type AnyEvidence, type CommonEvidence, type Evidence, isRegression } from './evidence/evidence.ts';
import type { RegressionEvidence } from './evidence/evidence.ts';
import { formatMeasure, formatMoreLabels, formatPoints } from './findings/format.ts';
import { gatePolicySchema } from './policy.ts';
import type { GatePolicy } from './policy.ts';
import { validateEvidence } from './evidence/validate-evidence.ts';
import { validateRegression } from './evidence/validate-regression.ts';

export interface Verdict {
  readonly verdict: 'promote' | 'reject' | 'hold';
  readonly checks: readonly CheckResult[];
  /** why, gravest first; for a promotion, what each check showed */
  readonly reasons: readonly string[];
  /** one sentence: by how much at least, or what is missing and where */
  readonly summary: string;
}

export interface Check<Judged = Evidence> {
  readonly check: string;
  readonly title: string;
  readonly run: (evidence: Judged, policy: GatePolicy) => CheckOutcome;
}

/** All checks, in the order in which a report shows them. */
export const CHECKS: readonly Check[] = [
  { check: 'sanity', title: 'Files and weights', run: checkSanity },
  { check: 'self-tests', title: 'The judges themselves', run: checkSelfTests },
  { check: 'baseline', title: 'Beats answers without a model', run: checkBaseline },
  { check: 'current-window', title: 'Current window', run: checkCurrentWindow },
  { check: 'past-mean', title: 'Past windows, mean', run: checkPastMean },
  { check: 'worst-window', title: 'Past windows, worst', run: checkWorstWindow },
  { check: 'negative-flips', title: 'Negative flips', run: checkNegativeFlips },
  { check: 'reported-flips', title: 'Reported flips', run: checkReportedFlips },
  { check: 'class-recall', title: 'Recall of each class', run: checkClassRecall },
  { check: 'feature-slices', title: 'Feature slices', run: checkFeatureSlices },
  { check: 'calibration', title: 'Calibration', run: checkCalibration },
  { check: 'repeated-splits', title: 'Repeated splits', run: checkRepeatedSplits },
  { check: 'edge-budget', title: 'Edge budget', run: checkEdgeBudget },
];

/** The same for a model that predicts a number. */
export const REGRESSION_CHECKS: readonly Check<RegressionEvidence>[] = [
  { check: 'sanity', title: 'Files and weights', run: checkSanity },
  { check: 'self-tests', title: 'The judges themselves', run: checkReportedTests },
  { check: 'baseline', title: 'Beats answers without a model', run: checkErrorBaseline },
  { check: 'current-window', title: 'Current window', run: checkErrorCurrent },
  { check: 'past-mean', title: 'Past windows, mean', run: checkErrorPast },
  { check: 'worst-window', title: 'Past windows, worst', run: checkErrorWorst },
  { check: 'worsened', title: 'Worsened predictions', run: checkWorsened },
  { check: 'feature-slices', title: 'Feature slices', run: checkErrorSlices },
  { check: 'repeated-splits', title: 'Repeated splits', run: checkRepeatedErrors },
  { check: 'edge-budget', title: 'Edge budget', run: checkEdgeBudget },
];

/**
 * Judges a candidate. Never promotes on evidence or a policy that does not validate, nor when a check throws.
 *
 * @param checks  the table; a test passes its own
 */
export function decideGate(
  evidence: Evidence,
  policy: GatePolicy,
  checks: readonly Check[] = CHECKS,
): Verdict {
  return decide(evidence, validateEvidence(evidence), policy, checks);
}

/** The same for a model that predicts a number. */
export function decideRegressionGate(
  evidence: RegressionEvidence,
  policy: GatePolicy,
  checks: readonly Check<RegressionEvidence>[] = REGRESSION_CHECKS,
): Verdict {
  return decide(evidence, validateRegression(evidence), policy, checks);
}

/** By the checks of the model's task. */
export function decideAnyGate(evidence: AnyEvidence, policy: GatePolicy): Verdict {
  return isRegression(evidence) ? decideRegressionGate(evidence, policy) : decideGate(evidence, policy);
}

function decide<Judged extends CommonEvidence>(
  evidence: Judged,
  evidenceProblems: readonly string[],
  policy: GatePolicy,
  checks: readonly Check<Judged>[],
): Verdict {
  const problems = [...policyProblems(policy), ...evidenceProblems];
  if (problems.length > 0) {
    const summary = `Hold: the evidence cannot be judged (${problems.length} ${problems.length === 1 ? 'problem' : 'problems'})`;
    return { verdict: 'hold', checks: [], reasons: problems, summary };
  }
  return combine(
    checks.map((check) => runCheck(check, evidence, policy)),
    evidence,
  );
}

function policyProblems(policy: GatePolicy): string[] {
  const parsed = gatePolicySchema.safeParse(policy);
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `policy.${path.join('.')}: ${message}`);
}

function runCheck<Judged>(
  { check, title, run }: Check<Judged>,
  evidence: Judged,
  policy: GatePolicy,
): CheckResult {
  try {
    return { check, title, ...run(evidence, policy) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { check, title, ...plainFinding('hold', `the check itself broke: ${message}`) };
  }
}

function combine(checks: readonly CheckResult[], evidence: CommonEvidence): Verdict {
  const gravestFirst = [...checks].sort(compareGravity);
  const withVerdict = (verdict: CheckResult['verdict']): CheckResult[] =>
    gravestFirst.filter((result) => result.verdict === verdict);
  const failed = withVerdict('fail');
  const held = withVerdict('hold');
  const passed = withVerdict('pass');
  if (failed.length > 0) {
    return {
      verdict: 'reject',
      checks,
      reasons: [...failed, ...held].map(reasonOf),
      summary: summarizeReject(failed),
    };
  }
  if (held.length > 0) {
    return { verdict: 'hold', checks, reasons: held.map(reasonOf), summary: summarizeHold(held) };
  }
  if (passed.length === 0) {
    return { verdict: 'hold', checks, reasons: checks.map(reasonOf), summary: 'Hold: no check passed' };
  }
  return {
    verdict: 'promote',
    checks,
    reasons: passed.map(reasonOf),
    summary: summarizePromote(passed, evidence),
  };
}

function reasonOf({ title, detail }: CheckResult): string {
  return `${title}: ${detail}`;
}

/** The worst in full, the others by name, worst first. */
function summarizeReject(failed: readonly CheckResult[]): string {
  const [worst, ...others] = failed;
  const names = others.map(({ title }) => title.toLowerCase()).join(', ');
  return `Reject: ${worst === undefined ? '' : reasonOf(worst)}${names === '' ? '' : `; also failed: ${names}`}`;
}

function summarizeHold(held: readonly CheckResult[]): string {
  const open = held.map(({ title }) => title.toLowerCase()).join('; ');
  const wanted = held.flatMap(({ moreLabels }) => (moreLabels === undefined ? [] : [moreLabels]));
  const labels = wanted.map(({ n, where }) => `${formatMoreLabels(n)} in ${where}`).join('; ');
  return `Hold: not settled: ${open}${labels === '' ? '' : `. To settle: about ${labels}`}`;
}

/** By how much at least, in the words of the check that decides: the current window, or the baselines of a first model. */
function summarizePromote(passed: readonly CheckResult[], { champion }: CommonEvidence): string {
  const deciding = passed.find(({ check }) => check === (champion === null ? 'baseline' : 'current-window'));
  const rival = champion === null ? 'the best answer without a model' : `version ${champion.version}`;
  const count = `${passed.length} checks passed`;
  const extent = deciding === undefined ? null : describeExtent(deciding);
  return extent === null
    ? `Promote: ${count}`
    : `Promote: ${extent} than ${rival} on the current window; ${count}`;
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
