/**
 * The models that are measured, as versions that could be published: spec, manifest and the four files.
 */
import * as tf from '@tensorflow/tfjs';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256Hex } from '../../shared/digest.ts';
import { parseModelJson } from '../../shared/model/artifacts.ts';
import { listWeightFiles } from '../../shared/model/weights.ts';
import { specDigest } from '../../shared/model/load-spec.ts';
import { outputShapeOf } from '../../shared/model/plan.ts';
import { type InputSpec, specSchema } from '../../shared/model/spec.ts';
import { sizeOf } from '../../shared/model/tensor.ts';
import { encodeJson } from '../../shared/registry/json.ts';
import type { VersionFile } from '../../shared/registry/keys.ts';
import type { Constants, Manifest } from '../../shared/registry/manifest.ts';
import { compileFiles, type ModelFiles, saveModel, unwrap } from '../shared/model/support.ts';
import { dataPath } from '../support/data.ts';
import { makeManifest } from '../support/version.ts';
import type { BenchModel } from './bench-model.ts';

const MOBILENET = dataPath('models', 'mobilenet_v1_0.25_224_layers');

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
  return createModel('mlp', { kind: 'tabular', features }, [64], parts);
}

/** Two convolutions, each with pooling, and two dense layers, on grey images of 28x28. */
export function createCnn(): Promise<BenchModel> {
  const pool = () => layers.maxPooling2d({ poolSize: 2 });
  const parts = [convolution(16), pool(), convolution(32), pool(), layers.flatten()];
  return createModel('cnn', image(28, 1), [28, 28, 1], [...parts, dense(64, 'relu'), dense(10, 'softmax')]);
}

/** MobileNet v1 0.25/224, pretrained; an error text that says what is missing where it is not there. */
export async function loadMobileNet(): Promise<BenchModel | string> {
  if (!existsSync(MOBILENET)) return `there is no ${MOBILENET} (HOLDFAST_DATA names another data folder)`;
  const json = JSON.parse(await readFile(path.join(MOBILENET, 'model.json'), 'utf8')) as ModelFiles['json'];
  const shards = listWeightFiles(unwrap(parseModelJson(json)));
  const bytes = await Promise.all(shards.map((shard) => readFile(path.join(MOBILENET, shard))));
  return toVersion('mobilenet', image(224, 3), { json, weights: Buffer.concat(bytes) });
}

/** Pixels as they come: what the model sees is what the peer is given. */
function image(side: number, channels: 1 | 3): InputSpec {
  return { kind: 'image', height: side, width: side, channels, scale: 1, offset: 0 };
}

async function createModel(
  name: string,
  input: InputSpec,
  inputShape: number[],
  parts: readonly tf.layers.Layer[],
): Promise<BenchModel> {
  await tf.setBackend('cpu');
  const model = tf.sequential({ layers: [layers.inputLayer({ inputShape }), ...parts] });
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
  return { spec, manifest: describeVersion(spec, files), files };
}

function describeVersion(spec: BenchModel['spec'], files: BenchModel['files']): Manifest {
  const describe = (name: VersionFile) => ({
    sha256: sha256Hex(files[name]),
    bytes: files[name].byteLength,
  });
  return makeManifest(1, {
    model: spec.name,
    specDigest: specDigest(spec),
    labels: spec.labels,
    constants: identityConstants(spec.input),
    files: {
      'model.json': describe('model.json'),
      'weights.bin': describe('weights.bin'),
      'edge.json': describe('edge.json'),
      'edge.bin': describe('edge.bin'),
    },
  });
}

/** Preprocessing that is done, and changes nothing. */
function identityConstants(input: InputSpec): Constants | null {
  if (input.kind === 'image') return null;
  return { mean: input.features.map(() => 0), scale: input.features.map(() => 1) };
}
