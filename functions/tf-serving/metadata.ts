/**
 * `GET …/metadata`: the model's signatures as the JSON form of TF Serving's GetModelMetadataResponse, in which the map of
 * signatures stands inside a message of the same name.
 */
import type { Spec } from '../../shared/model/spec.ts';
import { describeInputs, describeOutputs, type TensorSpec } from '../model-signature.ts';
import { DEFAULT_SIGNATURE, METHODS } from './signature.ts';

export function describeMetadata(spec: Spec, version: number): object {
  const signatures = {
    [DEFAULT_SIGNATURE]: {
      inputs: toTensorInfos(describeInputs(spec.input)),
      outputs: toTensorInfos(describeOutputs(spec).slice(0, 1)),
      method_name: METHODS.predict,
    },
    [METHODS.classify]: {
      inputs: toTensorInfos([{ name: 'inputs', type: 'string', shape: [-1] }]),
      outputs: toTensorInfos([
        { name: 'classes', type: 'string', shape: [-1, spec.labels.length] },
        { name: 'scores', type: 'float', shape: [-1, spec.labels.length] },
      ]),
      method_name: METHODS.classify,
    },
  };
  return {
    model_spec: { name: spec.name, signature_name: '', version: String(version) },
    metadata: { signature_def: { signature_def: signatures } },
  };
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
