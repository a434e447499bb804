import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { compileModel, type CompileOptions } from '../../../trainer/compile/compile.ts';
import { SUPPORTED_OPS } from '../../../trainer/compile/lower-graph.ts';
import type { CompiledPlan } from '../../../trainer/compile/emit.ts';
import { isGraphModel, parseGraphModelJson } from '../../../trainer/compile/graph-model.ts';
import { createRuntime, type Runtime } from '../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { decodeWeights } from '../../../trainer/compile/weights.ts';
import { attr, createGraph, loadGraph, toGraphModel, type GraphFiles } from '../../support/graph-def.ts';
import { quantise } from '../../support/quantise.ts';
import { wireMobileNetV2 } from '../../support/mobilenet-v2.ts';
import { buildCase, GRAPH_CASES } from './graph-cases.ts';
import { flatLayer, imageShape, spatialLayer } from './arbitrary-layers.ts';
import {
  compileFiles,
  expectClose,
  expectRowsIndependent,
  loadCompiled,
  messageOf,
  predict,
  randomModel,
  randomNumbers,
  saveModel,
  unwrap,
} from './support.ts';

const NHWC = attr.text('NHWC');
let runtime: Runtime;

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  runtime = createRuntime(await loadWasmModule());
});

function compile({ json, weights }: GraphFiles, options?: CompileOptions) {
  const model = unwrap(parseGraphModelJson(json));
  return compileModel(model, unwrap(decodeWeights(model, weights)), options);
}

function opsOf({ plan }: CompiledPlan): string[] {
  return plan.nodes.map((node) => node.op);
}

async function expectSameAsTfjs(files: GraphFiles, inputShape: readonly number[], batch = 3): Promise<void> {
  const program = loadCompiled(runtime, unwrap(compile(files)));
  const input = randomNumbers(batch * program.inputSize, 5);
  const model = await loadGraph(files);
  const expected = tf.tidy(() => {
    const output = model.predict(tf.tensor(input, [batch, ...inputShape])) as tf.Tensor;
    return { shape: output.shape.slice(1), data: output.dataSync<'float32'>() };
  });
  expect(program.outputShape).toEqual(expected.shape);
  expectClose(program.run(input, batch), expected.data);
  expectRowsIndependent(program, [5]);
  program.dispose();
  model.dispose();
}

describe('gives what TensorFlow.js gives', () => {
  test.each(GRAPH_CASES)('%s', async (...graphCase) => {
    await expectSameAsTfjs(buildCase(graphCase), graphCase[1]);
  });

  test('there is a case of every operation', () => {
    const covered = new Set(
      GRAPH_CASES.flatMap((graphCase) => unwrap(parseGraphModelJson(buildCase(graphCase).json)).nodes).map(
        ({ op }) => op,
      ),
    );
    expect(SUPPORTED_OPS.filter((op) => !covered.has(op))).toEqual([]);
  });
});

test('gives what TensorFlow.js gives with quantised weights, integers too', async () => {
  const graph = createGraph();
  const x = graph.placeholder([-1, 6, 6, 2]);
  const paddings = graph.add('Reshape', [graph.ints(0, 0, 1, 1, 1, 1, 0, 0), graph.ints(4, 2)]);
  const convolved = graph.add(
    'Conv2D',
    [graph.add('Pad', [x, paddings]), graph.floats([3, 3, 2, 4], randomNumbers(72, 1))],
    {
      strides: attr.ints(1, 2, 2, 1),
      dilations: attr.ints(1, 1, 1, 1),
      padding: attr.text('VALID'),
      data_format: NHWC,
    },
  );
  const biased = graph.add('BiasAdd', [convolved, graph.floats([4], randomNumbers(4, 2))]);
  const flat = graph.add('Reshape', [graph.add('Relu', [biased]), graph.ints(-1, 36)]);
  const files = graph.finish(graph.add('MatMul', [flat, graph.floats([36, 5], randomNumbers(180, 3))]));
  const [group] = files.json.weightsManifest;
  const { specs, bytes } = quantise(group?.weights ?? [], files.weights);
  const json = { ...files.json, weightsManifest: [{ paths: ['a.bin'], weights: specs }] };
  expect(bytes.byteLength).toBeLessThan(files.weights.byteLength / 2 + 4);
  await expectSameAsTfjs({ json, weights: bytes }, [6, 6, 2]);
});

describe('any small architecture gives what TensorFlow.js gives', () => {
  test('CNNs', async () => {
    await fc.assert(
      fc.asyncProperty(
        imageShape,
        fc.array(spatialLayer, { minLength: 1, maxLength: 3 }),
        fc.array(flatLayer, { maxLength: 2 }),
        async (shape, body, tail) => {
          const parts = [...body, () => tf.layers.flatten(), ...tail];
          const model = randomModel(shape, (input) =>
            parts.reduce((x, make) => make().apply(x) as tf.SymbolicTensor, input),
          );
          await expectSameAsTfjs(toGraphModel(model), shape);
          model.dispose();
        },
      ),
      { numRuns: 40 },
    );
  });

  test('MobileNetV2, as LayersModel and as GraphModel', async () => {
    const shape = [64, 64, 3];
    const model = randomModel(shape, wireMobileNetV2(0.35, 7));
    const files = toGraphModel(model);
    const graph = unwrap(compile(files));
    const layers = compileFiles(await saveModel(model));
    expect(opsOf(graph)).toEqual(opsOf(layers));
    expect(graph.plan.nodes).toHaveLength(66);
    await expectSameAsTfjs(files, shape, 1);
    const program = loadCompiled(runtime, layers);
    const input = randomNumbers(program.inputSize, 9);
    expectClose(program.run(input, 1), predict(model, input, 1, shape).data);
    program.dispose();
  });
});

