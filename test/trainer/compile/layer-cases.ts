/**
 * Every supported layer and attribute as a small model, in odd sizes.
 */
import * as tf from '@tensorflow/tfjs';
import { ACTIVATIONS as SUPPORTED_ACTIVATIONS } from '../../../trainer/compile/activations.ts';
import type { Shape } from '../../../shared/model/plan/tensor.ts';
import type { Wiring } from './support.ts';

export type LayerCase = readonly [name: string, inputShape: Shape, wire: Wiring];

interface Layer {
  apply(
    inputs: tf.SymbolicTensor | tf.SymbolicTensor[],
  ): tf.Tensor | tf.Tensor[] | tf.SymbolicTensor | tf.SymbolicTensor[];
}
type Activation = Parameters<typeof tf.layers.activation>[0]['activation'];

const ACTIVATIONS = Object.keys(SUPPORTED_ACTIVATIONS).map((name) =>
  name === 'geluNew' ? 'gelu_new' : name,
) as Activation[];
const PADDINGS = ['same', 'valid'] as const;

function chain(...layers: Layer[]): Wiring {
  return (input) => layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);
}

function merge(layer: Layer, ...branches: Layer[]): Wiring {
  return (input) =>
    layer.apply(branches.map((branch) => branch.apply(input) as tf.SymbolicTensor)) as tf.SymbolicTensor;
}

const image: Shape = [7, 9, 3];
const vector: Shape = [13];

const { layers } = tf;
const batchNorm = () => layers.batchNormalization();
const conv = (filters = 5) => layers.conv2d({ filters, kernelSize: 3, padding: 'same' });

const convolutions: LayerCase[] = PADDINGS.flatMap((padding) =>
  [1, 2].flatMap((strides): LayerCase[] => {
    const config = { kernelSize: 3, strides, padding };
    const label = `3x3, ${padding}, stride ${strides}`;
    return [
      [`Conv2D ${label}`, image, chain(layers.conv2d({ ...config, filters: 5 }))],
      [`Conv2D ${label}, no bias`, image, chain(layers.conv2d({ ...config, filters: 5, useBias: false }))],
      [`DepthwiseConv2D ${label}`, image, chain(layers.depthwiseConv2d(config))],
      [
        `DepthwiseConv2D ${label}, two per channel, no bias`,
        image,
        chain(layers.depthwiseConv2d({ ...config, depthMultiplier: 2, useBias: false })),
      ],
    ];
  }),
);

const dilations: LayerCase[] = PADDINGS.flatMap((padding): LayerCase[] => {
  const config = { kernelSize: 3, padding, dilationRate: 2, filters: 5 };
  return [
    [`Conv2D dilated, ${padding}`, image, chain(layers.conv2d(config))],
    [`SeparableConv2D dilated, ${padding}`, image, chain(layers.separableConv2d(config))],
  ];
});

const oddKernels: LayerCase[] = [
  ['Conv2D 1x1', image, chain(layers.conv2d({ filters: 4, kernelSize: 1 }))],
  [
    'Conv2D 1x1, stride 2, same',
    image,
    chain(layers.conv2d({ filters: 4, kernelSize: 1, strides: 2, padding: 'same' })),
  ],
  [
    'Conv2D 2x4, strides 1 and 2',
    image,
    chain(layers.conv2d({ filters: 4, kernelSize: [2, 4], strides: [1, 2] })),
  ],
  ['Conv2D of one channel', [6, 5, 1], chain(layers.conv2d({ filters: 3, kernelSize: 3 }))],
  [
    'DepthwiseConv2D of one channel',
    [6, 5, 1],
    chain(layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 4 })),
  ],
  ['DepthwiseConv2D 5x5', [9, 9, 8], chain(layers.depthwiseConv2d({ kernelSize: 5, padding: 'same' }))],
  [
    'SeparableConv2D, stride 2',
    image,
    chain(
      layers.separableConv2d({
        filters: 6,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        depthMultiplier: 2,
        activation: 'relu',
      }),
    ),
  ],
  [
    'SeparableConv2D without bias',
    image,
    chain(layers.separableConv2d({ filters: 6, kernelSize: 3, useBias: false })),
  ],
];

