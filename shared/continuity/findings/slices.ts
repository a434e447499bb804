/**
 * Slices: the examples of one class, or of one value of a declared feature.
 */
import { notAsked, unanswerable } from './check-result.ts';
import type { Part } from './check-result.ts';
import type { Evidence, SlicedFeature } from '../evidence/evidence.ts';
import { formatPoints } from './format.ts';
import { scaleCounts } from '../policy/metrics.ts';
import { holdForGroups, judgePaired, leaveToReferee } from './paired-finding.ts';
import { samplePairs } from '../measures/paired-sample.ts';
import type { Selection } from '../measures/paired-sample.ts';
import type { GatePolicy } from '../policy/policy.ts';
import { levelForPower } from '../statistics/normal.ts';
import { tangoInterval } from '../statistics/tango.ts';
import type { ComparedWindow } from '../evidence/windows.ts';

export interface Slice {
  readonly id: string;
  /** subject of the sentence: `class 'cat'`, `device = phone` */
  readonly where: string;
  readonly select: Selection;
}

/** Every class. */
export function classSlices({ classes }: Evidence): Slice[] {
  return classes.map((name, classId) => ({
    id: name,
    where: `class '${name}'`,
    select:
      ({ labels }) =>
      (i) =>
        labels[i] === classId,
  }));
}

/** Every value of the features that the policy names. */
export function featureSlices(features: readonly SlicedFeature[], wanted: readonly string[]): Slice[] {
  return features.flatMap(({ name, values }, at) =>
    wanted.includes(name)
      ? values.map((value, valueId) => ({
          id: `${name} = ${value}`,
          where: `${name} = ${value}`,
          select:
            ({ features: ids }: ComparedWindow) =>
            (i: number) =>
              ids?.[at]?.[i] === valueId,
        }))
      : [],
  );
}

/** Features that the policy names and the evidence does not have. */
export function missingFeatures(features: readonly SlicedFeature[], wanted: readonly string[]): string[] {
  return wanted.filter((name) => features.every((feature) => feature.name !== name));
}

/** How one slice of several is judged. */
interface SliceLimits {
  readonly margin: number;
  /** fewer examples than this cannot hold a candidate back */
  readonly minimum: number;
  /** slices that are judged beside it, itself included */
  readonly among: number;
}

/** Of the candidates that are as good as the champion on every slice, so many may be held by one. */
const FALSE_HOLDS = 0.05;

/**
 * Whether the candidate is worse by the margin within a slice of a window: fails when that is shown. It holds only where
 * a loss of more than the policy's `holdBeyond` is still possible though the slice has examples enough to exclude it for
 * a candidate that is as good as the champion there and disagrees as often: so it is this candidate that looks worse, not
 * the evidence that is too little. What else is not shown is told.
 */
export function judgeSlice(
  { id, where, select }: Slice,
  window: ComparedWindow,
  policy: GatePolicy,
  { margin, minimum, among }: SliceLimits,
): Part {
  const { alpha, holdBeyond } = policy;
  const sample = samplePairs([window], policy, select);
  const { counts, share, groups } = sample;
  const { n } = counts;
  if (n === 0) return { id, ...notAsked(`${where}: no examples`) };
  if (share === 0) return { id, ...unanswerable(`${where}: ${n} examples, all of one group`) };
  const finding = judgePaired(sample, { where, line: -margin, alpha });
  const tooFew = holdForGroups(groups, n, policy.minimum.groups, where);
  if (finding.verdict === 'fail' || (finding.verdict === 'pass' && tooFew === null))
    return { id, ...finding };
  const even = (counts.gains + counts.losses) / 2;
  const level = levelForPower(alpha, 1 - FALSE_HOLDS / among);
  const excluded =
    tangoInterval(scaleCounts({ gains: even, losses: even, n }, share), level).lower > -holdBeyond;
  if (tooFew === null && n >= minimum && excluded && (finding.lower ?? 0) <= -holdBeyond) {
    const detail = `${finding.detail}; a loss of more than ${formatPoints(holdBeyond)} points is still possible`;
    return { id, ...leaveToReferee({ ...finding, detail }, n + (finding.moreLabels?.n ?? n)) };
  }
  return {
    id,
    ...unanswerable({ ...finding, detail: tooFew?.detail ?? `${finding.detail}; too few labels to tell` }),
  };
}
