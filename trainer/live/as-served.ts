/**
 * Labelled examples as they are counted: what was answered, when the label came, and what the last label known was.
 */
import type { SlicedFeature } from '../../shared/continuity/evidence/evidence.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import { slicedFeatures } from '../pipeline/judge/feature-slices.ts';
import type { LabelledExample } from '../pipeline/data/history/join.ts';
import type { Answered } from './totals.ts';

/**
 * The last label that was known when each input came, [n]; null where there was none yet. A whole example's label is
 * known with it, and not before.
 *
 * @param examples  in any order
 */
export function lastLabels(
  examples: readonly Pick<LabelledExample, 'at' | 'label' | 'labelledAt'>[],
): (number | null)[] {
  const known = examples
    .map(({ at, label, labelledAt }) => ({ knownMs: Math.max(at, labelledAt ?? at), at, label }))
    .sort((a, b) => a.knownMs - b.knownMs || a.at - b.at || a.label - b.label);
  const order = [...examples.keys()].sort((a, b) => (examples[a]?.at ?? 0) - (examples[b]?.at ?? 0));
  const last: (number | null)[] = examples.map(() => null);
  let next = 0;
  let label: number | null = null;
  for (const i of order) {
    for (
      let one = known[next];
      one !== undefined && one.knownMs < (examples[i]?.at ?? 0);
      one = known[++next]
    )
      label = one.label;
    last[i] = label;
  }
  return last;
}

/**
 * @param said  what was answered
 * @param raw   the raw input, where slices are wanted
 */
export function answeredOf(
  spec: Spec,
  { at, label, served, labelledAt }: LabelledExample,
  said: number,
  lastLabel: number | null,
  raw: Float32Array | null,
): Answered {
  return {
    at,
    label,
    said,
    lastLabel,
    predicted: served !== undefined,
    delayMs: served === undefined || labelledAt === undefined ? null : Math.max(0, labelledAt - at),
    slices: raw === null ? [] : sliceNames(spec, raw),
  };
}

/** `device = phone`, of each feature that the policy slices by. */
export function sliceNames(spec: Spec, raw: Float32Array): string[] {
  const { input } = spec;
  if (input.kind !== 'tabular') return [];
  return slicedFeatures(spec).flatMap(({ name, values }: SlicedFeature) => {
    const column = input.features.findIndex((feature) => feature.name === name);
    const value = values[raw[column] ?? -1];
    return value === undefined ? [] : [`${name} = ${value}`];
  });
}
