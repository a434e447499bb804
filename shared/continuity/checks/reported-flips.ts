/**
 * Reported flips: what users once reported as turned wrong, and is right again, stays right. A regression set, as of
 * software: it is looked through, not sampled from, so there is no interval. Only what the champion gets right can turn
 * wrong again: what it still gets wrong would hold every candidate back for a fault that is not the candidate's.
 */
import { notAsked } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { formatCount, formatPercent } from '../findings/format.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { absent } from './absent.ts';

/** Passes when the share of the set that the candidate gets wrong is within the budget. */
export function checkReportedFlips(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  const { reportedFlips, classes } = evidence;
  if (evidence.champion === null) return notAsked('there is no champion whose answers could have turned');
  if (reportedFlips === undefined)
    return absent('reportedFlips', evidence, policy, 'no flips were collected');
  const { exampleIds, labels, candidate, champion, windows } = reportedFlips;
  if (labels.length === 0) return notAsked('no held-out flips were reported');
  const judged = [...labels.keys()].filter((i) => champion === undefined || champion[i] === labels[i]);
  const n = judged.length;
  const still = labels.length - n;
  const unmended = still === 0 ? '' : `; ${formatCount(still)} more are wrong with the champion too`;
  if (n === 0) return notAsked(`none of ${formatCount(still)} reported flips is right again yet`);
  const nameOf = (classId: number | undefined): string => classes[classId ?? -1] ?? '';
  const wrong = judged
    .filter((i) => candidate[i] !== labels[i])
    .map((i) => ({
      window: windows?.[i] ?? 'reported',
      id: exampleIds[i] as string,
      label: nameOf(labels[i]),
      candidate: nameOf(candidate[i]),
    }));
  const share = wrong.length / n;
  const budget = policy.budgets.reportedFlips;
  const verdict = share <= budget ? 'pass' : 'fail';
  const detail = `${formatCount(wrong.length)} of ${formatCount(n)} reported flips are wrong again (${formatPercent(share)}), budget ${formatPercent(budget)}${unmended}`;
  return {
    estimate: share,
    lower: share,
    upper: share,
    margin: budget,
    passes: 'below',
    n,
    verdict,
    detail,
    flips: { total: wrong.length, examples: wrong },
  };
}
