/**
 * Negative flips: how often users would see a right answer turn wrong, on what comes in, overall and within each slice.
 * Yan et al. 2021, "Positive-Congruent Training", arXiv:2011.09161. (On older windows they are part of the loss that the
 * exchange prices.)
 */
import {
  compareGravity,
  judgeInterval,
  notAsked,
  refuseOnly,
  unanswerable,
} from '../findings/check-result.ts';
import type { CheckOutcome, Finding, FlippedExample, Part } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { formatConfidence, formatCount, formatPercent } from '../findings/format.ts';
import { accuracy, backwardTrust, scaleCounts } from '../policy/metrics.ts';
import { holdForGroups } from '../findings/paired-finding.ts';
import { sampleLosses, samplePairs, type Selection } from '../measures/paired-sample.ts';
import type { PairedSample } from '../measures/paired-sample.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { classSlices, featureSlices } from '../findings/slices.ts';
import { clopperPearson } from '../statistics/clopper-pearson.ts';
import { tangoInterval } from '../statistics/tango.ts';
import { comparedWindows } from '../evidence/windows.ts';
import type { ComparedWindow } from '../evidence/windows.ts';

/** A person reads a few dozen; the report stays small however many there are. */
const MAX_LISTED = 50;

/** Of the flips that two models with unrelated mistakes would have, a candidate may have half (Yan et al., section 3). */
const RELATIVE_RATE = 0.5;

/**
 * Fails when the Clopper-Pearson lower bound of the share of negative flips on the current window is above the budget, or
 * within a class or feature value above the slices' budget. Where the champion has fallen, a budget is at least half of
 * what unrelated mistakes would give.
 */
export function checkNegativeFlips(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  const current = comparedWindows(evidence).at(-1);
  if (current === undefined) return notAsked('there is no champion to compare with');
  const fallen = hasFallen(evidence, current, policy);
  const { negativeFlips, sliceFlips } = policy.budgets;
  const where = `window ${current.id}`;
  const overall: Part = {
    id: 'all examples',
    ...judgeFlips(current, undefined, where, negativeFlips, fallen, policy),
  };
  const slices = slicesOf(evidence, policy).map(({ id, where: name, select }) => ({
    id,
    ...judgeFlips(current, select, name, sliceFlips, fallen, policy),
  }));
  const flipped = flippedExamples(current, evidence.classes);
  const flips = { total: flipped.length, examples: flipped.slice(0, MAX_LISTED) };
  const trust = `trust kept ${formatPercent(backwardTrust([current]))}`;
  const parts = [overall, ...slices];
  const gravest = [...parts].sort(compareGravity)[0] ?? overall;
  const { id: _id, ...finding } =
    gravest.verdict === 'fail' && overall.verdict !== 'fail' ? gravest : overall;
  return { ...finding, detail: `${finding.detail}; ${trust}`, parts, flips };
}

/**
 * Whether the champion is shown to have fallen: behind the candidate, or behind its own answers on past windows (a normal
 * test of two shares).
 */
function hasFallen(evidence: Evidence, current: ComparedWindow, { alpha }: GatePolicy): boolean {
  const { counts, share } = samplePairs([current], { alpha });
  if (share > 0 && tangoInterval(scaleCounts(counts, share), alpha).lower > 0) return true;
  const past = comparedWindows(evidence).filter(({ kind }) => kind === 'past');
  const before = past.reduce((sum, { labels }) => sum + labels.length, 0);
  if (before === 0 || share === 0) return false;
  const right = past.reduce(
    (sum, { labels, champion }) => sum + labels.length * accuracy(labels, champion),
    0,
  );
  const now = counts.n * share;
  const [was, is] = [right, now * accuracy(current.labels, current.champion)];
  return clopperPearson(is, now, alpha / 2).upper < clopperPearson(was, before, alpha / 2).lower;
}

function slicesOf(evidence: Evidence, policy: GatePolicy) {
  return [...classSlices(evidence), ...featureSlices(evidence.features ?? [], policy.slices)];
}

function judgeFlips(
  window: ComparedWindow,
  select: Selection | undefined,
  where: string,
  budget: number,
  fallen: boolean,
  policy: GatePolicy,
): Finding {
  const sample = sampleLosses([window], policy, select);
  const { n } = sample.counts;
  if (n === 0) return notAsked(`${where}: no examples`);
  const tooFew = holdForGroups(sample.groups, n, policy.minimum.groups, where);
  if (tooFew !== null) return unanswerable(tooFew);
  const relative = fallen ? RELATIVE_RATE * unrelatedRate(window, select) : 0;
  return refuseOnly(judgeRate(sample, where, Math.max(budget, relative)));
}

/** (1 - error of the champion) times the error of the candidate: the rate of flips were their mistakes unrelated. */
function unrelatedRate(window: ComparedWindow, select: Selection | undefined): number {
  const { labels, candidate, champion } = window;
  const selected = select?.(window);
  let [n, right, wrong] = [0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    if (selected !== undefined && !selected(i)) continue;
    n++;
    if (champion[i] === labels[i]) right++;
    if (candidate[i] !== labels[i]) wrong++;
  }
  return (right / n) * (wrong / n);
}

function judgeRate({ counts, share, alpha }: PairedSample, where: string, budget: number): Finding {
  const { losses, n } = counts;
  const interval = clopperPearson(losses * share, n * share, alpha);
  const verdict = judgeInterval(interval, budget, 'below');
  const bound =
    verdict === 'fail'
      ? `lower bound ${formatPercent(interval.lower)}`
      : `upper bound ${formatPercent(interval.upper)}`;
  const detail =
    `${where}: ${formatCount(losses)} of ${formatCount(n)} examples turn from right to wrong (${formatPercent(interval.estimate)}), ` +
    `${formatConfidence(alpha)} ${bound}, budget ${formatPercent(budget)}`;
  return { ...interval, margin: budget, passes: 'below', n, verdict, detail };
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
