/**
 * Writes GraphModels as tensorflowjs_converter does: a GraphDef in protobuf's JSON, constants in a weights file.
 */
import * as tf from '@tensorflow/tfjs';

export interface GraphFiles {
  readonly json: {
    readonly format: 'graph-model';
    readonly modelTopology: object;
    readonly weightsManifest: readonly { paths: string[]; weights: tf.io.WeightsManifestEntry[] }[];
    readonly signature?: object;
  };
  readonly weights: Uint8Array<ArrayBuffer>;
}

type Attributes = Readonly<Record<string, object>>;

export const attr = {
  ints: (...values: number[]) => ({ list: { i: values.map(String) } }),
  texts: (...values: string[]) => ({ list: { s: values.map(btoa) } }),
  text: (value: string) => ({ s: btoa(value) }),
  int: (value: number) => ({ i: String(value) }),
  float: (value: number) => ({ f: value }),
  flag: (value: boolean) => ({ b: value }),
  type: (value: 'DT_FLOAT' | 'DT_INT32') => ({ type: value }),
};

export interface GraphBuilder {
  /** With the batch. */
  readonly placeholder: (shape: readonly number[], name?: string) => string;
  readonly floats: (shape: readonly number[], data: ArrayLike<number>) => string;
  readonly ints: (...values: number[]) => string;
  readonly int: (value: number) => string;
  readonly add: (op: string, inputs: readonly string[], attributes?: Attributes, name?: string) => string;
  /** @param outputs  in the signature; none leaves it out */
  readonly finish: (...outputs: string[]) => GraphFiles;
}

export function createGraph(): GraphBuilder {
  const nodes: object[] = [];
  const specs: tf.io.WeightsManifestEntry[] = [];
  const data: Uint8Array[] = [];
  let count = 0;
  const unique = (op: string) => `model/${op}_${count++}`;
  const constant = (
    shape: readonly number[],
    dtype: 'float32' | 'int32',
    values: Float32Array | Int32Array,
  ) => {
    const name = unique('Const');
    const type = attr.type(dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT');
    nodes.push({ name, op: 'Const', attr: { dtype: type, value: {} } });
    specs.push({ name, shape: [...shape], dtype });
    data.push(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return name;
  };
  return {
    placeholder: (shape, name = 'input') => {
      const dim = shape.map((size) => ({ size: String(size) }));
      nodes.push({
        name,
        op: 'Placeholder',
        attr: { dtype: attr.type('DT_FLOAT'), shape: { shape: { dim } } },
      });
      return name;
    },
    floats: (shape, values) => constant(shape, 'float32', Float32Array.from(values)),
    ints: (...values) => constant([values.length], 'int32', Int32Array.from(values)),
    int: (value) => constant([], 'int32', Int32Array.of(value)),
    add: (op, inputs, attributes = {}, name = unique(op)) => {
      nodes.push({ name, op, input: [...inputs], attr: { T: attr.type('DT_FLOAT'), ...attributes } });
      return name;
    },
    finish: (...outputs) => ({
      json: {
        format: 'graph-model',
        modelTopology: { node: nodes, versions: { producer: 1087 } },
        weightsManifest: [{ paths: ['group1-shard1of1.bin'], weights: specs }],
        ...(outputs.length === 0
          ? {}
          : {
              signature: {
                inputs: { x: { name: 'input:0' } },
                outputs: Object.fromEntries(outputs.map((name, i) => [`output_${i}`, { name: `${name}:0` }])),
              },
            }),
      },
      weights: new Uint8Array(Buffer.concat(data)),
    }),
  };
}

/** How TensorFlow.js itself loads the files. */
export async function loadGraph({ json, weights }: GraphFiles): Promise<tf.GraphModel> {
  const { modelTopology, weightsManifest, signature } = json;
  return tf.loadGraphModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest.flatMap((group) => group.weights),
      weightData: weights.buffer,
      ...(signature === undefined ? {} : { signature }),
    }),
  );
}

interface Convertible {
  readonly layer: tf.layers.Layer;
  readonly config: Record<string, unknown>;
  readonly x: string;
  readonly inputs: readonly string[];
  readonly weights: readonly string[];
}

/**
 * The same model as a GraphModel, operation by operation as Keras traces it.
 *
 * @param model  of the layers below
 */
export function toGraphModel(model: tf.LayersModel): GraphFiles {
  const graph = createGraph();
  const outputs = new Map<string, string>();
  // A Sequential does not list its input.
  const { layers } = tf.model({ inputs: model.inputs, outputs: model.outputs });
  for (const layer of layers) {
    const inputs = inputsOf(layer).map((name) => outputs.get(name) ?? '');
    const weights = layer.getWeights().map((tensor) => graph.floats(tensor.shape, tensor.dataSync()));
    const output = convert(graph, { layer, config: layer.getConfig(), x: inputs[0] ?? '', inputs, weights });
    outputs.set(layer.name, graph.add('Identity', [output], {}, layer.name));
  }
  return graph.finish(outputs.get(layers.at(-1)?.name ?? '') ?? '');
}

