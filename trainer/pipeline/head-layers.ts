/**
 * The head's layers as plain arrays: a new initialisation, or the champion's.
 */
import { parseModelJson } from '../../shared/model/artifacts.ts';
import { decodeWeights } from '../../shared/model/weights.ts';
import type { DenseLayer } from '../../shared/model/head.ts';
import type { Spec } from '../../shared/model/spec.ts';
import type { Random } from '../../shared/random.ts';

/**
 * Glorot-uniform kernels and zero biases (Glorot & Bengio 2010): uniform in ±sqrt(6 / (in + out)), from the run's own
 * generator.
 *
 * @param size  features the first layer reads
 */
export function initialHead(spec: Pick<Spec, 'head' | 'labels'>, size: number, random: Random): DenseLayer[] {
  const layers: DenseLayer[] = [];
  let inputs = size;
  for (const { units, activation } of [
    ...spec.head,
    { units: spec.labels.length, activation: 'softmax' as const },
  ]) {
    const limit = Math.sqrt(6 / (inputs + units));
    const kernel = Float32Array.from({ length: inputs * units }, () => (random.uniform() * 2 - 1) * limit);
    layers.push({
      kernel: { shape: [inputs, units], data: kernel },
      bias: { shape: [units], data: new Float32Array(units) },
      activation,
    });
    inputs = units;
  }
  return layers;
}

/**
 * A published head's layers, or null when they are not of the shape the spec asks for now (its head was changed): then
 * training starts afresh.
 *
 * @param modelJson  a version's model.json
 * @param weights    its weights.bin
 */
export function publishedHead(
  spec: Pick<Spec, 'head' | 'labels'>,
  size: number,
  modelJson: unknown,
  weights: Uint8Array,
): DenseLayer[] | null {
  const model = parseModelJson(modelJson);
  if (!model.ok) return null;
  const tensors = decodeWeights(model.value, weights);
  if (!tensors.ok) return null;
  const widths = [...spec.head.map(({ units }) => units), spec.labels.length];
  const activations = [...spec.head.map(({ activation }) => activation), 'softmax' as const];
  const dense = model.value.layers.filter(({ className }) => className === 'Dense');
  if (dense.length !== widths.length) return null;
  const layers: DenseLayer[] = [];
  for (const [i, { name, config }] of dense.entries()) {
    const kernel = tensors.value.get(`${name}/kernel`);
    const bias = tensors.value.get(`${name}/bias`);
    const shape = [i === 0 ? size : (widths[i - 1] as number), widths[i] as number];
    const activation = activations[i] as DenseLayer['activation'];
    if (kernel === undefined || bias === undefined || config['activation'] !== activation) return null;
    if (kernel.shape.join() !== shape.join()) return null;
    layers.push({ kernel, bias, activation });
  }
  return layers;
}
