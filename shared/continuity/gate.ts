/**
 * The gate: from evidence and policy to promote, reject or hold. Pure; it fails closed.
 *
 * What a promotion rests on must be shown: sound files, judges that judge, and the current window (of a first version, the
 * baselines). A candidate that is truly worse than the margin there is promoted with probability at most its level. Every
 * other check refuses what it shows to be worse, or holds where something that should be there broke; none waits for
 * evidence that cannot come.
 */
import { compareGravity, holdBroken } from './findings/check-result.ts';
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
import { checkErrorSelfTests, checkSelfTests } from './checks/self-tests.ts';
import { checkWorsened } from './checks/worsened.ts';
import { checkWorstWindow } from './checks/worst-window.ts';
import { type AnyEvidence, type CommonEvidence, type Evidence, isRegression } from './evidence/evidence.ts';
import type { RegressionEvidence } from './evidence/evidence.ts';
import { evidenceMetricProblems } from './policy/metric.ts';
import { gatePolicySchema } from './policy/policy.ts';
import type { GatePolicy } from './policy/policy.ts';
import { isBroken, reasonOf, summarizeHold, summarizePromote, summarizeReject } from './summary.ts';
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
  { check: 'self-tests', title: 'The judges themselves', run: checkErrorSelfTests },
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
  return decide(evidence, () => validateEvidence(evidence), policy, checks);
}

/** The same for a model that predicts a number. */
export function decideRegressionGate(
  evidence: RegressionEvidence,
  policy: GatePolicy,
  checks: readonly Check<RegressionEvidence>[] = REGRESSION_CHECKS,
): Verdict {
  return decide(evidence, () => validateRegression(evidence), policy, checks);
}

/** By the checks of the model's task. */
export function decideAnyGate(evidence: AnyEvidence, policy: GatePolicy): Verdict {
  return isRegression(evidence) ? decideRegressionGate(evidence, policy) : decideGate(evidence, policy);
}

function decide<Judged extends AnyEvidence>(
  evidence: Judged,
  validate: () => readonly string[],
  policy: GatePolicy,
  checks: readonly Check<Judged>[],
): Verdict {
  const ofPolicy = policyProblems(policy);
  const ofMetric = ofPolicy.length > 0 ? [] : evidenceMetricProblems(evidence, policy);
  const problems = [...ofPolicy, ...ofMetric.map((problem) => `policy.metric: ${problem}`), ...validate()];
  if (problems.length > 0) {
    const summary = `Hold: the evidence is not fit to judge by, so that nothing was decided (${problems.length} ${problems.length === 1 ? 'problem' : 'problems'})`;
    return { verdict: 'hold', checks: [], reasons: problems, summary };
  }
  return combine(
    checks.map((check) => runCheck(check, evidence, policy)),
    evidence,
  );
}

/**
 * Whether a candidate is held for nothing but evidence that is still to come: nothing broke, nothing is missing, nothing
 * speaks against it.
 */
export function isOpen({ verdict, checks }: Pick<Verdict, 'verdict' | 'checks'>): boolean {
  const held = checks.filter((check) => check.verdict === 'hold');
  return verdict === 'hold' && held.length > 0 && !held.some(isBroken);
}

/** Checks that hold because something broke or is missing; `evidence` where it is not fit to judge by at all. */
export function brokenChecks({ verdict, checks }: Pick<Verdict, 'verdict' | 'checks'>): string[] {
  if (verdict === 'hold' && checks.length === 0) return ['evidence'];
  return checks.filter((check) => check.verdict === 'hold' && isBroken(check)).map(({ check }) => check);
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
    return { check, title, ...holdBroken(`the check itself broke: ${message}`) };
  }
}

/** What a promotion rests on: shown, not merely not refuted. */
function restsOn({ champion }: CommonEvidence): readonly string[] {
  return ['sanity', 'self-tests', champion === null ? 'baseline' : 'current-window'];
}

function combine(checks: readonly CheckResult[], evidence: CommonEvidence): Verdict {
  const gravestFirst = [...checks].sort(compareGravity);
  const withVerdict = (verdict: CheckResult['verdict']): CheckResult[] =>
    gravestFirst.filter((result) => result.verdict === verdict);
  const failed = withVerdict('fail');
  const held = withVerdict('hold');
  if (failed.length > 0) {
    const reasons = [...failed, ...held].map(reasonOf);
    return { verdict: 'reject', checks, reasons, summary: summarizeReject(failed, evidence) };
  }
  if (held.length > 0) {
    return { verdict: 'hold', checks, reasons: held.map(reasonOf), summary: summarizeHold(held, evidence) };
  }
  const passed = withVerdict('pass');
  const unshown = restsOn(evidence).filter((id) => passed.every(({ check }) => check !== id));
  if (unshown.length > 0) {
    const summary = `Hold: what a promotion rests on was not shown: ${unshown.join(', ')}`;
    return { verdict: 'hold', checks, reasons: checks.map(reasonOf), summary };
  }
  const reasons = passed.map(reasonOf);
  return { verdict: 'promote', checks, reasons, summary: summarizePromote(checks, evidence) };
}
