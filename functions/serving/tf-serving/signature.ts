/**
 * The signatures under which a model can be called (tensorflow/python/saved_model/signature_constants.py):
 * `serving_default`, and one named after its method for predicting, and for classifying or regressing.
 */
import type { ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import { ok, type Result } from '../../../shared/result.ts';
import { type AppError, invalid } from '../../http/errors.ts';
import type { Verb } from './path.ts';

export const DEFAULT_SIGNATURE = 'serving_default';

export const METHODS = {
  predict: 'tensorflow/serving/predict',
  classify: 'tensorflow/serving/classify',
  regress: 'tensorflow/serving/regress',
} as const satisfies Record<Verb, string>;

/** The verb that takes a model's examples. */
export function exampleVerb({ task }: Pick<ServingSpec, 'task'>): 'classify' | 'regress' {
  return task === 'classification' ? 'classify' : 'regress';
}

/** Checks a request's `signature_name` for a verb; absent or empty it is the default. */
export function checkSignature(name: unknown, verb: Verb): Result<null, AppError> {
  if (name === undefined || name === null) return ok(null);
  if (typeof name !== 'string') return invalid("'signature_name' key must be a string value");
  const known = [DEFAULT_SIGNATURE, METHODS[verb]];
  if (name === '' || known.includes(name)) return ok(null);
  return invalid(`signature_name: expected ${known.join(' or ')}, got ${JSON.stringify(name.slice(0, 80))}`);
}
