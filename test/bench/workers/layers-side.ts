/**
 * The other side: `LayersModel.predict` of TensorFlow.js on its own WASM backend, with no more of the library than that
 * takes.
 */
import * as tf from '@tensorflow/tfjs-core';
import tfjs from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { encodedShape } from '../../../shared/model/spec/input.ts';
import { registerWasmBackend } from '../../../trainer/kernels/tfjs/tfjs-backend.ts';
import type { BenchModel } from '../bench-model.ts';
import type { Side } from './side.ts';

export async function loadLayers({ spec, files }: BenchModel): Promise<Side> {
  await registerWasmBackend(tf, { tfjs });
  const model = await loadLayersModel(tf.io.fromMemory(toArtifacts(files)));
  const shape = encodedShape(spec.input);
  return { predict: ({ batch, flat }) => predict(model, flat, [batch, ...shape]) };
}

function predict(model: LayersModel, flat: Float32Array, shape: number[]): Float32Array {
  return tf.tidy(() => (model.predict(tf.tensor(flat, shape)) as tf.Tensor).dataSync<'float32'>());
}

interface ModelFile {
  readonly modelTopology: object;
  readonly weightsManifest: readonly { readonly weights: readonly tf.io.WeightsManifestEntry[] }[];
}

function toArtifacts(files: BenchModel['files']): tf.io.ModelArtifacts {
  const json = JSON.parse(new TextDecoder().decode(files['model.json'])) as ModelFile;
  return {
    modelTopology: json.modelTopology,
    weightSpecs: json.weightsManifest.flatMap(({ weights }) => weights),
    weightData: new Uint8Array(files['weights.bin']).buffer,
  };
}
