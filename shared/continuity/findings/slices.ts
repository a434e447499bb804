/**
 * Slices: the examples of one class, or of one value of a declared feature.
 */
import { plainFinding } from './check-result.ts';
import type { Part } from './check-result.ts';
import type { Evidence, SlicedFeature } from '../evidence/evidence.ts';
import { judgePaired, questionOf } from './paired-finding.ts';
import { samplePairs } from './paired-sample.ts';
import type { Selection } from './paired-sample.ts';
import type { GatePolicy } from '../policy.ts';
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

/**
 * Whether the candidate is no worse by the margin within a slice. One with fewer examples than the minimum can fail,
 * when it is shown to be worse, but does not hold: a rare one would otherwise keep every candidate out.
 */
export function judgeSlice(
  { id, where, select }: Slice,
  windows: readonly ComparedWindow[],
  policy: GatePolicy,
  { margin, minimum }: { readonly margin: number; readonly minimum: number },
): Part {
  const sample = samplePairs(windows, policy, select);
  const { n } = sample.counts;
  if (n === 0) return { id, ...plainFinding('skip', `${where}: no examples`) };
  const small = (sample.groups ?? Number.POSITIVE_INFINITY) < policy.minimum.groups;
  if (sample.share === 0) return { id, ...plainFinding('skip', `${where}: ${n} examples, all of one group`) };
  const finding = judgePaired(sample.counts, questionOf(sample, where, -margin, 0));
  if ((n >= minimum && !small) || finding.verdict === 'fail') return { id, ...finding };
  const { moreLabels: _moreLabels, ...numbers } = finding;
  const detail = small
    ? `${where}: ${sample.groups} of the ${policy.minimum.groups} groups needed to hold a candidate back`
    : `${where}: ${n} of the ${minimum} examples needed to hold a candidate back`;
  return { id, ...numbers, verdict: 'skip', detail };
}
