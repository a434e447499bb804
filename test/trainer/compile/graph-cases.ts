/**
 * Every supported TensorFlow operation as a small GraphModel, in odd sizes, as exporters write it.
 */
import { attr, createGraph, type GraphBuilder } from '../../support/graph-def.ts';
import { randomNumbers } from './support.ts';

/** @returns the output's name */
type Draw = (graph: GraphBuilder, x: string) => string;
export type GraphCase = readonly [name: string, inputShape: readonly number[], draw: Draw];

const image = [7, 9, 3];
const vector = [13];
const NHWC = attr.text('NHWC');

let seed = 100;
function constant(graph: GraphBuilder, ...shape: number[]): string {
  seed += 1;
  return graph.floats(
    shape,
    randomNumbers(
      shape.reduce((size, dim) => size * dim, 1),
      seed,
    ),
  );
}

/** Between 0.5 and 2.5. */
function positive(graph: GraphBuilder, ...shape: number[]): string {
  seed += 1;
  const size = shape.reduce((product, dim) => product * dim, 1);
  return graph.floats(
    shape,
    randomNumbers(size, seed).map((x) => x + 1.5),
  );
}

const window = (height = 1, width = height) => attr.ints(1, height, width, 1);

function conv(
  graph: GraphBuilder,
  x: string,
  { op = 'Conv2D', strides = 1, dilations = 1, padding = 'SAME', filter = constant(graph, 3, 3, 3, 5) } = {},
): string {
  return graph.add(op, [x, filter], {
    strides: window(strides),
    dilations: window(dilations),
    padding: attr.text(padding),
    data_format: NHWC,
  });
}

const convolutions: GraphCase[] = ['SAME', 'VALID'].flatMap((padding) =>
  [1, 2].flatMap((strides): GraphCase[] => [
    [`Conv2D ${padding} stride ${strides}`, image, (graph, x) => conv(graph, x, { padding, strides })],
    [
      `DepthwiseConv2dNative ${padding} stride ${strides}`,
      image,
      (graph, x) =>
        conv(graph, x, {
          op: 'DepthwiseConv2dNative',
          padding,
          strides,
          filter: constant(graph, 3, 3, 3, 2),
        }),
    ],
  ]),
);

const dilated: GraphCase[] = ['Conv2D', 'DepthwiseConv2dNative'].map((op) => [
  `${op} dilated`,
  image,
  (graph, x) =>
    conv(graph, x, { op, dilations: 2, filter: constant(graph, 3, 3, 3, op === 'Conv2D' ? 4 : 1) }),
]);

/** Activations that the converter fuses into convolutions and products. */
const FUSED = ['Relu', 'Relu6', 'Elu', 'Sigmoid', 'LeakyRelu', 'Prelu'];

function fused(graph: GraphBuilder, op: string, x: string, filter: string, ops: string[], channels: number) {
  const bias = ops.includes('BiasAdd') ? [constant(graph, channels)] : [];
  const alpha = ops.includes('Prelu') ? [constant(graph, channels)] : [];
  return graph.add(op, [x, filter, ...bias, ...alpha], {
    strides: window(1),
    dilations: window(1),
    padding: attr.text('SAME'),
    data_format: NHWC,
    fused_ops: attr.texts(...ops),
    num_args: attr.int(bias.length + alpha.length),
    leakyrelu_alpha: attr.float(0.1),
    epsilon: attr.float(0),
    transpose_a: attr.flag(false),
    transpose_b: attr.flag(false),
  });
}

const fusedOps: GraphCase[] = [['BiasAdd'], ...FUSED.map((name) => ['BiasAdd', name]), []].flatMap(
  (ops): GraphCase[] => [
    [
      `_FusedConv2D ${ops.join(' ')}`,
      image,
      (graph, x) => fused(graph, '_FusedConv2D', x, constant(graph, 3, 3, 3, 5), ops, 5),
    ],
    // TensorFlow.js reads no slope for this operation and gives NaN.
    ...(ops.includes('LeakyRelu')
      ? []
      : [
          [
            `FusedDepthwiseConv2dNative ${ops.join(' ')}`,
            image,
            (graph, x) => fused(graph, 'FusedDepthwiseConv2dNative', x, constant(graph, 3, 3, 3, 1), ops, 3),
          ] as GraphCase,
        ]),
    [
      `_FusedMatMul ${ops.join(' ')}`,
      vector,
      (graph, x) => fused(graph, '_FusedMatMul', x, constant(graph, 13, 6), ops, 6),
    ],
  ],
);

