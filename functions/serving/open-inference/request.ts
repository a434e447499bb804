/**
 * An infer request's way to examples, and to the form of its answer.
 */
import type { ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import type { InputSpec } from '../../../shared/model/spec/spec.ts';
import { ok, type Result } from '../../../shared/result.ts';
import { type AppError, invalid } from '../../http/errors.ts';
import { readGroups } from '../groups.ts';
import type { Example, InferenceRequest } from '../inference.ts';
import { describeOutputs } from '../model-signature.ts';
import { checkPixels } from '../pixels.ts';
import { inferAnswer } from './answer.ts';
import type { InferBody, RawTensor } from './body.ts';
import { fromRawBody, toExamples } from './examples.ts';
import { chooseOutputs } from './outputs.ts';
import { type Gaps, readTensor, type Tensor } from './tensor.ts';

/** @param maxExamples  in one request */
export function readInferRequest(
  body: InferBody,
  spec: ServingSpec,
  maxExamples: number,
): Result<InferenceRequest, AppError> {
  const said = body.kind === 'request' ? body.request.pixels : undefined;
  const pixels = checkPixels(said, 'parameters.pixels', spec.input);
  if (!pixels.ok) return pixels;
  const examples = pixels.value(readExamples(body, spec, maxExamples));
  if (!examples.ok) return examples;
  const known = describeOutputs(spec).map(({ name }) => name);
  // Who sends nothing but the bytes of a tensor is answered in bytes.
  const { id, outputs, binaryOutput } =
    body.kind === 'request' ? body.request : { id: null, outputs: null, binaryOutput: body.kind === 'raw' };
  const chosen = chooseOutputs(outputs, known, binaryOutput);
  if (!chosen.ok) return invalid(chosen.error);
  const group = body.kind === 'request' ? body.request.group : null;
  const groups = readGroups(group, examples.value.length, 'parameters.group');
  if (!groups.ok) return groups;
  const form = { id, outputs: chosen.value };
  const answer: InferenceRequest['answer'] = (prediction) => inferAnswer(form, prediction);
  return ok({ examples: examples.value, groups: groups.value, answer });
}

function readExamples(body: InferBody, { input }: ServingSpec, max: number): Result<Example[], AppError> {
  switch (body.kind) {
    case 'raw':
      return fromRawBody(body.bytes, input, max);
    case 'image':
      return ok([{ bytes: body.bytes, where: 'body' }]);
    case 'request': {
      const tensors = readTensors(body.tensors, input);
      return tensors.ok ? toExamples(tensors.value, input, max) : tensors;
    }
  }
}

function readTensors(raw: readonly RawTensor[], input: InputSpec): Result<Tensor[], AppError> {
  const tensors: Tensor[] = [];
  for (const [i, item] of raw.entries()) {
    const tensor = readTensor(item, `inputs[${i}]`, gapsOf(item.name, input));
    if (!tensor.ok) return invalid(tensor.error);
    tensors.push(tensor.value);
  }
  return ok(tensors);
}

/** Null may stand for a value of a feature that may be missing. A tensor of no feature's name has all of them in turn. */
function gapsOf(name: string, input: InputSpec): Gaps {
  if (input.kind !== 'tabular') return () => false;
  const own = input.features.filter((feature) => feature.name === name);
  const features = own.length > 0 ? own : input.features;
  return (position) => features[position % features.length]?.missing === true;
}
