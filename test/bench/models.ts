/**
 * The models that are measured, as versions that could be published: spec, manifest and the four files.
 */
import { describeFiles } from '../../trainer/model/file-facts.ts';
import * as tf from '@tensorflow/tfjs';
import { sha256Hex } from '../../shared/digest.ts';
import { specDigest } from '../../shared/model/spec/load-spec.ts';
import { outputShapeOf } from '../../shared/model/plan/plan.ts';
import { encodedShape } from '../../shared/model/spec/input.ts';
import { type InputSpec, specSchema } from '../../shared/model/spec/spec.ts';
import { sizeOf } from '../../shared/model/plan/tensor.ts';
import { encodeJson } from '../../shared/registry/store/json.ts';
import type { Constants, Manifest } from '../../shared/registry/versions/manifest.ts';
import { compileFiles, type ModelFiles, saveModel } from '../trainer/compile/support.ts';
import { makeManifest } from '../support/version.ts';
import type { BenchModel } from './bench-model.ts';
import { toOnnx } from './onnx/from-plan.ts';

const { layers } = tf;

// Else tfjs advertises its Node backend.
tf.enableProdMode();

/** Seeded, so that every run measures the same numbers. */
const kernelInitializer = () => tf.initializers.glorotUniform({ seed: 1 });

const dense = (units: number, activation: 'relu' | 'softmax') =>
  layers.dense({ units, activation, kernelInitializer: kernelInitializer() });

const convolution = (filters: number) =>
  layers.conv2d({ filters, kernelSize: 3, activation: 'relu', kernelInitializer: kernelInitializer() });

/** 64-256-256-10, on 64 number features. */
export function createMlp(): Promise<BenchModel> {
  const features = Array.from({ length: 64 }, (_, i) => ({ name: `x${i}`, type: 'number' as const }));
  const parts = [dense(256, 'relu'), dense(256, 'relu'), dense(10, 'softmax')];
  return createModel('mlp', { kind: 'tabular', features }, (x) => apply(x, parts));
}

/** Two convolutions, each with pooling, and two dense layers, on grey images of 28x28. */
export function createCnn(): Promise<BenchModel> {
  const pool = () => layers.maxPooling2d({ poolSize: 2 });
  const parts = [convolution(16), pool(), convolution(32), pool(), layers.flatten()];
  return createModel('cnn', image(28, 1), (x) =>
    apply(x, [...parts, dense(64, 'relu'), dense(10, 'softmax')]),
  );
}

/** MobileNet v1 with a width multiplier (Howard et al. 2017, arXiv:1704.04861), 0.25; random weights. */
export function createMobileNetV1(side: 128 | 224 = 128): Promise<BenchModel> {
  const width = 0.25;
  const blocks = [
    [64, 1],
    [128, 2],
    [128, 1],
    [256, 2],
    [256, 1],
    [512, 2],
    ...Array.from({ length: 5 }, () => [512, 1] as const),
    [1024, 2],
    [1024, 1],
  ] as const;
  const wire = (input: tf.SymbolicTensor) => {
    let x = normalised(input, spatial(32 * width, 3, 2), true);
    for (const [filters, strides] of blocks) {
      x = normalised(x, depthwise(strides), true);
      x = normalised(x, spatial(filters * width, 1, 1), true);
    }
    return classify(x);
  };
  return createModel('mobilenet-v1', image(side, 3), wire);
}

/** MobileNet v2 1.0 (Sandler et al. 2018, arXiv:1801.04381) on 224x224; random weights. */
export function createMobileNetV2(): Promise<BenchModel> {
  const stages = [
    { expansion: 1, filters: 16, repeats: 1, stride: 1 },
    { expansion: 6, filters: 24, repeats: 2, stride: 2 },
    { expansion: 6, filters: 32, repeats: 3, stride: 2 },
    { expansion: 6, filters: 64, repeats: 4, stride: 2 },
    { expansion: 6, filters: 96, repeats: 3, stride: 1 },
    { expansion: 6, filters: 160, repeats: 3, stride: 2 },
    { expansion: 6, filters: 320, repeats: 1, stride: 1 },
  ];
  const wire = (input: tf.SymbolicTensor) => {
    let x = normalised(input, spatial(32, 3, 2), true);
    for (const { expansion, filters, repeats, stride } of stages)
      for (let i = 0; i < repeats; i++) x = invertedResidual(x, expansion, filters, i === 0 ? stride : 1);
    return classify(normalised(x, spatial(1280, 1, 1), true));
  };
  return createModel('mobilenet-v2', image(224, 3), wire);
}