/** One operation on an image of 4x4x2. */
function single(op: string, inputs: (graph: ReturnType<typeof createGraph>) => string[], attributes = {}) {
  const graph = createGraph();
  const x = graph.placeholder([-1, 4, 4, 2]);
  const constants = inputs(graph);
  return graph.finish(graph.add(op, [x, ...constants], attributes, 'part'));
}

describe('fusion', () => {
  test('leaves one node of padding, convolution, batch norm and activation', () => {
    const graph = createGraph();
    const x = graph.placeholder([-1, 8, 8, 3]);
    const paddings = graph.add('Reshape', [graph.ints(0, 0, 1, 1, 1, 1, 0, 0), graph.ints(4, 2)]);
    const padded = graph.add('Pad', [x, paddings]);
    const convolved = graph.add('Conv2D', [padded, graph.floats([3, 3, 3, 2], randomNumbers(54, 1))], {
      strides: attr.ints(1, 1, 1, 1),
      padding: attr.text('VALID'),
      data_format: NHWC,
    });
    const scaled = graph.add('Mul', [convolved, graph.floats([2], [2, 3])]);
    const shifted = graph.add('AddV2', [scaled, graph.floats([1, 1, 1, 2], [4, 5])]);
    const compiled = unwrap(compile(graph.finish(graph.add('Relu6', [shifted]))));
    expect(compiled.plan.nodes).toMatchObject([{ op: 'conv2d', pads: [1, 1, 1, 1], activation: 'relu6' }]);
  });
});

describe('parseGraphModelJson', () => {
  test('is for GraphModels, by format or by topology', () => {
    expect(isGraphModel({ format: 'graph-model' })).toBe(true);
    expect(isGraphModel({ modelTopology: { node: [] } })).toBe(true);
    expect(isGraphModel({ format: 'layers-model', modelTopology: {} })).toBe(false);
    expect(isGraphModel('model')).toBe(false);
  });

  test('reads strings as bytes, integers as numbers and types as numbers, as old converters wrote them', async () => {
    const files = single('MaxPool', () => [], {
      ksize: { list: { i: [1, 2, 2, 1] } },
      strides: { list: { i: [1, 2, 2, 1] } },
      padding: { s: [...Buffer.from('VALID')] },
      data_format: { s: [...Buffer.from('NHWC')] },
    });
    const text = JSON.stringify(files.json).replaceAll('"DT_FLOAT"', '1');
    expect(unwrap(compile({ ...files, json: JSON.parse(text) })).plan.nodes).toMatchObject([
      { op: 'maxPool', window: [2, 2], strides: [2, 2] },
    ]);
  });

  test('takes what nothing reads as output where no signature names one', () => {
    const graph = createGraph();
    graph.add('Relu', [graph.add('Tanh', [graph.placeholder([-1, 3])])], {}, 'last');
    expect(unwrap(parseGraphModelJson(graph.finish().json)).outputs).toEqual(['last']);
  });

  test('takes a signature among the metadata', () => {
    const { json } = single('Relu', () => []);
    const { signature, ...rest } = json;
    const moved = { ...rest, userDefinedMetadata: { signature } };
    expect(unwrap(parseGraphModelJson(moved)).outputs).toEqual(['part']);
  });

  test('ignores control inputs', () => {
    const files = single('Relu', () => ['^part']);
    expect(opsOf(unwrap(compile(files)))).toEqual(['relu']);
  });

  test('takes a model that was exported for one example at a time', () => {
    const graph = createGraph();
    const x = graph.placeholder([1, 2, 3]);
    const files = graph.finish(graph.add('Reshape', [graph.add('Tanh', [x]), graph.ints(1, 6)]));
    expect(unwrap(compile(files)).plan).toMatchObject({ inputShape: [2, 3], nodes: [{}, { to: [6] }] });
  });

  test('never throws, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (node, attributes) => {
        parseGraphModelJson({ modelTopology: { node }, weightsManifest: [] });
        const files = single('Conv2D', (graph) => [graph.floats([1, 1, 2, 1], [1, 2])], Object(attributes));
        compile(files);
      }),
    );
  });
});