const activations: LayerCase[] = ACTIVATIONS.flatMap((activation): LayerCase[] => [
  [`Conv2D with ${activation}`, image, chain(layers.conv2d({ filters: 5, kernelSize: 3, activation }))],
  [`DepthwiseConv2D with ${activation}`, image, chain(layers.depthwiseConv2d({ kernelSize: 3, activation }))],
  [`Dense with ${activation}`, vector, chain(layers.dense({ units: 6, activation }))],
  [`Activation ${activation}`, image, chain(layers.leakyReLU(), layers.activation({ activation }))],
]);

const dense: LayerCase[] = [
  ['Dense without bias', vector, chain(layers.dense({ units: 3, useBias: false }))],
  ['Dense on the last axis of a matrix', [4, 6], chain(layers.dense({ units: 5, activation: 'relu' }))],
  ['Dense of one unit', vector, chain(layers.dense({ units: 1, activation: 'sigmoid' }))],
  [
    'Dense, wide',
    [130],
    chain(layers.dense({ units: 67 }), layers.dense({ units: 33, activation: 'softmax' })),
  ],
];

const norms: LayerCase[] = [
  ['BatchNormalization after Conv2D', image, chain(conv(), batchNorm())],
  [
    'BatchNormalization after Conv2D without bias',
    image,
    chain(layers.conv2d({ filters: 4, kernelSize: 3, useBias: false }), batchNorm()),
  ],
  [
    'BatchNormalization after DepthwiseConv2D',
    image,
    chain(layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }), batchNorm()),
  ],
  ['BatchNormalization after Dense', vector, chain(layers.dense({ units: 7 }), batchNorm(), layers.reLU())],
  [
    'BatchNormalization after an activation',
    image,
    chain(layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }), batchNorm(), layers.reLU()),
  ],
  ['BatchNormalization of the input', image, chain(batchNorm(), conv())],
  ['BatchNormalization of a vector', vector, chain(batchNorm(), layers.dense({ units: 3 }))],
  ['BatchNormalization without scale', image, chain(conv(), layers.batchNormalization({ scale: false }))],
  ['BatchNormalization without center', image, chain(conv(), layers.batchNormalization({ center: false }))],
  [
    'BatchNormalization with its own epsilon',
    image,
    chain(conv(), layers.batchNormalization({ epsilon: 0.1 })),
  ],
  ['BatchNormalization twice', image, chain(conv(), batchNorm(), batchNorm())],
  [
    'BatchNormalization beside another reader of the convolution',
    image,
    (input) => {
      const shared = conv().apply(input) as tf.SymbolicTensor;
      return layers
        .add()
        .apply([shared, batchNorm().apply(shared) as tf.SymbolicTensor]) as tf.SymbolicTensor;
    },
  ],
];

const pools: LayerCase[] = PADDINGS.flatMap((padding) =>
  [1, 2, 3].flatMap((strides): LayerCase[] => {
    const config = { poolSize: 2, strides, padding };
    return [
      [`MaxPooling2D 2x2, ${padding}, stride ${strides}`, image, chain(layers.maxPooling2d(config))],
      [`AveragePooling2D 2x2, ${padding}, stride ${strides}`, image, chain(layers.averagePooling2d(config))],
    ];
  }),
);

