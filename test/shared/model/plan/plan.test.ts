import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { planHead } from '../../../../trainer/model/head.ts';
import { parsePlan } from '../../../../shared/model/plan/plan.ts';
import { createRuntime, type Runtime } from '../../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { messageOf, unwrap } from '../../../trainer/compile/support.ts';

const kernel = { offset: 0, shape: [3, 3, 2, 4] };
const bias = { offset: 320, shape: [4] };
const conv = {
  op: 'conv2d',
  name: 'c',
  inputs: [0],
  shape: [4, 4, 4],
  kernel,
  bias,
  strides: [1, 1],
  dilations: [1, 1],
  pads: [1, 1, 1, 1],
  activation: 'relu',
};
const pool = {
  op: 'maxPool',
  name: 'p',
  inputs: [1],
  shape: [2, 2, 4],
  window: [2, 2],
  strides: [2, 2],
  pads: [0, 0, 0, 0],
};
const flat = { op: 'reshape', name: 'f', inputs: [2], shape: [16], to: [16] };
const concat = { op: 'concat', name: 'j', inputs: [3, 3], shape: [32], axis: 0 };
const nodes: readonly object[] = [conv, pool, flat, concat];
const plan = { format: 'holdfast-plan/1', inputShape: [4, 4, 2], nodes, weightsBytes: 384 };

/** The plan with one node changed. */
function withNode(index: number, change: object): object {
  return { ...plan, nodes: nodes.map((node, i) => (i === index ? { ...node, ...change } : node)) };
}

describe('parsePlan', () => {
  test('accepts a sound plan', () => {
    expect(unwrap(parsePlan(plan)).nodes).toHaveLength(4);
  });

  test.each([
    ['another format', { ...plan, format: 'holdfast-plan/2' }, 'format'],
    ['no nodes', { ...plan, nodes: [] }, 'nodes'],
    ['an unknown op', withNode(0, { op: 'lstm' }), 'nodes.0.op'],
    [
      'a value that does not exist yet',
      withNode(0, { inputs: [1] }),
      "node 0 'c': takes value 1, of which 1 exist before it",
    ],
    ['a value before the input', withNode(0, { inputs: [-1] }), 'nodes.0.inputs.0'],
    ['no input', withNode(0, { inputs: [] }), 'takes no input'],
    ['two inputs where one goes', withNode(1, { inputs: [1, 1] }), 'takes 2 inputs, expected one'],
    [
      'a weight past the end',
      withNode(0, { bias: { offset: 384, shape: [4] } }),
      'its weight ends at byte 400, the weights file at 384',
    ],
    ['a weight of a huge offset', withNode(0, { bias: { offset: 2 ** 53 - 64, shape: [4] } }), 'plan: '],
    ['a weight before the start', withNode(0, { bias: { offset: -64, shape: [4] } }), 'nodes.0.bias.offset'],
    [
      'a weight between boundaries',
      withNode(0, { bias: { offset: 324, shape: [4] } }),
      'byte 324 is not 64-aligned',
    ],
    [
      'a bias of another length',
      withNode(0, { bias: { offset: 320, shape: [5] } }),
      'expected a bias of shape [4], got [5]',
    ],
    [
      'a kernel for other channels',
      withNode(0, { kernel: { offset: 0, shape: [3, 3, 1, 4] } }),
      'expected 1 channels',
    ],
    [
      'an output larger than computed',
      withNode(0, { shape: [5, 4, 4] }),
      'expected the shape [4,4,4], got [5,4,4]',
    ],
    [
      'an output smaller than computed',
      withNode(1, { shape: [2, 2, 3] }),
      'expected the shape [2,2,4], got [2,2,3]',
    ],
    ['a reshape that makes numbers', withNode(2, { to: [17], shape: [17] }), "can't turn [2,2,4] into [17]"],
    ['a stride of zero', withNode(1, { strides: [0, 1] }), 'nodes.1.strides.0'],
    ['a fraction', withNode(1, { strides: [1.5, 1] }), 'nodes.1.strides.0'],
    ['a window larger than the image', withNode(1, { window: [5, 2] }), 'does not fit'],
    ['padding beyond the window', withNode(1, { pads: [2, 0, 0, 0] }), 'reach past the window'],
    ['an axis that does not exist', withNode(3, { axis: 1 }), 'expected an axis below 1, got 1'],
    ['an attribute of another op', withNode(2, { alpha: 1 }), 'alpha'],
    ['an output beyond any memory', { ...plan, inputShape: [2 ** 14, 2 ** 14, 2] }, 'plan: '],
    ['not an object', 'plan', 'plan: '],
  ])('refuses %s', (_, json, message) => {
    expect(messageOf(parsePlan(json))).toContain(message);
  });
});

