/**
 * The features by whose values the holdout is sliced: those that the policy names and that have named values.
 */
import type { SlicedFeature } from '../../../shared/continuity/evidence/evidence.ts';
import { namesOf } from '../../../shared/model/spec/feature.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import type { Examples } from '../features/features.ts';

/** In the spec's order. */
export function slicedFeatures({ input, gate }: Pick<Spec, 'input' | 'gate'>): SlicedFeature[] {
  if (input.kind !== 'tabular') return [];
  return input.features.flatMap((feature) =>
    feature.type === 'category' && gate.slices.includes(feature.name)
      ? [{ name: feature.name, values: namesOf(feature) }]
      : [],
  );
}

/**
 * Value ids of each sliced feature, [features][n].
 *
 * @param examples  of a tabular model: their values are raw, a category is its index
 */
export function sliceIds({ input, gate }: Pick<Spec, 'input' | 'gate'>, examples: Examples): Int32Array[] {
  if (input.kind !== 'tabular') return [];
  const columns = input.features.flatMap(({ name, type }, column) =>
    type === 'category' && gate.slices.includes(name) ? [column] : [],
  );
  return columns.map((column) =>
    Int32Array.from(examples.labels, (_, i) => examples.values[i * examples.size + column] as number),
  );
}