const morePools: LayerCase[] = [
  [
    'MaxPooling2D 3x3, same, stride 2',
    image,
    chain(layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  ],
  [
    'AveragePooling2D 3x3, same, stride 2',
    image,
    chain(layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  ],
  ['AveragePooling2D 1x1, stride 2', image, chain(layers.averagePooling2d({ poolSize: 1, strides: 2 }))],
  ['MaxPooling2D 2x3', image, chain(layers.maxPooling2d({ poolSize: [2, 3], strides: [1, 2] }))],
  ['GlobalAveragePooling2D', image, chain(layers.globalAveragePooling2d({}))],
  ['GlobalAveragePooling2D of one pixel', [1, 1, 5], chain(layers.globalAveragePooling2d({}))],
  ['GlobalMaxPooling2D', image, chain(layers.globalMaxPooling2d({}))],
];

const paddings: LayerCase[] = [
  [
    'ZeroPadding2D alone',
    image,
    chain(
      layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 3],
        ],
      }),
    ),
  ],
  [
    'ZeroPadding2D before Conv2D',
    image,
    chain(
      layers.zeroPadding2d({
        padding: [
          [0, 1],
          [0, 1],
        ],
      }),
      layers.conv2d({ filters: 4, kernelSize: 3, strides: 2 }),
    ),
  ],
  [
    'ZeroPadding2D of four different sides before Conv2D',
    image,
    chain(
      layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 3],
        ],
      }),
      layers.conv2d({ filters: 4, kernelSize: 3 }),
    ),
  ],
  [
    'ZeroPadding2D before a same Conv2D',
    image,
    chain(
      layers.zeroPadding2d({ padding: [2, 1] }),
      layers.conv2d({ filters: 4, kernelSize: 3, strides: 2, padding: 'same' }),
    ),
  ],
  [
    'ZeroPadding2D before DepthwiseConv2D',
    image,
    chain(
      layers.zeroPadding2d({ padding: 1 as unknown as [number, number] }),
      layers.depthwiseConv2d({ kernelSize: 3 }),
    ),
  ],
  [
    'ZeroPadding2D before MaxPooling2D',
    image,
    chain(layers.zeroPadding2d({ padding: [1, 1] }), layers.maxPooling2d({ poolSize: 3, strides: 2 })),
  ],
];

const others: LayerCase[] = [
  ['ReLU', image, chain(conv(), layers.reLU())],
  ['ReLU up to 6', image, chain(conv(), layers.reLU({ maxValue: 6 }))],
  ['ReLU up to 0.25', image, chain(conv(), layers.reLU({ maxValue: 0.25 }))],
  ['LeakyReLU', image, chain(conv(), layers.leakyReLU({ alpha: 0.1 }))],
  ['Softmax', vector, chain(layers.softmax())],
  ['Flatten', image, chain(conv(), layers.flatten(), layers.dense({ units: 4 }))],
  ['Flatten of the input', image, chain(layers.flatten(), layers.dense({ units: 4, activation: 'tanh' }))],
  ['Reshape', image, chain(layers.reshape({ targetShape: [9, -1, 1] }), conv())],
  ['Reshape alone', image, chain(layers.reshape({ targetShape: [21, 9] }))],
  ['Dropout', vector, chain(layers.dense({ units: 6 }), layers.dropout({ rate: 0.5 }), layers.reLU())],
  ...[
    layers.spatialDropout1d({ rate: 0.5 }),
    layers.gaussianDropout({ rate: 0.5 }),
    layers.alphaDropout({ rate: 0.5 }),
  ].map((noise): LayerCase => [noise.getClassName(), [4, 6], chain(noise, layers.dense({ units: 6 }))]),
  ['GaussianNoise', vector, chain(layers.gaussianNoise({ stddev: 1 }), layers.dense({ units: 6 }))],
  ['Add', image, merge(layers.add(), conv(), conv(), conv())],
  [
    'Add of a layer and its input',
    image,
    (input) => layers.add().apply([input, conv(3).apply(input) as tf.SymbolicTensor]) as tf.SymbolicTensor,
  ],
  ['Multiply', vector, merge(layers.multiply(), layers.dense({ units: 4 }), layers.dense({ units: 4 }))],
  ['Concatenate of channels', image, merge(layers.concatenate(), conv(2), conv(3), conv(1))],
  ['Concatenate of rows', image, merge(layers.concatenate({ axis: 1 }), conv(), conv())],
  [
    'Concatenate of vectors',
    vector,
    merge(layers.concatenate(), layers.dense({ units: 4 }), layers.dense({ units: 3 })),
  ],
];