describe('a hostile plan', () => {
  let runtime: Runtime;
  const kernelTensor = { shape: [4, 3], data: new Float32Array(12) };
  const head = unwrap(
    planHead([
      { kernel: kernelTensor, bias: { shape: [3], data: new Float32Array(3) }, activation: 'softmax' },
    ]),
  );

  beforeAll(async () => {
    runtime = createRuntime(await loadWasmModule(), { maxHeapBytes: 64 * 2 ** 20 });
  });

  test('is an error value or runs, never a trap, and leaves the runtime sound', () => {
    const reference = unwrap(runtime.load(head.plan, head.weights));
    const expected = reference.run(Float32Array.of(1, 2, 3, 4), 1);
    const small = fc.integer({ min: 0, max: 6 });
    const pair = fc.tuple(small, small);
    const change = fc.record(
      {
        strides: pair,
        dilations: pair,
        pads: fc.tuple(small, small, small, small),
        window: pair,
        shape: fc.array(small, { minLength: 1, maxLength: 4 }),
        inputs: fc.array(small, { maxLength: 3 }),
        kernel: fc.record({ offset: fc.constantFrom(0, 64, 128), shape: fc.array(small, { maxLength: 5 }) }),
        bias: fc.constant(null),
        axis: small,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), change, (index, changed) => {
        const node = nodes[index] ?? {};
        const known = Object.fromEntries(Object.entries(changed).filter(([key]) => key in node));
        const parsed = parsePlan({ ...plan, nodes: [...nodes.slice(0, index), { ...node, ...known }] });
        if (!parsed.ok) return;
        const program = runtime.load(parsed.value, new Uint8Array(384));
        if (!program.ok) return;
        expect(program.value.run(new Float32Array(32), 1)).toHaveLength(program.value.outputSize);
        program.value.dispose();
      }),
      { numRuns: 2_000 },
    );
    expect(reference.run(Float32Array.of(1, 2, 3, 4), 1)).toEqual(expected);
  });

  test('that asks for more memory than there is, is refused before anything is taken', () => {
    const before = runtime.memory();
    const wide = {
      op: 'pad',
      name: 'wide',
      inputs: [0],
      pads: [8_000, 0, 0, 8_000],
      shape: [8_004, 8_004, 2],
    };
    const parsed = unwrap(parsePlan({ ...plan, nodes: [wide] }));
    expect(runtime.load(parsed, new Uint8Array(384))).toMatchObject({
      ok: false,
      error: { kind: 'out-of-memory' },
    });
    expect(runtime.memory()).toEqual(before);
  });

  test('whose size would wrap around in 32 bits is refused like any other', () => {
    const wide = {
      op: 'pad',
      name: 'wide',
      inputs: [0],
      pads: [0, 8_188, 16_380, 0],
      shape: [16_384, 8_192, 2],
    };
    const add = (a: number, b: number) => ({ op: 'add', name: 'add', inputs: [a, b], shape: wide.shape });
    const fourAtOnce = [wide, wide, wide, wide, add(1, 2), add(3, 4), add(5, 6)];
    const parsed = unwrap(parsePlan({ ...plan, nodes: fourAtOnce }));
    expect(runtime.load(parsed, new Uint8Array(384))).toMatchObject({
      ok: false,
      error: { kind: 'out-of-memory' },
    });
  });
});