describe('what the edge cannot run is refused with its node', () => {
  const convolution = { strides: attr.ints(1, 1, 1, 1), padding: attr.text('SAME'), data_format: NHWC };
  const filter = (graph: ReturnType<typeof createGraph>) => [graph.floats([1, 1, 2, 1], [1, 2])];

  test.each<[string, GraphFiles, string]>([
    [
      'an operation',
      single('ResizeBilinear', () => []),
      "node 'part' (ResizeBilinear) can't run at the edge",
    ],
    [
      'channels first',
      single('Conv2D', filter, { ...convolution, data_format: attr.text('NCHW') }),
      "node 'part' (Conv2D) can't run at the edge: data_format: expected NHWC, got NCHW",
    ],
    [
      'a computed filter',
      single('Conv2D', () => ['input'], convolution),
      "node 'part' (Conv2D) can't run at the edge: its filter is no constant",
    ],
    [
      'a fused batch norm',
      single('_FusedConv2D', filter, { ...convolution, fused_ops: attr.texts('FusedBatchNorm') }),
      "node 'part' (_FusedConv2D) can't run at the edge: fused_ops: expected BiasAdd first, got fusedbatchnorm",
    ],
    [
      'a filter of other channels',
      single('Conv2D', (graph) => [graph.floats([1, 1, 3, 1], [1, 2, 3])], convolution),
      "node 'part' (Conv2D): expected 3 channels, got the shape [4,4,2]",
    ],
    [
      'padding with ones',
      single('PadV2', (graph) => [graph.floats([4, 2], new Float32Array(8)), graph.floats([], [1])]),
      "node 'part' (PadV2) can't run at the edge: expected to pad with zeros, got 1",
    ],
    [
      'a mean over the rows',
      single('Mean', (graph) => [graph.ints(1)]),
      'expected to reduce over height and width, got the axes [1] of [batch,4,4,2]',
    ],
    [
      'a permutation',
      single('Transpose', (graph) => [graph.ints(0, 3, 1, 2)]),
      'expected an order that moves axes of 1 only, got [0,3,1,2] of [batch,4,4,2]',
    ],
    [
      'a reshape that mixes examples',
      single('Reshape', (graph) => [graph.ints(5, -1)]),
      'a reshape of [batch,4,4,2] to [5,-1] does not keep the examples apart',
    ],
    [
      'a constant that does not stretch',
      single('AddV2', (graph) => [graph.floats([3], [1, 2, 3])]),
      'a constant of shape [3] does not stretch to [4,4,2]',
    ],
    [
      'a second output',
      single('Relu', () => ['input:1']),
      "node 'part' (Relu) can't run at the edge: it takes output 1 of 'input', expected output 0",
    ],
    [
      'an output of joined rows',
      single('Reshape', (graph) => [graph.ints(-1, 2)]),
      "node 'part' gives several rows an example",
    ],
  ])('%s', (_, files, message) => {
    expect(messageOf(compile(files))).toContain(message);
  });

  test('two outputs, unless one is named', () => {
    const graph = createGraph();
    const x = graph.placeholder([-1, 3]);
    const files = graph.finish(graph.add('Relu', [x], {}, 'a'), graph.add('Tanh', [x], {}, 'b'));
    expect(messageOf(compile(files))).toBe(
      'the model has 2 outputs (a, b), expected one: name the one to use with --layer',
    );
    expect(opsOf(unwrap(compile(files, { output: 'b' })))).toEqual(['tanh']);
  });

  test.each([
    ['any size', [-1, -1, 3], 'expected a fixed shape such as [-1,224,224,3], got [-1,-1,3]'],
    ['eight examples', [8, 3], 'got [8,3]'],
  ])('an input of %s', (_, shape, message) => {
    const graph = createGraph();
    const files = graph.finish(graph.add('Relu', [graph.placeholder(shape)]));
    expect(messageOf(compile(files))).toContain(message);
  });

  test('two inputs', () => {
    const graph = createGraph();
    const [a, b] = [graph.placeholder([-1, 3], 'a'), graph.placeholder([-1, 3], 'b')];
    expect(messageOf(compile(graph.finish(graph.add('AddV2', [a, b]))))).toBe(
      'modelTopology: expected one input, got a, b',
    );
  });

  test('a constant that the file does not have', () => {
    const files = single('Mean', (graph) => [graph.ints(1, 2)]);
    const json = { ...files.json, weightsManifest: [] };
    expect(messageOf(compile({ json, weights: new Uint8Array() }))).toMatch(
      /node 'model\/Const_0' \(Const\): expected a weight of this name/,
    );
  });
});

describe('a cut', () => {
  test('at a node pools what it gives', () => {
    const graph = createGraph();
    const inner = graph.add('Relu', [graph.placeholder([-1, 4, 4, 2])], {}, 'inner');
    const files = graph.finish(graph.add('ResizeBilinear', [inner]));
    const averaged = unwrap(compile(files, { output: 'inner', pooling: 'average' }));
    expect(opsOf(averaged)).toEqual(['relu', 'averagePool', 'reshape']);
    const flat = unwrap(compile(files, { output: 'inner', pooling: 'flatten' }));
    expect(flat.plan.nodes.at(-1)?.shape).toEqual([32]);
    expect(messageOf(compile(files, { output: 'nowhere' }))).toBe(
      "modelTopology: the output takes node 'nowhere', which the model does not have",
    );
  });
});