const series: Shape = [11, 4];
const fewer: LayerCase[] = [
  ...PADDINGS.map((padding): LayerCase => [
    `Conv1D, ${padding}`,
    series,
    chain(layers.conv1d({ filters: 5, kernelSize: 3, padding, activation: 'relu' })),
  ]),
  [
    'Conv1D, stride 2, no bias',
    series,
    chain(layers.conv1d({ filters: 5, kernelSize: 3, strides: 2, useBias: false })),
  ],
  [
    'Conv1D dilated',
    series,
    chain(layers.conv1d({ filters: 5, kernelSize: 3, dilationRate: 2, padding: 'same' })),
  ],
  ['MaxPooling1D', series, chain(layers.maxPooling1d({ poolSize: 2 }))],
  [
    'AveragePooling1D, same',
    series,
    chain(layers.averagePooling1d({ poolSize: 3, strides: 2, padding: 'same' })),
  ],
  ['GlobalMaxPooling1D', series, chain(layers.globalMaxPooling1d({}))],
  ['GlobalAveragePooling1D', series, chain(layers.globalAveragePooling1d({}))],
  ['PReLU of every element', image, chain(conv(), layers.prelu())],
  ['PReLU shared by an image', image, chain(conv(), layers.prelu({ sharedAxes: [1, 2] }))],
  ['PReLU shared by a row', image, chain(conv(), layers.prelu({ sharedAxes: [2] }))],
  ['PReLU of a vector', vector, chain(layers.dense({ units: 6 }), layers.prelu())],
  ['ELU', image, chain(conv(), layers.elu())],
  ['Rescaling', image, chain(layers.rescaling({ scale: 1 / 127.5, offset: -1 }), conv())],
  [
    'Cropping2D',
    image,
    chain(
      layers.cropping2D({
        cropping: [
          [1, 2],
          [0, 3],
        ],
      }),
    ),
  ],
  ['UpSampling2D', image, chain(layers.upSampling2d({ size: [2, 3] }), conv())],
  [
    'RepeatVector',
    vector,
    chain(layers.repeatVector({ n: 3 }), layers.conv1d({ filters: 2, kernelSize: 2 })),
  ],
  ['Permute of an axis of 1', [1, 9, 3], chain(layers.permute({ dims: [2, 1, 3] }), conv())],
  ['LayerNormalization', image, chain(conv(), layers.layerNormalization())],
  [
    'LayerNormalization of a vector',
    vector,
    chain(layers.layerNormalization({ scale: false, epsilon: 0.01 })),
  ],
  ['Maximum', vector, merge(layers.maximum(), layers.dense({ units: 4 }), layers.dense({ units: 4 }))],
  ['Minimum', vector, merge(layers.minimum(), layers.dense({ units: 4 }), layers.dense({ units: 4 }))],
  ['Average', image, merge(layers.average(), conv(), conv(), conv())],
  [
    'Add that stretches one number a channel',
    image,
    merge(layers.add(), layers.conv2d({ filters: 3, kernelSize: [7, 9] }), layers.batchNormalization()),
  ],
  ['squeeze and excite', image, merge(layers.multiply(), conv(), excite(5))],
  [
    'a nested Sequential',
    image,
    (input) => {
      const convolution = layers.conv2d({ inputShape: [...image], filters: 4, kernelSize: 3 });
      const nested = tf.sequential({ layers: [convolution, layers.flatten()] });
      return chain(nested, layers.dense({ units: 3 }))(input);
    },
  ],
  [
    'a functional model in a Sequential in a model',
    image,
    (input) => {
      const nested = tf.sequential({ layers: [functional(image), layers.globalAveragePooling2d({})] });
      return chain(layers.dropout({ rate: 0.1 }), nested, layers.dense({ units: 2 }))(input);
    },
  ],
];

/** One weight a channel, from the whole image. */
function excite(channels: number): Layer {
  const wire = chain(
    layers.globalAveragePooling2d({}),
    layers.reshape({ targetShape: [1, 1, 3] }),
    layers.conv2d({ filters: channels, kernelSize: 1, activation: 'hardSigmoid' }),
  );
  return { apply: (inputs) => wire(inputs as tf.SymbolicTensor) };
}

function functional(shape: Shape): tf.LayersModel {
  const input = tf.input({ shape: [...shape] });
  const branch = layers.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }).apply(input);
  const sum = layers.add().apply([input, branch as tf.SymbolicTensor]) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: sum });
}

export const LAYER_CASES: readonly LayerCase[] = [
  ...convolutions,
  ...dilations,
  ...oddKernels,
  ...activations,
  ...dense,
  ...norms,
  ...pools,
  ...morePools,
  ...paddings,
  ...others,
  ...fewer,
];
