/**
 * What a `:classify` or `:regress` request says (api_rest.md, json_tensor.cc): `examples`, each a map from features to a
 * value or a list of values, and a `context` whose features hold for every example that does not name them itself.
 * Features that the model does not read are ignored, as parsing a tf.Example ignores them.
 */
import { compareNames, describeNames } from '../../../shared/model/spec/input.ts';
import type { ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import type { Feature } from '../../../shared/model/spec/spec.ts';
import { ok, type Result } from '../../../shared/result.ts';
import { type AppError, invalid } from '../../http/errors.ts';
import { readGroups } from '../groups.ts';
import type { Example, InferenceRequest } from '../inference.ts';
import { INPUT } from '../model-signature.ts';
import { classifyAnswer, regressAnswer } from './answers.ts';
import { checkSignature, exampleVerb, METHODS } from './signature.ts';
import { checkCount, isBase64Object, isObject, type JsonObject, readExample } from './values.ts';

type ExampleVerb = 'classify' | 'regress';

/** @param maxExamples  in one request */
export function readExamplesRequest(
  verb: ExampleVerb,
  body: unknown,
  spec: ServingSpec,
  maxExamples: number,
): Result<InferenceRequest, AppError> {
  if (!isObject(body)) return invalid("expected an object with the key 'examples' as the body");
  const signature = checkSignature(body['signature_name'], verb);
  if (!signature.ok) return signature;
  const served = checkVerb(verb, exampleVerb(spec));
  if (!served.ok) return served;
  const context = readFeatures(body['context'] ?? {}, 'context');
  if (!context.ok) return context;
  const list = body['examples'];
  if (!Array.isArray(list)) return invalid("expected 'examples' to be a list");
  const counted = checkCount(list, 'examples', maxExamples);
  if (!counted.ok) return counted;
  const examples: Example[] = [];
  for (const [i, item] of list.entries()) {
    const example = readFeatureMap(spec, item, context.value, `examples[${i}]`);
    if (!example.ok) return example;
    examples.push(example.value);
  }
  const groups = readGroups(body['group'], examples.length, 'group');
  if (!groups.ok) return groups;
  const answer = verb === 'classify' ? classifyAnswer : regressAnswer;
  return ok({ examples, groups: groups.value, answer });
}

/** The verb must be the one that the model's signature has: TF Serving says it in these words. */
function checkVerb(verb: ExampleVerb, served: ExampleVerb): Result<null, AppError> {
  if (verb === served) return ok(null);
  const noun = verb === 'classify' ? 'classification' : 'regression';
  return invalid(`Expected ${noun} signature method_name to be ${METHODS[verb]}. Was: ${METHODS[served]}`);
}

function readFeatureMap(
  spec: ServingSpec,
  item: unknown,
  context: JsonObject,
  where: string,
): Result<Example, AppError> {
  const own = readFeatures(item, where);
  if (!own.ok) return own;
  const features = { ...context, ...own.value };
  const { input } = spec;
  if (input.kind !== 'tabular') return readExample(spec, unwrapImage(features[INPUT]), `${where}.${INPUT}`);
  const { gaps, strays } = compareNames(input.features, features);
  // Where a feature may be missing, a name that is not known may be one that is misspelt.
  if (gaps.length > 0 && strays.length > 0) return invalid(`${where}: ${describeNames(gaps, strays)}`);
  const known = input.features.flatMap((feature) =>
    Object.hasOwn(features, feature.name) ? [[feature.name, toValue(feature, features[feature.name])]] : [],
  );
  return readExample(spec, Object.fromEntries(known), where);
}

/** Checks that every feature is a value or a list of values; what the model reads of them is checked after. */
function readFeatures(value: unknown, where: string): Result<JsonObject, AppError> {
  if (!isObject(value)) {
    return invalid(`${where}: Example must be JSON object`);
  }
  // null is absent.
  const given = Object.entries(value).filter(([, content]) => content !== null);
  for (const [name, content] of given) {
    for (const item of Array.isArray(content) ? content : [content]) {
      if (item === null || (typeof item === 'object' && !isBase64Object(item))) {
        return invalid(`${where}: feature ${JSON.stringify(name.slice(0, 80))} has ${describe(item)} in it`);
      }
    }
  }
  return ok(Object.fromEntries(given));
}

function describe(item: object | null): string {
  if (item === null) return 'null';
  return Array.isArray(item) ? 'a list' : 'an object';
}

/** Booleans are stored as int64 in a tf.Example; of a category they are its words. */
function toValue(feature: Feature, content: unknown): unknown {
  if (Array.isArray(content) && content.length === 1) return toValue(feature, content[0]);
  return typeof content === 'boolean' && feature.type === 'number' ? Number(content) : content;
}

/** An image is a list of its pixels, or its bytes, alone or in a list. */
function unwrapImage(content: unknown): unknown {
  return Array.isArray(content) && content.length === 1 && isBase64Object(content[0]) ? content[0] : content;
}
