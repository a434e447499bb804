/**
 * MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) as Keras builds it, layer names included. Untrained.
 */
import * as tf from '@tensorflow/tfjs';

/** Expansion, channels, blocks and the first block's stride: the paper's table 2. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

type Symbolic = tf.SymbolicTensor;

/** Keras rounds channels to multiples of 8 and never drops more than a tenth. */
function channelsOf(channels: number, width: number): number {
  const wanted = channels * width;
  const rounded = Math.max(8, Math.floor((wanted + 4) / 8) * 8);
  return rounded < 0.9 * wanted ? rounded + 8 : rounded;
}

/**
 * @param width  the paper's width multiplier
 */
export function wireMobileNetV2(width: number, classes: number): (input: Symbolic) => Symbolic {
  return (input) => {
    let x = convolve(input, channelsOf(32, width), 3, 'Conv1', 2);
    x = normalise(x, 'bn_Conv1', 'Conv1_relu');
    let block = 0;
    for (const [expansion, channels, blocks, stride] of STAGES) {
      for (let i = 0; i < blocks; i++) {
        const name = block === 0 ? 'expanded_conv' : `block_${block}`;
        x = bottleneck(x, expansion, channelsOf(channels, width), i === 0 ? stride : 1, name);
        block += 1;
      }
    }
    x = convolve(x, width > 1 ? channelsOf(1_280, width) : 1_280, 1, 'Conv_1');
    x = normalise(x, 'Conv_1_bn', 'out_relu');
    x = apply(tf.layers.globalAveragePooling2d({ name: 'global_average_pooling2d' }), x);
    return apply(tf.layers.dense({ units: classes, activation: 'softmax', name: 'predictions' }), x);
  };
}

function bottleneck(x: Symbolic, expansion: number, channels: number, stride: 1 | 2, name: string): Symbolic {
  const inputs = x.shape[3] ?? 0;
  let y = x;
  if (expansion > 1) {
    y = convolve(y, expansion * inputs, 1, `${name}_expand`);
    y = normalise(y, `${name}_expand_BN`, `${name}_expand_relu`);
  }
  const padding = stride === 2 ? 'valid' : 'same';
  if (stride === 2) y = pad(y, `${name}_pad`);
  const filter = { kernelSize: 3, strides: stride, padding, useBias: false } as const;
  y = apply(tf.layers.depthwiseConv2d({ ...filter, name: `${name}_depthwise` }), y);
  y = normalise(y, `${name}_depthwise_BN`, `${name}_depthwise_relu`);
  y = normalise(convolve(y, channels, 1, `${name}_project`), `${name}_project_BN`);
  if (stride === 2 || inputs !== channels) return y;
  return tf.layers.add({ name: `${name}_add` }).apply([x, y]) as Symbolic;
}

function convolve(x: Symbolic, filters: number, kernelSize: number, name: string, strides = 1): Symbolic {
  const config = { filters, kernelSize, strides, useBias: false, name };
  if (strides === 1) return apply(tf.layers.conv2d({ ...config, padding: 'same' }), x);
  return apply(tf.layers.conv2d({ ...config, padding: 'valid' }), pad(x, `${name}_pad`));
}

/** An even image and a window of 3: one row and one column at the end. */
function pad(x: Symbolic, name: string): Symbolic {
  return apply(
    tf.layers.zeroPadding2d({
      padding: [
        [0, 1],
        [0, 1],
      ],
      name,
    }),
    x,
  );
}

function normalise(x: Symbolic, name: string, relu?: string): Symbolic {
  const normal = apply(tf.layers.batchNormalization({ epsilon: 1e-3, momentum: 0.999, name }), x);
  return relu === undefined ? normal : apply(tf.layers.reLU({ maxValue: 6, name: relu }), normal);
}

function apply(layer: tf.layers.Layer, x: Symbolic): Symbolic {
  return layer.apply(x) as Symbolic;
}
