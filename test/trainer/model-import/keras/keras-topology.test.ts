import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { toKeras2 } from '../../../../trainer/model-import/keras/keras-topology.ts';
import { renameWeights } from '../../../../trainer/model-import/keras/keras-weights.ts';
import { unwrap } from '../../compile/support.ts';

const sequential = (...layers: object[]) => ({ class_name: 'Sequential', config: { name: 's', layers } });
const layer = (class_name: string, config: object) => ({
  module: 'keras.layers',
  class_name,
  config: { name: class_name.toLowerCase(), ...config },
});
const layersOf = (topology: unknown) =>
  (unwrap(toKeras2(topology)).topology as { config: { layers: { class_name: string; config: object }[] } })
    .config.layers;

describe('toKeras2', () => {
  it('leaves what Keras 2 wrote as it is', () => {
    const dense = {
      class_name: 'Dense',
      config: { name: 'd', units: 2, batch_input_shape: [null, 3], dtype: 'float32' },
    };
    const nodes = {
      class_name: 'Dense',
      name: 'e',
      config: { name: 'e' },
      inbound_nodes: [[['d', 0, 0, {}]]],
    };
    const config = { layers: [dense, nodes], input_layers: [['d', 0, 0]], output_layers: [['e', 0, 0]] };
    for (const topology of [sequential(dense), { class_name: 'Functional', config }])
      expect(unwrap(toKeras2(topology)).topology).toEqual(topology);
  });

  it.each([
    ['of Keras 2 is not touched', { alpha: 0.1 }, { alpha: 0.1 }],
    ['goes by its older name', { negative_slope: 0.2 }, { alpha: 0.2 }],
  ])('the slope of a LeakyReLU %s', (_, config, expected) => {
    expect(layersOf(sequential(layer('LeakyReLU', config)))[0]?.config).toMatchObject(expected);
  });

  it.each(['RandomFlip', 'RandomZoom', 'SpatialDropout2D', 'MixUp'])('%s does nothing', (className) => {
    const [first] = layersOf(sequential(layer(className, { batch_input_shape: [null, 8, 8, 3] })));
    expect(first).toMatchObject({
      class_name: 'Activation',
      config: { activation: 'linear', batch_input_shape: [null, 8, 8, 3] },
    });
  });

  it.each(['RandomCrop', 'CenterCrop', 'Resizing'])('%s, which acts when it serves, stays', (className) => {
    expect(layersOf(sequential(layer(className, {})))[0]?.class_name).toBe(className);
  });

  it.each([
    ['an inverted Normalization', layer('Normalization', { invert: true }), /layer 'normalization'.*invert/],
    [
      'one over several axes',
      layer('Normalization', { axis: [1, 2] }),
      /axis: expected the last one, got \[1,2\]/,
    ],
    [
      'one over none, of an unknown width',
      layer('Normalization', { axis: null }),
      /axis: expected the last one/,
    ],
    ['the changed hard_sigmoid', layer('Dense', { activation: 'hard_sigmoid' }), /relu6\(x \+ 3\) \/ 6/],
  ])('refuses %s by its layer', (_, odd, message) => {
    expect(toKeras2(sequential(odd))).toMatchObject({ error: expect.stringMatching(message) });
  });

  it('spreads one mean over every channel', () => {
    const norm = { ...layer('Normalization', { axis: null }), build_config: { input_shape: [null, 3] } };
    const { notes } = unwrap(toKeras2(sequential(norm)));
    const scalar = (name: string, value: number) => ({
      spec: { name: `normalization/${name}`, shape: [], dtype: 'float32' },
      bytes: new Uint8Array(Float32Array.of(value).buffer),
    });
    const renamed = unwrap(
      renameWeights([scalar('mean', 5), scalar('variance', 4), scalar('count', 0)], notes),
    );
    expect(renamed.map(({ spec }) => spec)).toEqual([
      { name: 'normalization/moving_mean', shape: [3], dtype: 'float32' },
      { name: 'normalization/moving_variance', shape: [3], dtype: 'float32' },
    ]);
    expect([...new Float32Array(renamed[0]?.bytes.buffer as ArrayBuffer)]).toEqual([5, 5, 5]);
  });

  test('never throws, whatever the JSON', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.jsonValue(),
        fc.constantFrom('Sequential', 'Functional'),
        (one, two, kind) => {
          toKeras2(one);
          toKeras2({
            class_name: kind,
            config: { layers: [one, two], input_layers: two, output_layers: one },
          });
          toKeras2(sequential({ class_name: 'Normalization', config: one, inbound_nodes: two }));
        },
      ),
    );
  });
});
