/**
 * Reported flips: what users once reported as turned wrong stays right. A regression set, as of software: it is looked
 * through, not sampled from, so there is no interval.
 */
import { plainFinding } from '../check-result.ts';
import type { CheckOutcome } from '../check-result.ts';
import type { Evidence } from '../evidence.ts';
import { formatCount, formatPercent } from '../format.ts';
import type { GatePolicy } from '../policy.ts';
import { absent } from './absent.ts';

/** Passes when the share of the set that the candidate gets wrong is within the budget. */
export function checkReportedFlips({ reportedFlips, classes }: Evidence, policy: GatePolicy): CheckOutcome {
  if (reportedFlips === undefined) return absent('reportedFlips', policy, 'no flips were collected');
  const { exampleIds, labels, candidate } = reportedFlips;
  const n = labels.length;
  if (n === 0) return plainFinding('skip', 'no flips were reported');
  const wrong = exampleIds.flatMap((id, i) =>
    candidate[i] === labels[i]
      ? []
      : [{ window: 'reported', id, label: nameOf(labels[i]), candidate: nameOf(candidate[i]) }],
  );
  const share = wrong.length / n;
  const budget = policy.budgets.reportedFlips;
  const verdict = share <= budget ? 'pass' : 'fail';
  const detail = `${formatCount(wrong.length)} of ${formatCount(n)} reported flips are wrong again (${formatPercent(share)}), budget ${formatPercent(budget)}`;
  const finding = {
    estimate: share,
    lower: share,
    upper: share,
    margin: budget,
    passes: 'below' as const,
    n,
    verdict,
    detail,
  } as const;
  return { ...finding, flips: { total: wrong.length, examples: wrong } };

  function nameOf(classId: number | undefined): string {
    return classes[classId ?? -1] ?? '';
  }
}
