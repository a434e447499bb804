/**
 * Edge budget: the candidate is not much slower or larger than the champion, and fits into an isolate.
 */
import { gravestOf, holdBroken, judgeInterval, notAsked, refuseOnly } from '../findings/check-result.ts';
import type { CheckOutcome, Finding, Part } from '../findings/check-result.ts';
import type { CommonEvidence, EdgeFacts } from '../evidence/evidence.ts';
import { formatBytes, formatConfidence, formatMeasure } from '../findings/format.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { medianBounds } from '../statistics/median-bound.ts';
import { absent } from './absent.ts';

/**
 * Fails when the lower bound of the median ratio of two timings made in turns is above the budget, or size or memory,
 * which are facts, above theirs. A timing here and there that a busy machine spoils moves no median.
 */
export function checkEdgeBudget(evidence: CommonEvidence, policy: GatePolicy): CheckOutcome {
  const { edge } = evidence;
  if (edge === undefined)
    return absent('edge', evidence, policy, 'latency, size and memory were not measured');
  return gravestOf(
    [
      { id: 'latency', ...judgeLatency(edge, policy) },
      { id: 'size', ...judgeSize(edge, policy) },
      judgeFact('memory', edge.memoryBytes, policy.edge.memoryBytes, 'bytes', formatBytes),
    ],
    'budgets',
  );
}

function judgeLatency({ candidateMs, championMs }: EdgeFacts, { alpha, edge }: GatePolicy): Finding {
  if (championMs === null) return notAsked('latency: there is no champion to compare with');
  const interval = medianBounds(
    candidateMs.map((ms, i) => ms / (championMs[i] as number)),
    alpha,
  );
  if (interval === null) return holdBroken(`latency: ${candidateMs.length} timings are too few for a bound`);
  const verdict = judgeInterval(interval, edge.latencyRatio, 'below');
  const bound = verdict === 'fail' ? 'lower' : 'upper';
  const show = (value: number): string => formatMeasure(value, 'ratio');
  const detail = `latency: ${show(interval.estimate)} the champion's, ${formatConfidence(alpha)} ${bound} bound ${show(interval[bound])}, budget ${show(edge.latencyRatio)}`;
  return refuseOnly({
    ...interval,
    margin: edge.latencyRatio,
    passes: 'below',
    unit: 'ratio',
    n: candidateMs.length,
    verdict,
    detail,
  });
}

function judgeSize({ candidateBytes, championBytes }: EdgeFacts, { edge }: GatePolicy): Finding {
  if (championBytes === null) return notAsked('size: there is no champion to compare with');
  return judgeFact('size', candidateBytes / championBytes, edge.sizeRatio, 'ratio', (value) =>
    formatMeasure(value, 'ratio'),
  );
}

function judgeFact(
  id: string,
  value: number,
  budget: number,
  unit: 'ratio' | 'bytes',
  show: (value: number) => string,
): Part {
  const verdict = value <= budget ? 'pass' : 'fail';
  const detail = `${id}: ${show(value)}, budget ${show(budget)}`;
  return {
    id,
    estimate: value,
    lower: value,
    upper: value,
    margin: budget,
    passes: 'below',
    unit,
    n: 0,
    verdict,
    detail,
  };
}
