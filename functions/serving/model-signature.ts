/**
 * What a model takes and gives, as tensors. Both protocols describe it from here.
 */
import { encodedShape } from '../../shared/model/spec/input.ts';
import type { ServingSpec } from '../../shared/model/spec/serving-spec.ts';
import type { Feature, InputSpec } from '../../shared/model/spec/spec.ts';

export interface TensorSpec {
  readonly name: string;
  readonly type: 'float' | 'string';
  /** The batch first; -1 is any size. */
  readonly shape: readonly number[];
}

/** The name of the input that is one tensor. */
export const INPUT = 'input';

export const PROBABILITIES = 'probabilities';
export const LABEL = 'label';
/** Of a regression. */
export const PREDICTION = 'prediction';

/**
 * An image is one tensor, and a tensor is. So are numbers in a row; where there are categories among them, each feature is one of its own,
 * because a tensor has one type. Requests may always use either form that their types allow.
 */
export function describeInputs(input: InputSpec): TensorSpec[] {
  if (input.kind !== 'tabular') return [{ name: INPUT, type: 'float', shape: [-1, ...encodedShape(input)] }];
  if (isNumeric(input.features)) return [{ name: INPUT, type: 'float', shape: [-1, input.features.length] }];
  return input.features.map(({ name, type }) => ({
    name,
    type: type === 'number' ? 'float' : 'string',
    shape: [-1, 1],
  }));
}

/**
 * What a model answers with, `-1` for the number of examples: a regression's prediction [-1, 1]; probabilities [-1,
 * labels] and label [-1] of a classification.
 */
export function describeOutputs(spec: ServingSpec): [TensorSpec, ...TensorSpec[]] {
  if (spec.task === 'regression') return [{ name: PREDICTION, type: 'float', shape: [-1, 1] }];
  return [
    { name: PROBABILITIES, type: 'float', shape: [-1, spec.labels.length] },
    { name: LABEL, type: 'string', shape: [-1] },
  ];
}

/** Whether every feature is a number, so that an example can be a row of a float tensor. */
export function isNumeric(features: readonly Feature[]): boolean {
  return features.every(({ type }) => type === 'number');
}

/** None of a regression. */
export function labelsOf(spec: ServingSpec): readonly string[] {
  return spec.task === 'classification' ? spec.labels : [];
}