function invertedResidual(
  input: tf.SymbolicTensor,
  expansion: number,
  filters: number,
  stride: number,
): tf.SymbolicTensor {
  const channels = input.shape.at(-1) ?? 1;
  let x = expansion === 1 ? input : normalised(input, spatial(channels * expansion, 1, 1), true);
  x = normalised(x, depthwise(stride), true);
  x = normalised(x, spatial(filters, 1, 1), false);
  if (stride !== 1 || channels !== filters) return x;
  return layers.add().apply([input, x]) as tf.SymbolicTensor;
}

const spatial = (filters: number, kernelSize: number, strides: number) =>
  layers.conv2d({ filters, kernelSize, strides, padding: 'same', useBias: false, kernelInitializer: wide() });

const depthwise = (strides: number) =>
  layers.depthwiseConv2d({
    kernelSize: 3,
    strides,
    padding: 'same',
    useBias: false,
    depthwiseInitializer: tf.initializers.randomUniform({ minval: -0.8, maxval: 0.8, seed: 1 }),
  });

/** Keeps the signal's size through many layers. */
const wide = () => tf.initializers.heNormal({ seed: 1 });

function normalised(x: tf.SymbolicTensor, layer: tf.layers.Layer, rectified: boolean): tf.SymbolicTensor {
  const parts = [layer, layers.batchNormalization(), ...(rectified ? [layers.reLU({ maxValue: 6 })] : [])];
  return apply(x, parts);
}

function classify(x: tf.SymbolicTensor): tf.SymbolicTensor {
  return apply(x, [layers.globalAveragePooling2d({}), dense(1000, 'softmax')]);
}

function apply(x: tf.SymbolicTensor, parts: readonly tf.layers.Layer[]): tf.SymbolicTensor {
  return parts.reduce((value, part) => part.apply(value) as tf.SymbolicTensor, x);
}

/** Pixels as they come: what the model sees is what the peer is given. */
function image(side: number, channels: 1 | 3): InputSpec {
  return { kind: 'image', height: side, width: side, channels, scale: 1, offset: 0 };
}

async function createModel(
  name: string,
  input: InputSpec,
  wire: (input: tf.SymbolicTensor) => tf.SymbolicTensor,
): Promise<BenchModel> {
  await tf.setBackend('cpu');
  const inputs = tf.input({ shape: encodedShape(input) });
  const model = tf.model({ inputs, outputs: wire(inputs) });
  const files = await saveModel(model);
  model.dispose();
  return toVersion(name, input, files);
}

function toVersion(name: string, input: InputSpec, saved: ModelFiles): BenchModel {
  const { plan, weights } = compileFiles(saved);
  const labels = Array.from({ length: sizeOf(outputShapeOf(plan)) }, (_, i) => String(i));
  const spec = specSchema.parse({
    format: 'holdfast-spec/1',
    name,
    task: 'classification',
    input,
    labels,
    salt: sha256Hex(encodeJson(name)),
  });
  const files = {
    'model.json': encodeJson(saved.json),
    'weights.bin': saved.weights,
    'edge.json': encodeJson(plan),
    'edge.bin': weights,
  };
  return { spec, manifest: describeVersion(spec, files), files, onnx: toOnnx(plan, weights) };
}

function describeVersion(spec: BenchModel['spec'], files: BenchModel['files']): Manifest {
  return makeManifest(1, {
    model: spec.name,
    specDigest: specDigest(spec),
    labels: spec.task === 'classification' ? spec.labels : [],
    constants: identityConstants(spec.input),
    files: describeFiles(files),
  });
}

/** Preprocessing that is done, and changes nothing. */
function identityConstants(input: InputSpec): Constants | null {
  if (input.kind !== 'tabular') return null;
  return { mean: input.features.map(() => 0), scale: input.features.map(() => 1) };
}