const unary: GraphCase[] = [
  'Relu',
  'Relu6',
  'Elu',
  'Selu',
  'Sigmoid',
  'Tanh',
  'Softplus',
  'Erf',
  'Exp',
  'Abs',
  'Square',
  'Neg',
  'Softmax',
  'Identity',
].map((op) => [op, image, (graph, x) => graph.add(op, [conv(graph, x)])]);

const roots: GraphCase[] = ['Sqrt', 'Rsqrt'].map((op) => [
  op,
  image,
  (graph, x) => graph.add(op, [graph.add('AddV2', [graph.add('Square', [x]), positive(graph)])]),
]);

const binary: GraphCase[] = [
  'Add',
  'AddV2',
  'Sub',
  'Mul',
  'RealDiv',
  'Div',
  'Maximum',
  'Minimum',
  'SquaredDifference',
].flatMap((op): GraphCase[] => [
  [
    `${op} of examples`,
    image,
    (graph, x) =>
      graph.add(op, [
        conv(graph, x),
        graph.add('AddV2', [graph.add('Exp', [conv(graph, x)]), positive(graph)]),
      ]),
  ],
  ...(op === 'SquaredDifference'
    ? []
    : [[`${op} by a number`, image, (graph, x) => graph.add(op, [x, positive(graph)])] as GraphCase]),
]);

const constants: GraphCase[] = [
  ['Sub from a number', vector, (graph, x) => graph.add('Sub', [constant(graph), x])],
  ['Mul by channel', image, (graph, x) => graph.add('Mul', [constant(graph, 1, 1, 1, 3), x])],
  ['Add by row and column', image, (graph, x) => graph.add('AddV2', [x, constant(graph, 1, 7, 9, 1)])],
  ['Add by row', image, (graph, x) => graph.add('AddV2', [x, constant(graph, 7, 1, 3)])],
  ['BiasAdd', image, (graph, x) => graph.add('BiasAdd', [conv(graph, x), constant(graph, 5)])],
  [
    'folded arithmetic',
    vector,
    (graph, x) => {
      const factor = graph.add('Mul', [
        graph.add('Rsqrt', [graph.add('AddV2', [positive(graph, 13), positive(graph)])]),
        constant(graph, 13),
      ]);
      const shift = graph.add('Sub', [constant(graph, 13), graph.add('Mul', [constant(graph, 13), factor])]);
      return graph.add('AddV2', [graph.add('Mul', [x, factor]), graph.add('Neg', [shift])]);
    },
  ],
  [
    'ClipByValue',
    image,
    (graph, x) => graph.add('ClipByValue', [x, graph.floats([], [-0.25]), graph.floats([], [0.5])]),
  ],
  ['AddN', image, (graph, x) => graph.add('AddN', [conv(graph, x), conv(graph, x), conv(graph, x)])],
  ['LeakyRelu', image, (graph, x) => graph.add('LeakyRelu', [x], { alpha: attr.float(0.3) })],
  ['Prelu', image, (graph, x) => graph.add('Prelu', [x, constant(graph, 1, 1, 3)])],
  [
    'hard swish',
    image,
    (graph, x) => {
      const y = conv(graph, x);
      const gate = graph.add('Relu6', [graph.add('AddV2', [y, graph.floats([], [3])])]);
      return graph.add('Mul', [y, graph.add('Mul', [gate, graph.floats([], [1 / 6])])]);
    },
  ],
  [
    'squeeze and excite',
    image,
    (graph, x) => {
      const mean = graph.add('Mean', [x, graph.ints(1, 2)], { keep_dims: attr.flag(true) });
      const gate = graph.add('Sigmoid', [conv(graph, mean, { filter: constant(graph, 1, 1, 3, 3) })]);
      return graph.add('Mul', [x, gate]);
    },
  ],
  [
    'layer norm',
    image,
    (graph, x) => {
      const keep = { keep_dims: attr.flag(true) };
      const mean = graph.add('Mean', [x, graph.ints(-1)], keep);
      const variance = graph.add('Mean', [graph.add('SquaredDifference', [x, mean]), graph.ints(3)], keep);
      const inverse = graph.add('Rsqrt', [graph.add('AddV2', [variance, graph.floats([], [1e-3])])]);
      return graph.add('AddV2', [
        graph.add('Mul', [graph.add('Sub', [x, mean]), inverse]),
        constant(graph, 3),
      ]);
    },
  ],
];

