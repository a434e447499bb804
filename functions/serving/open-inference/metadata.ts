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

export function describeModel(spec: ServingSpec, version: number): object {
  return {
    name: spec.name,
    versions: [String(version)],
    platform: 'holdfast_edge',
    inputs: describeInputs(spec.input).map(toTensorMetadata),
    outputs: describeOutputs(spec).map(toTensorMetadata),
  };
}

function toTensorMetadata({ name, type, shape }: TensorSpec): object {
  return { name, datatype: type === 'float' ? 'FP32' : 'BYTES', shape };
}
