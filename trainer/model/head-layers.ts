/**
 * The head's layers as plain arrays: a new initialisation, or the champion's.
 */
import { type LayerJson, parseModelJson } from '../compile/artifacts.ts';
import { decodeWeights } from '../compile/weights.ts';
import type { DenseLayer, Normalization } from './head.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import { outputActivation, outputWidth, type TaskSpec } from '../../shared/model/spec/task.ts';
import type { Tensor } from '../../shared/model/plan/tensor.ts';
import { type ModelLayers, type Trunk, withoutDropout } from './trunk.ts';
import type { Random } from '../../shared/random.ts';

/**
 * Glorot-uniform kernels and zero biases (Glorot & Bengio 2010): uniform in ±sqrt(6 / (in + out)), from the run's own
 * generator. A normalisation begins as none: mean 0, variance 1.
 *
 * @param size  features the first layer reads
 */
export function initialHead(spec: HeadSpec, size: number, random: Random): DenseLayer[] {
  const layers: DenseLayer[] = [];
  let inputs = size;
  for (const { units, activation, normalization } of wantedLayers(spec)) {
    const limit = Math.sqrt(6 / (inputs + units));
    const kernel = Float32Array.from({ length: inputs * units }, () => (random.uniform() * 2 - 1) * limit);
    layers.push({
      kernel: { shape: [inputs, units], data: kernel },
      bias: { shape: [units], data: new Float32Array(units) },
      activation,
      ...(normalization === 'batch' ? { normalization: neutral(units) } : {}),
    });
    inputs = units;
  }
  return layers;
}

type HeadSpec = Pick<Spec, 'head'> & TaskSpec;

interface WantedLayer {
  readonly units: number;
  readonly activation: DenseLayer['activation'];
  readonly normalization: 'none' | 'batch';
}

function wantedLayers(spec: HeadSpec): WantedLayer[] {
  const output = { units: outputWidth(spec), activation: outputActivation(spec) };
  return [...spec.head, { ...output, normalization: 'none' }];
}

function neutral(units: number): Normalization {
  const filled = (value: number): Tensor => ({ shape: [units], data: new Float32Array(units).fill(value) });
  return { gamma: filled(1), beta: filled(0), mean: filled(0), variance: filled(1) };
}

/**
 * A published model's layers, or null when they are not those the spec asks for now (its head or network was changed):
 * then training starts afresh.
 *
 * @param trunk      the layers wanted in front of the head; null for a head by itself
 * @param size       how many numbers the head reads
 * @param modelJson  a version's model.json
 * @param weights    its weights.bin
 */
export function publishedModel(
  spec: HeadSpec,
  trunk: readonly LayerJson[] | null,
  size: number,
  modelJson: unknown,
  weights: Uint8Array,
): ModelLayers | null {
  const model = parseModelJson(modelJson);
  if (!model.ok) return null;
  const tensors = decodeWeights(model.value, weights);
  if (!tensors.ok) return null;
  const wanted = withoutDropout(trunk ?? []);
  const ownLayers = model.value.layers.slice(0, wanted.length);
  if (trunk !== null && JSON.stringify(ownLayers) !== JSON.stringify(wanted)) return null;
  const head = readLayers(model.value.layers.slice(wanted.length), tensors.value);
  if (head === null || !fits(head, wantedLayers(spec), size)) return null;
  return { trunk: trunk && readTrunk(trunk, tensors.value), head };
}

/** The wanted layers, dropout among them, with the published weights. */
function readTrunk(layers: readonly LayerJson[], tensors: ReadonlyMap<string, Tensor>): Trunk {
  const names = new Set(layers.map(({ name }) => name));
  const own = [...tensors].filter(([weight]) => names.has(weight.slice(0, weight.lastIndexOf('/'))));
  return { layers, tensors: new Map(own) };
}

/** As `headToLayersModel` wrote them: what follows a Dense belongs to it. */
function readLayers(files: readonly LayerJson[], tensors: ReadonlyMap<string, Tensor>): DenseLayer[] | null {
  const layers: DenseLayer[] = [];
  for (const { className, name, config } of files) {
    const weights = (...parts: string[]) => parts.map((part) => tensors.get(`${name}/${part}`));
    const activation = config['activation'] as DenseLayer['activation'];
    const last = layers.pop();
    if (className === 'Dense') {
      const [kernel, bias] = weights('kernel', 'bias');
      if (!kernel || !bias) return null;
      layers.push(...(last ? [last] : []), { kernel, bias, activation });
    } else if (last && className === 'BatchNormalization') {
      const [gamma, beta, mean, variance] = weights('gamma', 'beta', 'moving_mean', 'moving_variance');
      if (!gamma || !beta || !mean || !variance) return null;
      layers.push({ ...last, normalization: { gamma, beta, mean, variance } });
    } else if (last && className === 'Activation') layers.push({ ...last, activation });
    else if (last && className === 'LeakyReLU') layers.push({ ...last, activation: 'leakyRelu' });
    else if (last || className !== 'InputLayer') return null;
  }
  return layers;
}

function fits(layers: readonly DenseLayer[], wanted: readonly WantedLayer[], size: number): boolean {
  if (layers.length !== wanted.length) return false;
  return layers.every(({ kernel, activation, normalization }, i) => {
    const { units, activation: wantedActivation, normalization: wantedKind } = wanted[i] as WantedLayer;
    const inputs = wanted[i - 1]?.units ?? size;
    const [from, to = 0] = kernel.shape;
    // labels may have been added since: the output is the only layer that grows
    const isOlder = i === wanted.length - 1 && wantedActivation === 'softmax' && to < units;
    return (
      from === inputs &&
      (to === units || isOlder) &&
      activation === wantedActivation &&
      (normalization ? 'batch' : 'none') === wantedKind
    );
  });
}
