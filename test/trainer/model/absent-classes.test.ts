import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DenseLayer } from '../../../trainer/model/head.ts';
import { suppressClasses, restoreClasses } from '../../../trainer/model/absent-classes.ts';

const FEATURES = 2;

function outputLayer(kernel: readonly number[], bias: readonly number[]): DenseLayer {
  return {
    kernel: { shape: [FEATURES, bias.length], data: Float32Array.from(kernel) },
    bias: { shape: [bias.length], data: Float32Array.from(bias) },
    activation: 'softmax',
  };
}

/** Probabilities of one input, in double precision. */
function answer({ kernel, bias }: DenseLayer, input: readonly number[]): number[] {
  const outputs = bias.data.length;
  const logits = Array.from(bias.data, (value, c) =>
    input.reduce((sum, x, f) => sum + x * (kernel.data[f * outputs + c] as number), value),
  );
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const all = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / all);
}

const finite = fc.float({ min: -8, max: 8, noNaN: true });
const heads = fc
  .tuple(
    fc.array(finite, { minLength: FEATURES * 4, maxLength: FEATURES * 4 }),
    fc.array(finite, { minLength: 4, maxLength: 4 }),
    fc.subarray([0, 1, 2, 3], { minLength: 1, maxLength: 3 }),
  )
  .map(([kernel, bias, absent]) => ({ layer: outputLayer(kernel, bias), absent }));
const inputs = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
  minLength: FEATURES,
  maxLength: FEATURES,
});

const lastOf = (layers: readonly DenseLayer[]): DenseLayer => layers.at(-1) as DenseLayer;

describe('a class without examples', () => {
  test('is never predicted, and has no probability that anybody could see', () => {
    fc.assert(
      fc.property(heads, inputs, ({ layer, absent }, input) => {
        const probabilities = answer(lastOf(suppressClasses([layer], absent)), input);
        for (const id of absent) expect(probabilities[id]).toBeLessThan(1e-10);
      }),
    );
  });

  test('changes nothing about the others, bit for bit, nor the head that was given', () => {
    fc.assert(
      fc.property(heads, ({ layer, absent }) => {
        const before = structuredClone(layer);
        const { kernel, bias } = lastOf(suppressClasses([layer], absent));
        expect(layer).toEqual(before);
        for (const [at, value] of kernel.data.entries()) {
          expect(value).toBe(absent.includes(at % 4) ? 0 : layer.kernel.data[at]);
        }
        for (const [id, value] of bias.data.entries()) {
          if (!absent.includes(id)) expect(value).toBe(layer.bias.data[id]);
        }
      }),
    );
  });

  test('leaves the layers before the last as they are', () => {
    const hidden = { ...outputLayer([1, 2, 3, 4], [5, 6]), activation: 'relu' } as const;
    const output = outputLayer([1, 2, 3, 4], [5, 6]);
    expect(suppressClasses([hidden, output], [0])[0]).toBe(hidden);
  });

  test('where there is none, the head stays as it is', () => {
    const layers = [outputLayer([1, 2, 3, 4], [5, 6])];
    expect(suppressClasses(layers, [])).toBe(layers);
    expect(restoreClasses(layers, 2)).toBe(layers);
  });
});

describe('a class that has its first examples', () => {
  test('begins anew, one step below the least likely of the others, and these stay as they were', () => {
    const silent = suppressClasses([outputLayer([1, 2, 3, 4, 5, 6], [0.5, -0.25, 2])], [2]);
    const { kernel, bias } = lastOf(restoreClasses(silent, 3));
    expect([...bias.data]).toEqual([0.5, -0.25, -1.25]);
    expect([...kernel.data]).toEqual([1, 2, 0, 4, 5, 0]);
  });

  test('can be learned: its probability is large enough for a gradient', () => {
    fc.assert(
      fc.property(heads, inputs, ({ layer, absent }, input) => {
        const woken = answer(lastOf(restoreClasses(suppressClasses([layer], absent), 4)), input);
        for (const id of absent) expect(woken[id]).toBeGreaterThan(1e-25);
        const { bias } = lastOf(restoreClasses(suppressClasses([layer], absent), 4));
        expect(Math.min(...bias.data)).toBeGreaterThan(-10);
      }),
    );
  });

  test('of a head in which all were silent, all begin at nothing', () => {
    const { bias } = lastOf(restoreClasses(suppressClasses([outputLayer([1, 2, 3, 4], [5, 6])], [0, 1]), 2));
    expect([...bias.data]).toEqual([0, 0]);
  });

  test('a head that is silenced and woken again can be silenced again', () => {
    fc.assert(
      fc.property(heads, ({ layer, absent }) => {
        const once = suppressClasses([layer], absent);
        expect(suppressClasses(restoreClasses(once, 4), absent)).toEqual(once);
      }),
    );
  });
});

describe('a class that was added since', () => {
  test('gets an output that begins anew, and the others stay as they were', () => {
    const { kernel, bias } = lastOf(restoreClasses([outputLayer([1, 2, 3, 4], [0.5, -0.25])], 4));
    expect(kernel).toEqual({ shape: [2, 4], data: Float32Array.from([1, 2, 0, 0, 3, 4, 0, 0]) });
    expect(bias).toEqual({ shape: [4], data: Float32Array.from([0.5, -0.25, -1.25, -1.25]) });
  });
});
