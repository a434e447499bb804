import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseModelJson } from '../../../trainer/compile/artifacts.ts';
import { decodeWeights, listWeightFiles } from '../../../trainer/compile/weights.ts';
import { compileLayersModel } from '../../../trainer/compile/compile.ts';
import { headToLayersModel, planHead, type DenseLayer } from '../../../trainer/model/head.ts';
import { createRuntime, type Runtime } from '../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { expectClose, loadCompiled, messageOf, predict, randomNumbers, unwrap } from '../compile/support.ts';

let runtime: Runtime;

beforeAll(async () => {
  await tf.setBackend('cpu');
  runtime = createRuntime(await loadWasmModule());
});

function layer(inputs: number, units: number, activation: DenseLayer['activation']): DenseLayer {
  return {
    kernel: { shape: [inputs, units], data: randomNumbers(inputs * units, units) },
    bias: { shape: [units], data: randomNumbers(units, inputs) },
    activation,
  };
}

const HEADS: DenseLayer[][] = [
  [layer(5, 3, 'softmax')],
  [layer(20, 40, 'relu'), layer(40, 3, 'linear')],
  [layer(7, 9, 'relu6'), layer(9, 8, 'tanh'), layer(8, 1, 'sigmoid')],
  [layer(7, 9, 'elu'), layer(9, 8, 'leakyRelu'), layer(8, 3, 'softmax')],
  [normalized(layer(7, 9, 'relu')), normalized(layer(9, 8, 'leakyRelu')), layer(8, 3, 'softmax')],
];

/** As after a training: no two numbers alike. */
function normalized(dense: DenseLayer): DenseLayer {
  const { shape, data } = dense.bias;
  const drawn = (seed: number, least: number) => ({
    shape,
    data: randomNumbers(data.length, seed).map((x) => Math.abs(x) + least),
  });
  return {
    ...dense,
    normalization: { gamma: drawn(1, 0.5), beta: drawn(2, -1), mean: drawn(3, -1), variance: drawn(4, 0.1) },
  };
}

describe('a head', () => {
  test.each(HEADS)('gives the same as an edge plan and as an exported model', async (...layers) => {
    const { modelJson, weights } = unwrap(headToLayersModel(layers));
    const { modelTopology, weightsManifest } = JSON.parse(JSON.stringify(modelJson));
    const weightSpecs = weightsManifest[0].weights;
    const model = await tf.loadLayersModel(
      tf.io.fromMemory({ modelTopology, weightSpecs, weightData: weights.buffer }),
    );
    const program = loadCompiled(runtime, unwrap(planHead(layers)));
    const input = randomNumbers(4 * program.inputSize, 1);
    expectClose(program.run(input, 4), predict(model, input, 4, program.inputShape).data);
    program.dispose();
  });

  test('exported and compiled again is the same plan', () => {
    const layers = HEADS[1] ?? [];
    const { modelJson, weights } = unwrap(headToLayersModel(layers));
    const model = unwrap(parseModelJson(modelJson));
    expect(listWeightFiles(model)).toEqual(['weights.bin']);
    const again = unwrap(compileLayersModel(model, unwrap(decodeWeights(model, weights))));
    const planned = unwrap(planHead(layers));
    expect(again).toEqual(planned);
  });

  test('a normalisation costs nothing where it serves', () => {
    const [plain, folded] = [HEADS[0], HEADS[4]].map((head) => unwrap(planHead(head ?? [])).plan.nodes);
    expect(plain?.map(({ op }) => op)).toEqual(['dense', 'softmax']);
    expect(folded?.map(({ op }) => op)).toEqual(['dense', 'dense', 'leakyRelu', 'dense', 'softmax']);
  });

  test.each([
    ['no layers', [], 'head: expected at least one dense layer, got none'],
    [
      'layers that do not meet',
      [layer(2, 3, 'relu'), layer(4, 1, 'linear')],
      'head: layer 1: expected 4 features, got the shape [3]',
    ],
    [
      'a bias of another length',
      [{ ...layer(2, 3, 'relu'), bias: { shape: [4], data: new Float32Array(4) } }],
      'head: layer 0: expected a bias of shape [3], got [4]',
    ],
    [
      'fewer numbers than the shape says',
      [{ ...layer(2, 3, 'relu'), kernel: { shape: [2, 3], data: new Float32Array(5) } }],
      'head: layer 0: expected 6 numbers in the kernel, got 5',
    ],
  ])('with %s is refused', (_, layers, message) => {
    expect(messageOf(planHead(layers))).toBe(message);
    expect(messageOf(headToLayersModel(layers))).toBe(message);
  });
});
