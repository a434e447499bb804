/**
 * `--network`: the layers before a head in one line, as `create` shows them: `conv2d 16 3x3, maxPool, flatten`.
 */
import { usageError } from '../../failure.ts';

/** A short name for what most people begin with. */
const AUTO = 'auto';
/** `auto` halves until no side is longer. */
const SMALL_SIDE = 8;
const FIRST_FILTERS = 16;
const MOST_FILTERS = 128;

const ACTIVATIONS = ['relu', 'relu6', 'elu', 'leakyRelu', 'sigmoid', 'tanh', 'linear'];
const BARE = ['batchNormalization', 'globalAveragePool', 'flatten'];

const HINT =
  'expected auto, or layers like conv2d 16 3x3 /2, depthwiseConv2d 3x3, maxPool 2, averagePool 2, batchNormalization, relu, dropout 0.2, globalAveragePool, flatten';

/**
 * Layers as a spec has them; what is not said has its default there.
 *
 * @param text   layers with commas between them, each with its numbers behind it: filters or rate, size (`3x3` or `3`), `/stride`
 * @param shape  of the input, for `auto`: [height, width, channels]
 * @throws usage error that names what is no layer
 */
export function parseNetwork(text: string, shape: readonly number[] | null): object[] {
  if (text.trim() === AUTO) return chooseNetwork(shape);
  return text.split(',').map((part) => {
    const [type = '', ...words] = part.trim().split(/[\s:]+/);
    if (ACTIVATIONS.includes(type) && words.length === 0) return { type: 'activation', activation: type };
    if (BARE.includes(type) && words.length === 0) return { type };
    const layer = parseLayer(type, words);
    if (layer === null) throw usageError(`--network: ${HINT}; got ${JSON.stringify(part.trim())}`);
    return layer;
  });
}

function parseLayer(type: string, words: readonly string[]): object | null {
  const stride = words.find((word) => /^\/\d+$/.test(word));
  const strides = stride === undefined ? {} : { strides: Number(stride.slice(1)) };
  const [first, second, ...rest] = words.filter((word) => word !== stride);
  if (rest.length > 0) return null;
  const side = (word: string | undefined): number | null => {
    const match = word === undefined ? null : /^(\d+)(?:x(\d+))?$/.exec(word);
    return match === null || (match[2] !== undefined && match[2] !== match[1]) ? null : Number(match[1]);
  };
  const sized = (name: string, word: string | undefined): object | null => {
    const size = side(word);
    if (word === undefined) return {};
    return size === null ? null : { [name]: size };
  };
  switch (type) {
    case 'conv2d': {
      const kernel = sized('kernelSize', second);
      return first === undefined || !/^\d+$/.test(first) || kernel === null
        ? null
        : { type, filters: Number(first), ...kernel, ...strides };
    }
    case 'depthwiseConv2d':
    case 'maxPool':
    case 'averagePool': {
      const size = sized(type === 'depthwiseConv2d' ? 'kernelSize' : 'size', first);
      return size === null || second !== undefined ? null : { type, ...size, ...strides };
    }
    case 'dropout':
      return first === undefined || second !== undefined || stride !== undefined || !Number(first)
        ? null
        : { type, rate: Number(first) };
    default:
      return null;
  }
}

/** Convolutions with twice the filters after every halving, until the sides are small; then a mean of each channel. */
function chooseNetwork(shape: readonly number[] | null): object[] {
  if (shape === null || shape.length !== 3)
    throw usageError(
      `--network auto: expected images or tensors of three dimensions, got [${(shape ?? []).join(',')}]`,
    );
  let [height = 1, width = 1] = shape;
  let filters = FIRST_FILTERS;
  const layers: object[] = [];
  for (;;) {
    layers.push(
      { type: 'conv2d', filters, activation: 'linear' },
      { type: 'batchNormalization' },
      { type: 'activation', activation: 'relu' },
    );
    // A side of 1, as that of a series, is not halved any more, and a window must fit both.
    if (Math.max(height, width) <= SMALL_SIDE) break;
    const halved = Math.min(height, width) >= 2;
    layers.push(halved ? { type: 'maxPool' } : { type: 'conv2d', filters, strides: 2 });
    const half = halved ? Math.floor : Math.ceil;
    [height, width] = [half(height / 2), half(width / 2)];
    filters = Math.min(MOST_FILTERS, 2 * filters);
  }
  return [...layers, { type: 'globalAveragePool' }];
}