function inputsOf(layer: tf.layers.Layer): string[] {
  const [node] = (layer as unknown as { inboundNodes: { inboundLayers: tf.layers.Layer[] }[] }).inboundNodes;
  return (node?.inboundLayers ?? []).map(({ name }) => name);
}

function convert(graph: GraphBuilder, part: Convertible): string {
  const { layer, config, x, inputs, weights } = part;
  switch (layer.getClassName()) {
    case 'InputLayer':
      return graph.placeholder([-1, ...(config['batchInputShape'] as number[]).slice(1)]);
    case 'Conv2D':
      return activate(graph, part, addBias(graph, convolve(graph, 'Conv2D', part), weights[1]));
    case 'DepthwiseConv2D':
      return activate(
        graph,
        part,
        addBias(graph, convolve(graph, 'DepthwiseConv2dNative', part), weights[1]),
      );
    case 'Dense':
      return activate(graph, part, addBias(graph, graph.add('MatMul', [x, weights[0] ?? '']), weights[1]));
    case 'BatchNormalization':
      return normalise(graph, part);
    case 'ReLU':
      return graph.add(config['maxValue'] === 6 ? 'Relu6' : 'Relu', [x]);
    case 'Add':
      return graph.add('AddV2', inputs);
    case 'ZeroPadding2D':
      return graph.add('Pad', [x, paddingsOf(graph, config['padding'] as number[][])]);
    case 'GlobalAveragePooling2D':
      return graph.add('Mean', [x, graph.ints(1, 2)], { keep_dims: attr.flag(false) });
    case 'MaxPooling2D':
    case 'AveragePooling2D':
      return graph.add(layer.getClassName() === 'MaxPooling2D' ? 'MaxPool' : 'AvgPool', [x], {
        ksize: attr.ints(1, ...(config['poolSize'] as number[]), 1),
        strides: attr.ints(1, ...(config['strides'] as number[]), 1),
        padding: attr.text((config['padding'] as string).toUpperCase()),
        data_format: attr.text('NHWC'),
      });
    case 'Flatten':
      return graph.add('Reshape', [x, graph.ints(-1, sizeOf(layer.outputShape as number[]))]);
    case 'Dropout':
      return graph.add('Identity', [x]);
    default:
      throw new Error(`no conversion for ${layer.getClassName()}`);
  }
}

/** Keras fuses the batch norm of images only. */
function normalise(graph: GraphBuilder, { layer, config, x, weights }: Convertible): string {
  const epsilon = config['epsilon'] as number;
  if ((layer.outputShape as number[]).length === 4) {
    return graph.add('FusedBatchNormV3', [x, ...weights], {
      epsilon: attr.float(epsilon),
      is_training: attr.flag(false),
      data_format: attr.text('NHWC'),
    });
  }
  const [gamma = '', beta = '', mean = '', variance = ''] = weights;
  const deviation = graph.add('Rsqrt', [graph.add('AddV2', [variance, graph.floats([], [epsilon])])]);
  const factor = graph.add('Mul', [deviation, gamma]);
  const shift = graph.add('Sub', [beta, graph.add('Mul', [mean, factor])]);
  return graph.add('AddV2', [graph.add('Mul', [x, factor]), shift]);
}

function convolve(graph: GraphBuilder, op: string, { config, x, weights }: Convertible): string {
  return graph.add(op, [x, weights[0] ?? ''], {
    strides: attr.ints(1, ...(config['strides'] as number[]), 1),
    dilations: attr.ints(1, ...(config['dilationRate'] as number[]), 1),
    padding: attr.text((config['padding'] as string).toUpperCase()),
    data_format: attr.text('NHWC'),
  });
}

function addBias(graph: GraphBuilder, x: string, bias: string | undefined): string {
  return bias === undefined ? x : graph.add('BiasAdd', [x, bias]);
}

const ACTIVATION_OPS: Readonly<Record<string, string>> = {
  relu: 'Relu',
  relu6: 'Relu6',
  elu: 'Elu',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  softmax: 'Softmax',
};

function activate(graph: GraphBuilder, { config }: Convertible, x: string): string {
  const op = ACTIVATION_OPS[config['activation'] as string];
  return op === undefined ? x : graph.add(op, [x]);
}

function paddingsOf(graph: GraphBuilder, [rows = [], columns = []]: number[][]): string {
  const reshaped = graph.ints(0, 0, ...rows, ...columns, 0, 0);
  return graph.add('Reshape', [reshaped, graph.ints(4, 2)]);
}

function sizeOf(shape: readonly (number | null)[]): number {
  return shape.slice(1).reduce<number>((size, dim) => size * (dim ?? 1), 1);
}
