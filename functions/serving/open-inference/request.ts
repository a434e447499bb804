/**
 * An infer request's way to examples, and to the form of its answer.
 */
import type { ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import { ok, type Result } from '../../../shared/result.ts';
import { type AppError, invalid } from '../../http/errors.ts';
import type { Example, InferenceRequest } from '../inference.ts';
import { describeOutputs } from '../model-signature.ts';
import { checkPixels } from '../pixels.ts';
import { inferAnswer } from './answer.ts';
import type { InferBody, RawTensor } from './body.ts';
import { fromRawBody, toExamples } from './examples.ts';
import { chooseOutputs } from './outputs.ts';
import { readTensor, type Tensor } from './tensor.ts';

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
  const form = { id, outputs: chosen.value };
  return ok({ examples: examples.value, answer: (prediction) => inferAnswer(form, prediction) });
}

function readExamples(body: InferBody, { input }: ServingSpec, max: number): Result<Example[], AppError> {
  switch (body.kind) {
    case 'raw':
      return fromRawBody(body.bytes, input, max);
    case 'image':
      return ok([{ bytes: body.bytes, where: 'body' }]);
    case 'request': {
      const tensors = readTensors(body.tensors);
      return tensors.ok ? toExamples(tensors.value, input, max) : tensors;
    }
  }
}

function readTensors(raw: readonly RawTensor[]): Result<Tensor[], AppError> {
  const tensors: Tensor[] = [];
  for (const [i, input] of raw.entries()) {
    const tensor = readTensor(input, `inputs[${i}]`);
    if (!tensor.ok) return invalid(tensor.error);
    tensors.push(tensor.value);
  }
  return ok(tensors);
}
