/**
 * A trunk: the layers that a version carries between what it reads and its head, and that are trained with the head. A
 * network of the spec's own, or the unfrozen end of a base.
 */
import type { LayerJson } from '../compile/artifacts.ts';
import type { CompiledPlan } from '../compile/emit.ts';
import { compileLayersModel } from '../compile/compile.ts';
import type { ModelError } from '../../shared/model/plan/error.ts';
import {
  concatenate,
  type DenseLayer,
  HEAD_WEIGHTS_PATH,
  LEAK,
  layersJson,
  namedWeights,
  NORMALIZATION_EPSILON,
} from './head.ts';
import { type NetworkLayer, windowOf } from '../../shared/model/spec/network.ts';
import type { Result } from '../../shared/result.ts';
import type { Shape, Tensor } from '../../shared/model/plan/tensor.ts';

export interface Trunk {
  /** Each after what it takes; the first is the InputLayer, the last gives what the head reads. */
  readonly layers: readonly LayerJson[];
  /** By `layer/weight`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** The end of a base that is trained too: what comes before it is read as a base of its own. */
export interface Unfrozen {
  /** Digest of the whole base. */
  readonly base: string;
  /** The first layer that is trained. */
  readonly from: string;
  /** From there to the base's features, with the base's weights. */
  readonly trunk: Trunk;
  /** How many features that is. */
  readonly size: number;
}

/** What a version is made of: its head, and the trunk where it has one. */
export interface ModelLayers {
  readonly trunk: Trunk | null;
  readonly head: readonly DenseLayer[];
}

/** Layers and weights of a whole model. */
export interface Composed extends Trunk {
  readonly output: string;
}

const CHANNELS_LAST = 'channels_last';
const INPUT = 'trunk_input';

/** The first layer of every trunk. @param shape  of one example */
export function inputLayer(shape: Shape): LayerJson {
  const config = { name: INPUT, batch_input_shape: [null, ...shape], dtype: 'float32' };
  return { className: 'InputLayer', name: INPUT, config, inputs: [] };
}

/** The shape of an example, as a trunk reads it. */
export function shapeRead({ layers }: Pick<Trunk, 'layers'>): Shape {
  const [input] = layers;
  const shape = (input?.config['batch_input_shape'] ?? []) as (number | null)[];
  return shape.slice(1) as number[];
}

/**
 * A spec's network as Keras layers, without weights.
 *
 * @param shape  [height, width, channels]
 */
export function networkLayers(network: readonly NetworkLayer[], shape: Shape): LayerJson[] {
  const layers: LayerJson[] = [inputLayer(shape)];
  const add = (className: string, name: string, config: object): void => {
    const inputs = [layers.at(-1)?.name ?? INPUT];
    layers.push({ className, name, config: { name, ...config }, inputs });
  };
  for (const [i, layer] of network.entries()) {
    const name = `${LAYER_NAMES[layer.type]}_${i + 1}`;
    switch (layer.type) {
      case 'conv2d':
      case 'depthwiseConv2d': {
        const apart = layer.activation === 'leakyRelu';
        add(layer.type === 'conv2d' ? 'Conv2D' : 'DepthwiseConv2D', name, {
          ...(layer.type === 'conv2d' ? { filters: layer.filters } : { depth_multiplier: 1 }),
          kernel_size: [layer.kernelSize, layer.kernelSize],
          strides: [layer.strides, layer.strides],
          padding: layer.padding,
          data_format: CHANNELS_LAST,
          activation: apart ? 'linear' : layer.activation,
          use_bias: true,
        });
        if (apart) add('LeakyReLU', `${name}_activation`, { alpha: LEAK });
        break;
      }
      case 'maxPool':
      case 'averagePool': {
        const { size, strides, padding } = windowOf(layer);
        add(layer.type === 'maxPool' ? 'MaxPooling2D' : 'AveragePooling2D', name, {
          pool_size: [size, size],
          strides: [strides, strides],
          padding,
          data_format: CHANNELS_LAST,
        });
        break;
      }
      case 'batchNormalization':
        add('BatchNormalization', name, {
          axis: -1,
          epsilon: NORMALIZATION_EPSILON,
          momentum: RUNNING_MOMENTUM,
        });
        break;
      case 'activation':
        if (layer.activation === 'leakyRelu') add('LeakyReLU', name, { alpha: LEAK });
        else add('Activation', name, { activation: layer.activation });
        break;
      case 'globalAveragePool':
        add('GlobalAveragePooling2D', name, { data_format: CHANNELS_LAST });
        break;
      case 'flatten':
        add('Flatten', name, {});
        break;
      case 'dropout':
        add('Dropout', name, { rate: layer.rate });
        break;
    }
  }
  return layers;
}

/** The running statistics of a normalisation keep so much at each step, as those of a head do. */
const RUNNING_MOMENTUM = 0.9;

const LAYER_NAMES: Record<NetworkLayer['type'], string> = {
  conv2d: 'conv2d',
  depthwiseConv2d: 'depthwise_conv2d',
  maxPool: 'max_pooling2d',
  averagePool: 'average_pooling2d',
  batchNormalization: 'batch_normalization',
  activation: 'activation',
  globalAveragePool: 'global_average_pooling2d',
  flatten: 'flatten',
  dropout: 'dropout',
};

/** In front of a head's names where there is a trunk, whose layers have names of their own. */
export const HEAD_PREFIX = 'head_';

/**
 * Trunk and head as one model.
 *
 * @param dropout  rates after each hidden layer of the head, to train by; none to serve
 */
export function composeModel(
  trunk: Trunk,
  head: readonly DenseLayer[],
  dropout: readonly number[] = [],
): Composed {
  const layers = [...trunk.layers];
  const tensors = new Map(trunk.tensors);
  const add = (className: string, config: Readonly<Record<string, unknown>> & { readonly name: string }) => {
    const name = `${HEAD_PREFIX}${config.name}`;
    layers.push({ className, name, config: { ...config, name }, inputs: [layers.at(-1)?.name ?? INPUT] });
  };
  for (const [i, layer] of head.entries()) {
    for (const { class_name: className, config } of layersJson(layer, i)) {
      const { batch_input_shape: _, ...own } = config;
      const momentum = className === 'BatchNormalization' ? { momentum: RUNNING_MOMENTUM } : {};
      add(className, { ...own, name: config.name, ...momentum });
    }
    for (const [name, tensor] of namedWeights(layer, i)) tensors.set(`${HEAD_PREFIX}${name}`, tensor);
    const rate = dropout[i] ?? 0;
    if (rate > 0) add('Dropout', { name: `dropout_${i + 1}`, rate });
  }
  return { layers, tensors, output: layers.at(-1)?.name ?? INPUT };
}

/** Without what only training knows of: nothing but weights and arithmetic. */
export function withoutDropout(layers: readonly LayerJson[]): LayerJson[] {
  const replaced = new Map<string, string>();
  const resolve = (name: string): string => replaced.get(name) ?? name;
  const kept: LayerJson[] = [];
  for (const layer of layers) {
    const inputs = layer.inputs.map(resolve);
    if (layer.className === 'Dropout') replaced.set(layer.name, inputs[0] ?? INPUT);
    else kept.push({ ...layer, inputs });
  }
  return kept;
}

/** The edge plan of a whole model: normalisations are folded away. */
export function planModel({ layers, tensors, output }: Composed): Result<CompiledPlan, ModelError> {
  return compileLayersModel({ name: 'model', layers, output, weightGroups: [] }, tensors);
}

/** A whole model as files of a tfjs LayersModel, for `tf.loadLayersModel`. */
export function toLayersModel({ layers, tensors, output }: Composed): {
  readonly modelJson: LayersModelJson;
  readonly weights: Uint8Array<ArrayBuffer>;
} {
  const [input] = layers;
  const modelJson = {
    format: 'layers-model',
    generatedBy: 'holdfast',
    convertedBy: null,
    modelTopology: {
      class_name: 'Model',
      config: {
        name: 'model',
        layers: layers.map(({ className, name, config, inputs }) => ({
          class_name: className,
          name,
          config,
          inbound_nodes: inputs.length === 0 ? [] : [inputs.map((from) => [from, 0, 0, {}])],
        })),
        input_layers: [[input?.name ?? INPUT, 0, 0]],
        output_layers: [[output, 0, 0]],
      },
    },
    weightsManifest: [
      {
        paths: [HEAD_WEIGHTS_PATH],
        weights: [...tensors].map(([name, { shape }]) => ({
          name,
          shape: [...shape],
          dtype: 'float32' as const,
        })),
      },
    ],
  };
  return { modelJson, weights: concatenate([...tensors.values()].map(({ data }) => data)) };
}

interface LayersModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly {
      readonly name: string;
      readonly shape: number[];
      readonly dtype: 'float32';
    }[];
  }[];
}
