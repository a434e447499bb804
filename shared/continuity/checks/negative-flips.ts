/**
 * Negative flips: how often users would see a right answer turn wrong, overall and within each slice.
 * Yan et al. 2021, "Positive-Congruent Training", arXiv:2011.09161.
 */
import { compareGravity, judgeInterval, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome, Finding, FlippedExample, Part } from '../findings/check-result.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { formatConfidence, formatCount, formatPercent } from '../findings/format.ts';
import { backwardTrust } from '../metrics.ts';
import { holdForExamples, holdForGroups, holdUntilSettled, POWER } from '../findings/paired-finding.ts';
import { sampleLosses } from '../findings/paired-sample.ts';
import type { PairedSample } from '../findings/paired-sample.ts';
import type { GatePolicy } from '../policy.ts';
import { classSlices, featureSlices } from '../findings/slices.ts';
import { clopperPearson } from '../statistics/clopper-pearson.ts';
import { levelForPower } from '../statistics/normal.ts';
import { comparedWindows } from '../evidence/windows.ts';
import type { ComparedWindow } from '../evidence/windows.ts';

/** A person reads a few dozen; the report stays small however many there are. */
const MAX_LISTED = 50;

/**
 * Passes when the Clopper-Pearson upper bound of the share of negative flips is within the budget, over all held-out
 * examples of all windows, and within the slices' budget for every class and feature value with enough examples.
 */
export function checkNegativeFlips(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  if (evidence.champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const windows = comparedWindows(evidence);
  const sample = sampleLosses(windows, policy);
  const where = 'all windows';
  const { n } = sample.counts;
  if (n < policy.minimum.current) return holdForExamples(n, policy.minimum.current, where);
  const tooFew = holdForGroups(sample, policy.minimum.groups, where);
  if (tooFew !== null) return tooFew;

  const overall: Part = { id: where, ...judgeRate(sample, where, policy.budgets.negativeFlips) };
  const slices = sliceParts(evidence, windows, policy);
  const flipped = windows.flatMap((window) => flippedExamples(window, evidence.classes));
  const flips = { total: flipped.length, examples: flipped.slice(0, MAX_LISTED) };
  const trust = `trust kept ${formatPercent(backwardTrust(windows))}`;
  const parts = [overall, ...slices];
  const gravest = [...parts].sort(compareGravity)[0] ?? overall;
  const { id: _id, ...finding } = gravest.verdict === overall.verdict ? overall : gravest;
  return { ...finding, detail: `${finding.detail}; ${trust}`, parts, flips };
}

/** Slices with enough examples and groups; the others are too small for a rate. */
function sliceParts(evidence: Evidence, windows: readonly ComparedWindow[], policy: GatePolicy): Part[] {
  const sized = [
    ...classSlices(evidence).map((slice) => ({ slice, minimum: policy.minimum.class })),
    ...featureSlices(evidence.features ?? [], policy.slices).map((slice) => ({
      slice,
      minimum: policy.minimum.slice,
    })),
  ];
  return sized.flatMap(({ slice, minimum }) => {
    const sample = sampleLosses(windows, policy, slice.select);
    if (sample.counts.n < minimum || holdForGroups(sample, policy.minimum.groups, slice.where) !== null)
      return [];
    return [{ id: slice.id, ...judgeRate(sample, slice.where, policy.budgets.sliceFlips) }];
  });
}

function judgeRate({ counts, share, alpha }: PairedSample, where: string, budget: number): Finding {
  const { losses, n } = counts;
  const boundsAt = (factor: number, level: number) =>
    clopperPearson(losses * share * factor, n * share * factor, level);
  const interval = boundsAt(1, alpha);
  const verdict = judgeInterval(interval, budget, 'below');
  const bound =
    verdict === 'fail'
      ? `lower bound ${formatPercent(interval.lower)}`
      : `upper bound ${formatPercent(interval.upper)}`;
  const detail =
    `${where}: ${formatCount(losses)} of ${formatCount(n)} examples turn from right to wrong (${formatPercent(interval.estimate)}), ` +
    `${formatConfidence(alpha)} ${bound}, budget ${formatPercent(budget)}`;
  const finding = { ...interval, margin: budget, passes: 'below' as const, n, verdict, detail };
  if (verdict !== 'hold') return finding;
  const level = levelForPower(alpha, POWER);
  return holdUntilSettled(
    finding,
    where,
    (factor) => judgeInterval(boundsAt(factor, level), budget, 'below') !== 'hold',
  );
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
