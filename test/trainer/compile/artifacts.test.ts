import * as tf from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseModelJson } from '../../../trainer/compile/artifacts.ts';
import { decodeWeights, listWeightFiles } from '../../../trainer/compile/weights.ts';
import { messageOf, randomModel, saveModel, unwrap } from './support.ts';

const dense = { class_name: 'Dense', config: { name: 'dense', units: 1, batch_input_shape: [null, 2] } };
const kernel = { name: 'dense/kernel', shape: [2, 1], dtype: 'float32' };
const bias = { name: 'dense/bias', shape: [1], dtype: 'float32' };

function file(modelTopology: object, weights: object[] = [kernel, bias]): object {
  return { modelTopology, weightsManifest: [{ paths: ['a.bin'], weights }] };
}

const sequential = { class_name: 'Sequential', config: { name: 's', layers: [dense] } };

describe('parseModelJson', () => {
  test('makes the input of a Sequential a layer', () => {
    const model = unwrap(parseModelJson(file(sequential)));
    expect(model.layers.map(({ className, inputs }) => [className, inputs])).toEqual([
      ['InputLayer', []],
      ['Dense', ['(input)']],
    ]);
    expect(model.output).toBe('dense');
  });

  test('reads the topology bare, under model_config, and with layers as a plain list', () => {
    const plain = { class_name: 'Sequential', config: [dense] };
    for (const topology of [sequential, { model_config: sequential }, { model_config: plain }]) {
      expect(unwrap(parseModelJson(file(topology))).layers).toHaveLength(2);
    }
  });

  test('reads a functional model, whatever it is called', () => {
    const layers = [
      { class_name: 'InputLayer', name: 'in', config: { batch_input_shape: [null, 2] }, inbound_nodes: [] },
      { class_name: 'Dense', name: 'out', config: {}, inbound_nodes: [[['in', 0, 0, {}]]] },
    ];
    const config = { layers, input_layers: [['in', 0, 0]], output_layers: [['out', 0, 0]] };
    for (const class_name of ['Model', 'Functional']) {
      const model = unwrap(parseModelJson({ format: 'layers-model', ...file({ class_name, config }) }));
      expect(model.output).toBe('out');
      expect(model.layers[1]?.inputs).toEqual(['in']);
    }
  });

  test('reads what tfjs saves', async () => {
    const model = randomModel([3], (x) => tf.layers.dense({ units: 2 }).apply(x) as tf.SymbolicTensor);
    const { json, weights } = await saveModel(model);
    const parsed = unwrap(parseModelJson(json));
    const decoded = unwrap(decodeWeights(parsed, weights));
    expect([...decoded.values()].map(({ shape }) => shape)).toEqual([[3, 2], [2]]);
    expect([...decoded.values()].map(({ data }) => data)).toEqual(
      model.getWeights().map((w) => w.dataSync()),
    );
  });

  test.each([
    [
      'a GraphModel by its format',
      { ...file(sequential), format: 'graph-model' },
      'expected the format layers-model, got graph-model',
    ],
    [
      'a GraphModel by its topology',
      file({ node: [], versions: {} }),
      'expected the format layers-model, got graph-model',
    ],
    ['another class of model', file({ class_name: 'Transformer', config: {} }), 'got Transformer'],
    ['no topology', { weightsManifest: [] }, 'modelTopology'],
    ['no layers', file({ class_name: 'Sequential', config: [] }), 'expected at least one layer'],
    [
      'a layer without config',
      file({ class_name: 'Sequential', config: [{ class_name: 'Dense' }] }),
      'config',
    ],
    [
      'a name twice',
      file({ class_name: 'Sequential', config: [dense, dense] }),
      "the layer name 'dense' stands twice",
    ],
    [
      'a path outside',
      { modelTopology: sequential, weightsManifest: [{ paths: ['../x'], weights: [] }] },
      "'../x' leaves",
    ],
    [
      'weights that are text',
      file(sequential, [{ ...kernel, dtype: 'string' }]),
      "'dense/kernel' is string, expected float32",
    ],
    ['not an object', null, 'model.json'],
  ])('refuses %s', (_, json, message) => {
    expect(messageOf(parseModelJson(json))).toContain(message);
  });

  test('never throws, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (modelTopology, weightsManifest) => {
        parseModelJson({ modelTopology, weightsManifest });
      }),
    );
  });
});

describe('listWeightFiles', () => {
  test('lists the shards of all groups in order', () => {
    const weightsManifest = [
      { paths: ['group1-shard1of2', 'group1-shard2of2'], weights: [kernel] },
      { paths: ['group2-shard1of1'], weights: [bias] },
    ];
    const model = unwrap(parseModelJson({ modelTopology: sequential, weightsManifest }));
    expect(listWeightFiles(model)).toEqual(['group1-shard1of2', 'group1-shard2of2', 'group2-shard1of1']);
  });
});

describe('decodeWeights', () => {
  test('says how many bytes it expected and how many came', () => {
    const model = unwrap(parseModelJson(file(sequential)));
    for (const held of [11, 13]) {
      expect(messageOf(decodeWeights(model, new Uint8Array(held)))).toBe(
        `weights: model.json describes 12 bytes, the shards hold ${held}`,
      );
    }
  });

  test('reads a Node Buffer, which may be a window on other bytes', () => {
    const model = unwrap(parseModelJson(file(sequential)));
    const floats = Buffer.from(Float32Array.of(9, 1, 2, 3).buffer);
    expect(unwrap(decodeWeights(model, floats.subarray(4))).get('dense/bias')?.data).toEqual(
      Float32Array.of(3),
    );
  });

  test('decodes quantised weights, also where they leave the next tensor unaligned', () => {
    const weights = [
      { name: 'a', shape: [3], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
      { name: 'b', shape: [2], dtype: 'float32', quantization: { dtype: 'uint16', scale: 0.25, min: 2 } },
      { name: 'c', shape: [1], dtype: 'float32' },
      { name: 'd', shape: [], dtype: 'float32', quantization: { dtype: 'float16' } },
    ];
    const model = unwrap(parseModelJson(file(sequential, weights)));
    const bytes = Uint8Array.of(0, 2, 255, 4, 0, 255, 255, 0, 0, 192, 63, 0, 0xc0);
    const decoded = unwrap(decodeWeights(model, bytes));
    expect([...(decoded.get('a')?.data ?? [])]).toEqual([-1, 0, 126.5]);
    expect([...(decoded.get('b')?.data ?? [])]).toEqual([3, 65_535 * 0.25 + 2]);
    expect([...(decoded.get('c')?.data ?? [])]).toEqual([1.5]);
    expect([...(decoded.get('d')?.data ?? [])]).toEqual([-2]);
  });

  test('decodes float16 as tfjs does', async () => {
    const weights = [
      { name: 'a', shape: [65_536], dtype: 'float32', quantization: { dtype: 'float16' } },
    ] as const;
    const model = unwrap(parseModelJson(file(sequential, [...weights])));
    const all = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const decoded = unwrap(decodeWeights(model, new Uint8Array(all.buffer))).get('a')?.data ?? [];
    const reference = tf.io.decodeWeights(all.buffer, [
      { ...weights[0], shape: [65_536], quantization: { dtype: 'float16' } },
    ]);
    expect([...decoded]).toEqual([...(reference['a']?.dataSync() ?? [])]);
  });
});
