/**
 * The base as TensorFlow.js itself cuts and computes it, on its plain JavaScript backend: the reference for the edge
 * plan, and the files that are kept beside it.
 */
import type * as Tensorflow from '@tensorflow/tfjs';
import type { BaseManifest } from '../../shared/registry/manifest.ts';
import { type BaseSource, concatShards } from './base-source.ts';

export type Pooling = BaseManifest['pooling'];

/** Keras's names of the layers that pool. */
export const POOLING_LAYERS = { average: 'GlobalAveragePooling2D', flatten: 'Flatten' } as const;

export interface Reference {
  /** @returns [batch, featureSize] for [batch, ...inputShape] */
  readonly predict: (input: Float32Array, batch: number) => Promise<Float32Array>;
  /** The cut model as tfjs files; model.json names one shard, weights.bin. */
  readonly files: { readonly modelJson: object; readonly weights: Uint8Array };
}

/** @param output  an existing layer; the model has been compiled, so that its files are known to be sound */
export async function cutWithTensorflow(
  source: BaseSource,
  output: string,
  pooling: Pooling,
): Promise<Reference> {
  const tf = await import('@tensorflow/tfjs');
  // Otherwise TensorFlow.js advertises its native Node binding on every start.
  tf.enableProdMode();
  await tf.setBackend('cpu');
  const whole = await tf.loadLayersModel(tf.io.fromMemory(toArtifacts(source)));
  const inner = whole.getLayer(output).output as Tensorflow.SymbolicTensor;
  const cut = tf.model({ inputs: whole.inputs, outputs: pool(tf, inner, pooling) });
  const shape = (whole.inputs[0]?.shape ?? []).slice(1).map(Number);
  return {
    predict: async (input, batch) => {
      const result = cut.predict(tf.tensor(input, [batch, ...shape])) as Tensorflow.Tensor;
      return (await result.data()) as Float32Array;
    },
    files: await save(tf, cut),
  };
}

function pool(
  tf: typeof Tensorflow,
  inner: Tensorflow.SymbolicTensor,
  pooling: Pooling,
): Tensorflow.SymbolicTensor {
  switch (pooling) {
    case 'none':
      return inner;
    case 'average':
      return tf.layers.globalAveragePooling2d({}).apply(inner) as Tensorflow.SymbolicTensor;
    case 'flatten':
      return tf.layers.flatten().apply(inner) as Tensorflow.SymbolicTensor;
  }
}

function toArtifacts(source: BaseSource): Tensorflow.io.ModelArtifacts {
  const { modelTopology, weightsManifest } = source.json as Tensorflow.io.ModelJSON;
  return {
    modelTopology,
    weightSpecs: weightsManifest.flatMap(({ weights }) => weights),
    weightData: concatShards(source).buffer,
  };
}

async function save(tf: typeof Tensorflow, model: Tensorflow.LayersModel): Promise<Reference['files']> {
  let saved: Tensorflow.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      saved = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const modelJson = {
    format: 'layers-model',
    generatedBy: saved.generatedBy ?? null,
    convertedBy: 'holdfast',
    modelTopology: saved.modelTopology,
    weightsManifest: [{ paths: ['weights.bin'], weights: saved.weightSpecs ?? [] }],
  };
  const data = saved.weightData ?? new ArrayBuffer(0);
  return {
    modelJson,
    weights: new Uint8Array(await new Blob(Array.isArray(data) ? data : [data]).arrayBuffer()),
  };
}
