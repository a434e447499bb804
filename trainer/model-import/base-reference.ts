/**
 * The base as TensorFlow.js itself computes it, on its plain JavaScript backend: the reference for the edge plan, and
 * the files that are kept beside it.
 */
import type * as Tensorflow from '@tensorflow/tfjs';
import type { FeaturePooling } from '../compile/compile.ts';
import { isLayersModel } from '../compile/tfjs-model.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { BaseSource } from './base-source.ts';
import { cutGraphModel } from './graph-cut.ts';

export interface Reference {
  /** @returns the features of one example */
  readonly predict: (input: Float32Array) => Promise<Float32Array>;
  /** The cut model as tfjs files; model.json names one shard, weights.bin. */
  readonly files: { readonly modelJson: object; readonly weights: Uint8Array };
}

export interface Cut {
  readonly source: BaseSource;
  /** An existing layer or node; the model has been compiled, so that its files are known to be sound. */
  readonly output: string;
  readonly pooling: FeaturePooling;
  /** Of the edge plan, without the batch. */
  readonly inputShape: readonly number[];
  readonly featureSize: number;
}

/** @returns what TensorFlow.js makes of it; its own words where it can't load the model */
export async function cutWithTensorflow(cut: Cut): Promise<Result<Reference, string>> {
  const tf = await import('@tensorflow/tfjs');
  // Otherwise TensorFlow.js advertises its native Node binding on every start.
  tf.enableProdMode();
  await tf.setBackend('cpu');
  try {
    return ok(isLayersModel(cut.source.model) ? await cutLayers(tf, cut) : await cutGraph(tf, cut));
  } catch (error) {
    return err(
      `TensorFlow.js can't load the model: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function cutLayers(tf: typeof Tensorflow, cut: Cut): Promise<Reference> {
  const { json } = cut.source;
  const { modelTopology, weightsManifest } = json as Tensorflow.io.ModelJSON;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  const weightData = cut.source.weights.buffer;
  const whole = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
  const inner = findOutput(tf, whole, cut.output);
  if (inner === undefined) throw new Error(`it has no layer '${cut.output}'`);
  const model = tf.model({ inputs: whole.inputs, outputs: pool(tf, inner, cut.pooling) });
  return { predict: predictor(tf, model, cut), files: await save(tf, model) };
}

async function cutGraph(tf: typeof Tensorflow, cut: Cut): Promise<Reference> {
  const { model, json } = cut.source;
  if (isLayersModel(model)) throw new Error('expected a GraphModel');
  const files = cutGraphModel({ ...cut, model, json, weights: cut.source.weights });
  const { modelTopology, weightsManifest, signature } = files.modelJson;
  const loaded = await tf.loadGraphModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest.flatMap(({ weights }) => weights) as Tensorflow.io.WeightsManifestEntry[],
      weightData: files.weights.buffer,
      signature,
    }),
  );
  return { predict: predictor(tf, loaded, cut), files };
}

function predictor(
  tf: typeof Tensorflow,
  model: Tensorflow.LayersModel | Tensorflow.GraphModel,
  { inputShape }: Cut,
): Reference['predict'] {
  return async (input) => {
    const x = tf.tensor(input, [1, ...inputShape]);
    const output = model.predict(x) as Tensorflow.Tensor;
    const features = (await output.data()) as Float32Array;
    tf.dispose([x, output]);
    return features;
  };
}

/** A layer's output, also of a layer in a nested model: by its own name or as `container/name`. */
function findOutput(
  tf: typeof Tensorflow,
  model: Tensorflow.LayersModel,
  name: string,
): Tensorflow.SymbolicTensor | undefined {
  const own = model.layers.find((layer) => layer.name === name);
  if (own !== undefined) return lastCall(own)?.outputTensors[0];
  for (const layer of model.layers) {
    if (!(layer instanceof tf.LayersModel)) continue;
    const prefix = `${layer.name}/`;
    const inner = findOutput(tf, layer, name.startsWith(prefix) ? name.slice(prefix.length) : name);
    if (inner === undefined) continue;
    const cut = tf.model({ inputs: layer.inputs, outputs: inner });
    return cut.apply(lastCall(layer)?.inputTensors ?? layer.inputs) as Tensorflow.SymbolicTensor;
  }
  return undefined;
}

interface LayerCall {
  readonly inputTensors: Tensorflow.SymbolicTensor[];
  readonly outputTensors: Tensorflow.SymbolicTensor[];
}

/** A nested model is called first by itself, then by the model around it. */
function lastCall(layer: Tensorflow.layers.Layer): LayerCall | undefined {
  return (layer as unknown as { inboundNodes: LayerCall[] }).inboundNodes.at(-1);
}

function pool(
  tf: typeof Tensorflow,
  inner: Tensorflow.SymbolicTensor,
  pooling: FeaturePooling,
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
