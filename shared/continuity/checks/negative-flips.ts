/**
 * Negative flips: how often users would see a right answer turn wrong.
 * Yan et al. 2021, "Positive-Congruent Training", arXiv:2011.09161.
 */
import { judgeInterval, plainFinding } from '../check-result.ts';
import type { CheckOutcome, FlippedExample } from '../check-result.ts';
import type { Evidence } from '../evidence.ts';
import { formatConfidence, formatCount, formatPercent } from '../format.ts';
import { holdForExamples, holdUntilSettled, POWER } from '../paired-finding.ts';
import type { GatePolicy } from '../policy.ts';
import { clopperPearson } from '../statistics/clopper-pearson.ts';
import { levelForPower } from '../statistics/normal.ts';
import { comparedWindows } from '../windows.ts';
import type { ComparedWindow } from '../windows.ts';

/** A person reads a few dozen; the report stays small however many there are. */
const MAX_LISTED = 50;

/**
 * Passes when the Clopper-Pearson upper bound of the share of negative flips, over all held-out examples of
 * all windows, is within the budget.
 */
export function checkNegativeFlips(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const windows = comparedWindows(evidence);
  const n = windows.reduce((sum, { labels }) => sum + labels.length, 0);
  const where = 'all windows';
  if (n < policy.minimum.current) return holdForExamples(n, policy.minimum.current, where);

  const flipped = windows.flatMap((window) => flippedExamples(window, evidence.classes));
  const budget = policy.budgets.negativeFlips;
  const interval = clopperPearson(flipped.length, n, policy.alpha);
  const verdict = judgeInterval(interval, budget, 'below');
  const flips = { total: flipped.length, examples: flipped.slice(0, MAX_LISTED) };
  const bound =
    verdict === 'fail'
      ? `lower bound ${formatPercent(interval.lower)}`
      : `upper bound ${formatPercent(interval.upper)}`;
  const detail =
    `${where}: ${formatCount(flipped.length)} of ${formatCount(n)} examples turn from right to wrong (${formatPercent(interval.estimate)}), ` +
    `${formatConfidence(policy.alpha)} ${bound}, budget ${formatPercent(budget)}`;
  const finding = { ...interval, margin: budget, passes: 'below' as const, n, verdict, detail };
  if (verdict !== 'hold') return { ...finding, flips };

  const level = levelForPower(policy.alpha, POWER);
  const settles = (factor: number): boolean =>
    judgeInterval(clopperPearson(flipped.length * factor, n * factor, level), budget, 'below') !== 'hold';
  return { ...holdUntilSettled(finding, where, settles), flips };
}

function flippedExamples(window: ComparedWindow, classes: readonly string[]): FlippedExample[] {
  const { id, exampleIds, labels, candidate, champion } = window;
  const name = (classId: number | undefined): string => classes[classId ?? -1] ?? '';
  return exampleIds.flatMap((exampleId, i) =>
    champion[i] === labels[i] && candidate[i] !== labels[i]
      ? [{ window: id, id: exampleId, label: name(labels[i]), candidate: name(candidate[i]) }]
      : [],
  );
}
