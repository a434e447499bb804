import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLayer, networkSchema, networkShapes } from '../../../../../../shared/model/spec/network.ts';
import { parseNetwork } from '../../../../../../trainer/tools/cli/commands/models/network-option.ts';

describe('--network', () => {
  it.each<[string, object[]]>([
    ['conv2d 16', [{ type: 'conv2d', filters: 16 }]],
    [
      'conv2d 16 5x5 /2, relu',
      [
        { type: 'conv2d', filters: 16, kernelSize: 5, strides: 2 },
        { type: 'activation', activation: 'relu' },
      ],
    ],
    [
      'conv2d:8:3,maxPool,flatten',
      [{ type: 'conv2d', filters: 8, kernelSize: 3 }, { type: 'maxPool' }, { type: 'flatten' }],
    ],
    [
      'depthwiseConv2d 3x3 , averagePool 4 /2',
      [
        { type: 'depthwiseConv2d', kernelSize: 3 },
        { type: 'averagePool', size: 4, strides: 2 },
      ],
    ],
    [
      'batchNormalization, dropout 0.25, globalAveragePool',
      [{ type: 'batchNormalization' }, { type: 'dropout', rate: 0.25 }, { type: 'globalAveragePool' }],
    ],
  ])('%s is read', (text, expected) => {
    const layers = parseNetwork(text, null);
    expect(layers).toEqual(expected);
    expect(networkSchema.safeParse(layers).success).toBe(true);
  });

  it('reads what a spec is described by', () => {
    const layers = networkSchema.parse([
      { type: 'conv2d', filters: 4, kernelSize: 5 },
      { type: 'activation', activation: 'tanh' },
      { type: 'flatten' },
    ]);
    expect(networkSchema.parse(parseNetwork(layers.map(describeLayer).join(', '), null))).toEqual(layers);
  });

  it.each([
    'lstm 3',
    'conv2d',
    'conv2d 16 3x5',
    'maxPool 2 2 2',
    'relu 3',
    'dropout',
    'dropout x',
    '',
    'conv2d 16,, flatten',
  ])('names what is no layer: %o', (text) => {
    expect(() => parseNetwork(text, null)).toThrow(/^--network: expected auto, or layers like conv2d 16 3x3/);
  });

  it('auto fits whatever has three dimensions', () => {
    const side = fc.integer({ min: 1, max: 300 });
    fc.assert(
      fc.property(side, side, fc.integer({ min: 1, max: 8 }), (height, width, channels) => {
        const network = networkSchema.parse(parseNetwork('auto', [height, width, channels]));
        expect(networkShapes(network, [height, width, channels]).ok).toBe(true);
      }),
    );
    expect(() => parseNetwork('auto', [512])).toThrow(
      /expected images or tensors of three dimensions, got \[512\]/,
    );
    expect(() => parseNetwork('auto', null)).toThrow(/three dimensions/);
  });
});