const products: GraphCase[] = [
  ['MatMul', vector, (graph, x) => graph.add('MatMul', [x, constant(graph, 13, 5)])],
  [
    'MatMul transposed',
    vector,
    (graph, x) => graph.add('MatMul', [x, constant(graph, 5, 13)], { transpose_b: attr.flag(true) }),
  ],
  ...['BatchMatMul', 'BatchMatMulV2'].map((op): GraphCase => [
    op,
    [4, 6],
    (graph, x) => graph.add(op, [x, constant(graph, 5, 6)], { adj_y: attr.flag(true) }),
  ]),
  [
    'a dense layer on the last axis, through joined rows',
    [4, 6],
    (graph, x) => {
      const rows = graph.add('Reshape', [x, graph.ints(-1, 6)]);
      const product = graph.add('BiasAdd', [
        graph.add('MatMul', [rows, constant(graph, 6, 5)]),
        constant(graph, 5),
      ]);
      return graph.add('Reshape', [product, graph.ints(-1, 4, 5)]);
    },
  ],
];

const norms: GraphCase[] = ['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((op) => [
  op,
  image,
  (graph, x) => {
    const statistics = [positive(graph, 5), constant(graph, 5), constant(graph, 5), positive(graph, 5)];
    const attributes = { epsilon: attr.float(0.01), is_training: attr.flag(false), data_format: NHWC };
    return graph.add(op, [conv(graph, x), ...statistics], attributes);
  },
]);

const pools: GraphCase[] = ['MaxPool', 'AvgPool'].flatMap((op) =>
  ['SAME', 'VALID'].map((padding): GraphCase => [
    `${op} ${padding}`,
    image,
    (graph, x) =>
      graph.add(op, [x], {
        ksize: window(3, 2),
        strides: window(2),
        padding: attr.text(padding),
        data_format: NHWC,
      }),
  ]),
);

const reductions: GraphCase[] = ['Mean', 'Max'].flatMap((op) =>
  [true, false].map((keep): GraphCase => [
    `${op} over the image${keep ? ', kept' : ''}`,
    image,
    (graph, x) => graph.add(op, [x, graph.ints(1, 2)], { keep_dims: attr.flag(keep) }),
  ]),
);

function fromShape(graph: GraphBuilder, x: string, at: number): string {
  const slice = [graph.add('Shape', [x]), graph.ints(at), graph.ints(at + 1), graph.ints(1)];
  return graph.add('StridedSlice', slice, { shrink_axis_mask: attr.int(1) });
}

