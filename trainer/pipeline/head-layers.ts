/**
 * The head's layers as plain arrays: a new initialisation, or the champion's.
 */
import { type LayerJson, parseModelJson } from '../../shared/model/artifacts.ts';
import { decodeWeights } from '../../shared/model/weights.ts';
import type { DenseLayer, Normalization } from '../../shared/model/head.ts';
import type { Spec } from '../../shared/model/spec.ts';
import { outputActivation, outputWidth, type TaskSpec } from '../../shared/model/task.ts';
import type { Tensor } from '../../shared/model/tensor.ts';
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
 * A published head's layers, or null when they are not of the shape the spec asks for now (its head was changed): then
 * training starts afresh.
 *
 * @param modelJson  a version's model.json
 * @param weights    its weights.bin
 */
export function publishedHead(
  spec: HeadSpec,
  size: number,
  modelJson: unknown,
  weights: Uint8Array,
): DenseLayer[] | null {
  const model = parseModelJson(modelJson);
  if (!model.ok) return null;
  const tensors = decodeWeights(model.value, weights);
  if (!tensors.ok) return null;
  const layers = readLayers(model.value.layers, tensors.value);
  return layers !== null && fits(layers, wantedLayers(spec), size) ? layers : null;
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
    return (
      kernel.shape.join() === [inputs, units].join() &&
      activation === wantedActivation &&
      (normalization ? 'batch' : 'none') === wantedKind
    );
  });
}
