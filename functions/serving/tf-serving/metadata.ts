/**
 * `GET …/metadata`: the model's signatures as the JSON form of TF Serving's GetModelMetadataResponse, in which the map of
 * signatures stands inside a message of the same name.
 */
import type { ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import { describeInputs, describeOutputs, type TensorSpec } from '../model-signature.ts';
import { DEFAULT_SIGNATURE, exampleVerb, METHODS } from './signature.ts';

/** Two signatures: `serving_default` for rows and the one of TF Serving's Example verbs (classify or regress). */
export function describeMetadata(spec: ServingSpec, version: number): object {
  const verb = exampleVerb(spec);
  const [output] = describeOutputs(spec);
  const signatures = {
    [DEFAULT_SIGNATURE]: {
      inputs: toTensorInfos(describeInputs(spec.input)),
      outputs: toTensorInfos([output]),
      method_name: METHODS.predict,
    },
    [METHODS[verb]]: {
      inputs: toTensorInfos([{ name: 'inputs', type: 'string', shape: [-1] }]),
      outputs: toTensorInfos(describeExampleOutputs(spec)),
      method_name: METHODS[verb],
    },
  };
  return {
    model_spec: { name: spec.name, signature_name: '', version: String(version) },
    metadata: { signature_def: { signature_def: signatures } },
  };
}

/** What a signature over tf.Example answers (tensorflow/python/saved_model/signature_constants.py). */
function describeExampleOutputs(spec: ServingSpec): TensorSpec[] {
  if (spec.task === 'regression') return [{ name: 'outputs', type: 'float', shape: [-1] }];
  const shape = [-1, spec.labels.length];
  return [
    { name: 'classes', type: 'string', shape },
    { name: 'scores', type: 'float', shape },
  ];
}

function toTensorInfos(tensors: readonly TensorSpec[]): Record<string, object> {
  return Object.fromEntries(tensors.map((tensor) => [tensor.name, toTensorInfo(tensor)]));
}

/** int64 is text in the JSON form of protocol buffers. */
function toTensorInfo({ name, type, shape }: TensorSpec): object {
  return {
    dtype: type === 'float' ? 'DT_FLOAT' : 'DT_STRING',
    tensor_shape: { dim: shape.map((size) => ({ size: String(size), name: '' })), unknown_rank: false },
    name: `${name}:0`,
  };
}