const shapes: GraphCase[] = [
  [
    'Mean over the channels',
    image,
    (graph, x) => graph.add('Mean', [x, graph.int(3)], { keep_dims: attr.flag(false) }),
  ],
  [
    'Mean over a series',
    [5, 4],
    (graph, x) => graph.add('Mean', [x, graph.ints(1)], { keep_dims: attr.flag(false) }),
  ],
  ['Reshape', image, (graph, x) => graph.add('Reshape', [conv(graph, x), graph.ints(-1, 9, 35)])],
  [
    'Reshape by the batch, as Flatten is traced',
    image,
    (graph, x) => {
      const target = graph.add('Pack', [fromShape(graph, x, 0), graph.int(-1)], { axis: attr.int(0) });
      return graph.add('Reshape', [conv(graph, x), target]);
    },
  ],
  [
    'Reshape by a product of sizes',
    image,
    (graph, x) => {
      const rows = graph.add('Mul', [fromShape(graph, x, 0), fromShape(graph, x, 1)]);
      const joined = graph.add('Reshape', [
        x,
        graph.add('Pack', [rows, graph.int(27)], { axis: attr.int(0) }),
      ]);
      const back = graph.add('ConcatV2', [
        graph.add('ExpandDims', [fromShape(graph, x, 0), graph.int(0)]),
        graph.ints(7, 9, 3),
        graph.int(0),
      ]);
      return graph.add('Reshape', [graph.add('Tanh', [joined]), back]);
    },
  ],
  [
    'Reshape by gathered sizes',
    image,
    (graph, x) => {
      const shape = graph.add('Shape', [x]);
      const free = graph.add('GatherV2', [shape, graph.ints(0, 1), graph.int(0)]);
      const rest = graph.add(
        'Prod',
        [graph.add('GatherV2', [shape, graph.ints(2, 3), graph.int(0)]), graph.ints(0)],
        { keep_dims: attr.flag(false) },
      );
      const target = graph.add('ConcatV2', [
        free,
        graph.add('ExpandDims', [rest, graph.int(0)]),
        graph.int(0),
      ]);
      return graph.add('Reshape', [x, target]);
    },
  ],
  [
    'Slice of a shape',
    image,
    (graph, x) =>
      graph.add('Reshape', [
        x,
        graph.add('ConcatV2', [
          graph.add('Slice', [graph.add('Shape', [x]), graph.ints(0), graph.ints(2)]),
          graph.ints(-1),
          graph.int(0),
        ]),
      ]),
  ],
  [
    'Squeeze',
    [1, 5, 1],
    (graph, x) => graph.add('Tanh', [graph.add('Squeeze', [x], { squeeze_dims: attr.ints(1, 3) })]),
  ],
  ['ExpandDims', vector, (graph, x) => graph.add('ExpandDims', [graph.add('Tanh', [x]), graph.int(-1)])],
  [
    'Pad',
    image,
    (graph, x) =>
      graph.add('Pad', [x, graph.add('Reshape', [graph.ints(0, 0, 1, 2, 0, 3, 0, 0), graph.ints(4, 2)])]),
  ],
  [
    'PadV2 with zeros, before a convolution',
    image,
    (graph, x) => {
      const paddings = graph.add('Reshape', [graph.ints(0, 0, 0, 1, 0, 1, 0, 0), graph.ints(4, 2)]);
      return conv(graph, graph.add('PadV2', [x, paddings, graph.floats([], [0])]), {
        padding: 'VALID',
        strides: 2,
      });
    },
  ],
  ['ConcatV2 of channels', image, (graph, x) => graph.add('ConcatV2', [conv(graph, x), x, graph.int(-1)])],
  ['ConcatV2 of rows', image, (graph, x) => graph.add('ConcatV2', [graph.add('Relu', [x]), x, graph.int(1)])],
  [
    'Transpose of an axis of 1',
    [1, 9, 3],
    (graph, x) => graph.add('Tanh', [graph.add('Transpose', [x, graph.ints(0, 2, 1, 3)])]),
  ],
  ['Concat of channels', image, (graph, x) => graph.add('Concat', [graph.int(3), conv(graph, x), x])],
  [
    'Reshape by the sizes of an old Gather',
    image,
    (graph, x) => {
      const batch = graph.add('Gather', [graph.add('Shape', [x]), graph.ints(0)]);
      return graph.add('Reshape', [x, graph.add('ConcatV2', [batch, graph.ints(-1), graph.int(0)])]);
    },
  ],
  ...['IdentityN', 'StopGradient', 'Snapshot'].map((op): GraphCase => [
    op,
    vector,
    (graph, x) => graph.add('Tanh', [graph.add(op, [x])]),
  ]),
  [
    'PlaceholderWithDefault',
    vector,
    (graph, x) => {
      const attributes = { dtype: attr.type('DT_FLOAT'), shape: { shape: { dim: [] } } };
      const factor = graph.add('PlaceholderWithDefault', [constant(graph)], attributes);
      return graph.add('Mul', [x, factor]);
    },
  ],
  [
    'Cast',
    vector,
    (graph, x) =>
      graph.add('Tanh', [
        graph.add('Cast', [x], { SrcT: attr.type('DT_FLOAT'), DstT: attr.type('DT_FLOAT') }),
      ]),
  ],
];

export const GRAPH_CASES: readonly GraphCase[] = [
  ...convolutions,
  ...dilated,
  ...fusedOps,
  ...unary,
  ...roots,
  ...binary,
  ...constants,
  ...products,
  ...norms,
  ...pools,
  ...reductions,
  ...shapes,
];

/** A case as files, for a batch of any size. */
export function buildCase([, inputShape, draw]: GraphCase) {
  const graph = createGraph();
  return graph.finish(draw(graph, graph.placeholder([-1, ...inputShape])));
}
