/**
 * The gate: from evidence and policy to promote, reject or hold. Pure; it fails closed.
 *
 * Every check must pass (an intersection-union test, Berger 1982): a candidate that is truly worse than the
 * margin of any one check is promoted with probability at most alpha, and nothing needs correcting for the
 * number of checks.
 */
import { compareGravity, plainFinding } from './check-result.ts';
import type { CheckOutcome, CheckResult } from './check-result.ts';
import { checkBaseline } from './checks/baseline.ts';
import { checkClassRecall } from './checks/class-recall.ts';
import { checkCurrentWindow } from './checks/current-window.ts';
import { checkNegativeFlips } from './checks/negative-flips.ts';
import { checkPastMean } from './checks/past-mean.ts';
import { checkSanity } from './checks/sanity.ts';
import { checkWorstWindow } from './checks/worst-window.ts';
import type { Evidence } from './evidence.ts';
import { formatConfidence, formatMoreLabels, formatPoints } from './format.ts';
import { gatePolicySchema } from './policy.ts';
import type { GatePolicy } from './policy.ts';
import { validateEvidence } from './validate-evidence.ts';

export interface Verdict {
  readonly verdict: 'promote' | 'reject' | 'hold';
  readonly checks: readonly CheckResult[];
  /** why, gravest first; for a promotion, what each check showed */
  readonly reasons: readonly string[];
  /** one sentence: by how much at least, or what is missing and where */
  readonly summary: string;
}

export interface Check {
  readonly check: string;
  readonly title: string;
  readonly run: (evidence: Evidence, policy: GatePolicy) => CheckOutcome;
}

/** All checks, in the order in which a report shows them. */
export const CHECKS: readonly Check[] = [
  { check: 'sanity', title: 'Files and weights', run: checkSanity },
  { check: 'baseline', title: 'Beats the majority answer', run: checkBaseline },
  { check: 'current-window', title: 'Current window', run: checkCurrentWindow },
  { check: 'past-mean', title: 'Past windows, mean', run: checkPastMean },
  { check: 'worst-window', title: 'Past windows, worst', run: checkWorstWindow },
  { check: 'negative-flips', title: 'Negative flips', run: checkNegativeFlips },
  { check: 'class-recall', title: 'Recall of each class', run: checkClassRecall },
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
  const problems = [...policyProblems(policy), ...validateEvidence(evidence)];
  if (problems.length > 0) {
    const summary = `Hold: the evidence cannot be judged (${problems.length} ${problems.length === 1 ? 'problem' : 'problems'})`;
    return { verdict: 'hold', checks: [], reasons: problems, summary };
  }
  return combine(
    checks.map((check) => runCheck(check, evidence, policy)),
    evidence,
    policy,
  );
}

function policyProblems(policy: GatePolicy): string[] {
  const parsed = gatePolicySchema.safeParse(policy);
  return parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `policy.${path.join('.')}: ${message}`);
}

function runCheck({ check, title, run }: Check, evidence: Evidence, policy: GatePolicy): CheckResult {
  try {
    return { check, title, ...run(evidence, policy) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { check, title, ...plainFinding('hold', `the check itself broke: ${message}`) };
  }
}

function combine(checks: readonly CheckResult[], evidence: Evidence, policy: GatePolicy): Verdict {
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
    summary: summarizePromote(passed, evidence, policy),
  };
}

function reasonOf({ title, detail }: CheckResult): string {
  return `${title}: ${detail}`;
}

function summarizeReject(failed: readonly CheckResult[]): string {
  const others = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
  return `Reject: ${failed.slice(0, 1).map(reasonOf).join('')}${others}`;
}

function summarizeHold(held: readonly CheckResult[]): string {
  const open = held.map(({ title }) => title.toLowerCase()).join('; ');
  const wanted = held.flatMap(({ moreLabels }) => (moreLabels === undefined ? [] : [moreLabels]));
  const labels = wanted.map(({ n, where }) => `${formatMoreLabels(n)} in ${where}`).join('; ');
  return `Hold: not settled: ${open}${labels === '' ? '' : `. To settle: about ${labels}`}`;
}

function summarizePromote(passed: readonly CheckResult[], evidence: Evidence, policy: GatePolicy): string {
  const deciding = evidence.champion === null ? 'baseline' : 'current-window';
  const rival = evidence.champion === null ? 'the majority answer' : `version ${evidence.champion.version}`;
  const lower = passed.find(({ check }) => check === deciding)?.lower ?? null;
  const count = `${passed.length} checks passed`;
  if (lower === null) return `Promote: ${count}`;
  const extent =
    lower >= 0
      ? `at least ${formatPoints(lower)} points better`
      : `at most ${formatPoints(-lower)} points worse`;
  return `Promote: ${extent} than ${rival} on the current window (${formatConfidence(policy.alpha)} bound); ${count}`;
}
