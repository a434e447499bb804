/**
 * Class recall: no class is given up for the sake of the others.
 */
import { gravestOf, plainFinding } from '../check-result.ts';
import type { CheckOutcome, Part } from '../check-result.ts';
import type { Evidence } from '../evidence.ts';
import { addCounts, countPaired } from '../metrics.ts';
import { judgePaired } from '../paired-finding.ts';
import type { GatePolicy } from '../policy.ts';
import type { PairedCounts } from '../statistics/interval.ts';
import { comparedWindows } from '../windows.ts';

/**
 * Passes when, for every class with enough examples over all windows, Tango's lower bound of the paired
 * difference in recall is above -margin. A class with fewer can fail, when it is shown to be worse, but does
 * not hold: a rare class would otherwise keep every candidate out.
 */
export function checkClassRecall(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const windows = comparedWindows(evidence);
  const parts = evidence.classes.map((name, classId) => {
    const counts = windows.map(({ labels, candidate, champion }) =>
      countPaired(labels, candidate, champion, classId),
    );
    return judgeClass(name, addCounts(counts), policy);
  });
  return gravestOf(parts, 'classes');
}

function judgeClass(name: string, counts: PairedCounts, policy: GatePolicy): Part {
  const where = `class '${name}'`;
  if (counts.n === 0) return { id: name, ...plainFinding('skip', `${where}: no examples`) };
  const line = -policy.margins.classRecall;
  const finding = judgePaired(counts, { where, line, alpha: policy.alpha, minimum: 0 });
  if (counts.n >= policy.minimum.class || finding.verdict === 'fail') return { id: name, ...finding };
  const { moreLabels: _moreLabels, ...numbers } = finding;
  const detail = `${where}: ${counts.n} of the ${policy.minimum.class} examples needed to hold a candidate back`;
  return { id: name, ...numbers, verdict: 'skip', detail };
}
