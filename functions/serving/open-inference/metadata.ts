/**
 * What the Open Inference Protocol tells of the server and of its models.
 */
import type { ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import { describeInputs, describeOutputs, type TensorSpec } from '../model-signature.ts';
import { VERSION } from '../../version.ts';

export const SERVER = {
  name: 'holdfast',
  version: VERSION,
  extensions: ['binary_tensor_data', 'classification'],
};

/** The specification's two documents call the key of health answers differently: both stand here. */
export const HEALTHY = { live: true, ready: true };

/** `$metadata_model_response` of the Open Inference Protocol, with the one version that answers. */
export function describeModel(spec: ServingSpec, version: number): object {
  return {
    name: spec.name,
    versions: [String(version)],
    platform: 'holdfast_edge',
    inputs: describeInputs(spec.input).map(toTensorMetadata),
    outputs: describeOutputs(spec).map(toTensorMetadata),
  };
}

/** As Triton's clients read a model's configuration (model_config.proto in JSON). */
export function describeConfig(spec: ServingSpec): object {
  const toConfig = ({ name, type, shape }: TensorSpec): object => ({
    name,
    data_type: type === 'float' ? 'TYPE_FP32' : 'TYPE_STRING',
    // Without the batch; a tensor of nothing else has one number.
    dims: shape.length > 1 ? shape.slice(1) : [1],
  });
  return {
    name: spec.name,
    platform: 'holdfast_edge',
    backend: 'holdfast',
    version_policy: { latest: { num_versions: 1 } },
    max_batch_size: 0,
    input: describeInputs(spec.input).map(toConfig),
    output: describeOutputs(spec).map(toConfig),
  };
}

function toTensorMetadata({ name, type, shape }: TensorSpec): object {
  return { name, datatype: type === 'float' ? 'FP32' : 'BYTES', shape };
}
