/**
 * What the executor promises, in Node and in workerd alike. The oracle is tfjs's cpu backend, which shares no code
 * with the WASM binary.
 */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { floatBytes } from '../../../../shared/bytes.ts';
import { sha256Hex } from '../../../../shared/digest.ts';
import type { CompiledPlan } from '../../../../trainer/compile/emit.ts';
import { planHead } from '../../../../trainer/model/head.ts';
import { createRuntime, type Runtime } from '../../../../shared/model/run/runtime.ts';
import { registerWasmBackend } from '../../../../trainer/kernels/tfjs/tfjs-backend.ts';
import type { WasmModules } from '../../../../shared/model/run/wasm-modules.ts';
import { LAYER_CASES } from '../../../trainer/compile/layer-cases.ts';
import {
  bitsOf,
  compileFiles,
  expectClose,
  expectRowsIndependent,
  expectSameAsTfjs,
  loadCompiled,
  messageOf,
  predict,
  randomModel,
  randomNumbers,
  saveModel,
  unwrap,
  type Wiring,
} from '../../../trainer/compile/support.ts';

/** Outputs of the seeded models below, SHA-256 of their bytes: the same on every machine and in every runtime. */
const CNN_DIGEST = '73f9f06d4bce16a5610bc4b8c6c632d1d41dbbb798319ba8b806f90cd1d167e8';
const MLP_DIGEST = 'ad6df5b845d7dd1ecaa4e598769529b062ca38ef36f23a238e26eca617240a8d';

const { layers } = tf;

const wireCnn: Wiring = (input) =>
  [
    layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: 'same', useBias: false }),
    layers.batchNormalization(),
    layers.reLU({ maxValue: 6 }),
    layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', activation: 'tanh' }),
    layers.conv2d({ filters: 12, kernelSize: 1, activation: 'sigmoid' }),
    layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
    layers.leakyReLU({ alpha: 0.2 }),
    layers.globalAveragePooling2d({}),
    layers.dense({ units: 10, activation: 'softmax' }),
  ].reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);

const wireMlp: Wiring = (input) =>
  [
    layers.dense({ units: 67, activation: 'relu' }),
    layers.batchNormalization(),
    layers.dense({ units: 33, activation: 'tanh' }),
    layers.dense({ units: 10, activation: 'softmax' }),
  ].reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);

/** @param module  the WASM binaries, as the runtime at hand gets them */
export function testExecutor(module: WasmModules): void {
  let runtime: Runtime;
  let cnn: CompiledPlan;
  let mlp: CompiledPlan;

  beforeAll(async () => {
    await tf.setBackend('cpu');
    runtime = createRuntime(module);
    cnn = compileFiles(await saveModel(randomModel([17, 15, 3], wireCnn)));
    mlp = compileFiles(await saveModel(randomModel([29], wireMlp)));
  });

  describe('gives what tfjs gives, with the same bits in every batch', () => {
    test.each(LAYER_CASES)('%s', async (_, inputShape, wire) => {
      await expectSameAsTfjs(runtime, inputShape, wire);
    });
  });

  test.each([
    ['a CNN', () => cnn, CNN_DIGEST],
    ['an MLP', () => mlp, MLP_DIGEST],
  ] as const)('computes the same bits for %s everywhere', (_, compiled, digest) => {
    const program = loadCompiled(runtime, compiled());
    const output = program.run(randomNumbers(5 * program.inputSize, 3), 5);
    expect(sha256Hex(floatBytes(output))).toBe(digest);
    program.dispose();
  });

  test('agrees with the WASM backend of tfjs, bit for bit where nothing is folded', async () => {
    await registerWasmBackend(tf, module);
    await registerWasmBackend(tf, module);
    expect(tf.getBackend()).toBe('wasm');
    const model = randomModel(
      [29],
      (x) => layers.dense({ units: 10, activation: 'relu' }).apply(x) as tf.SymbolicTensor,
    );
    const program = loadCompiled(runtime, compileFiles(await saveModel(model)));
    const input = randomNumbers(4 * 29, 8);
    expect(program.run(input, 4)).toEqual(predict(model, input, 4, [29]).data);
    program.dispose();
    await tf.setBackend('cpu');
  });

  test('runs programs side by side without mixing them up', () => {
    const first = loadCompiled(runtime, cnn);
    const second = loadCompiled(runtime, mlp);
    const input = randomNumbers(first.inputSize, 1);
    const before = first.run(input, 1);
    second.run(randomNumbers(40 * second.inputSize, 2), 40);
    expect(bitsOf(first.run(input, 1))).toEqual(bitsOf(before));
    second.dispose();
    expect(bitsOf(first.run(input, 1))).toEqual(bitsOf(before));
    first.dispose();
  });

  test('keeps running after another program has made the heap grow', () => {
    const small = createRuntime(module);
    const program = loadCompiled(small, mlp);
    const input = randomNumbers(33 * program.inputSize, 1);
    const before = program.run(input, 33);
    const { heapBytes } = small.memory();
    const big = loadCompiled(small, head(2_000, 2_500));
    expect(small.memory().heapBytes).toBeGreaterThan(heapBytes);
    expect(bitsOf(program.run(input, 33))).toEqual(bitsOf(before));
    expect(big.run(new Float32Array(2_000), 1)).toHaveLength(2_500);
  });

  test('holds nothing after a hundred loads and disposals', () => {
    const fresh = createRuntime(module);
    const cycle = (compiled: CompiledPlan) => {
      const program = loadCompiled(fresh, compiled);
      program.run(randomNumbers(33 * program.inputSize, 1), 33);
      program.dispose();
      program.dispose();
    };
    const all = [cnn, mlp, head(300, 3_000)];
    for (const compiled of [...all, ...all]) cycle(compiled);
    const before = fresh.memory();
    expect(before.tensors).toBe(0);
    for (let i = 0; i < 100; i++) for (const compiled of all) cycle(compiled);
    expect(fresh.memory()).toEqual(before);
  });

  test('refuses a model that does not fit the heap, and stays usable', () => {
    const tight = createRuntime(module, { maxHeapBytes: 20 * 2 ** 20 });
    const refused = tight.load(...partsOf(head(2_000, 2_500)));
    expect(refused).toMatchObject({ ok: false, error: { kind: 'out-of-memory' } });
    expect(tight.memory().tensors).toBe(0);
    expectRowsIndependent(loadCompiled(tight, mlp), [9]);
  });

  test('loads until the heap is full, and again after one is disposed of', () => {
    const tight = createRuntime(module, { maxHeapBytes: 20 * 2 ** 20 });
    const compiled = head(500, 1_000);
    const loaded = [];
    let next = tight.load(...partsOf(compiled));
    for (; next.ok; next = tight.load(...partsOf(compiled))) loaded.push(next.value);
    expect(next.error.kind).toBe('out-of-memory');
    expect(loaded.length).toBeGreaterThan(3);
    loaded.pop()?.dispose();
    expect(tight.load(...partsOf(compiled)).ok).toBe(true);
    expect(loaded[0]?.run(new Float32Array(500), 1)).toHaveLength(1_000);
  });

  test('refuses a weights file of another length', () => {
    const [plan, weights] = partsOf(mlp);
    expect(messageOf(runtime.load(plan, weights.subarray(0, -64)))).toBe(
      `weights: the plan describes ${weights.length} bytes, the file holds ${weights.length - 64}`,
    );
  });

  test('reads weights at any address', () => {
    const [plan, weights] = partsOf(mlp);
    const shifted = new Uint8Array(weights.length + 3);
    shifted.set(weights, 3);
    const a = unwrap(runtime.load(plan, weights));
    const b = unwrap(runtime.load(plan, shifted.subarray(3)));
    const input = randomNumbers(a.inputSize, 1);
    expect(b.run(input, 1)).toEqual(a.run(input, 1));
    a.dispose();
    b.dispose();
  });

  test('leaves its input alone and hands out outputs of their own', () => {
    const program = loadCompiled(runtime, mlp);
    const input = randomNumbers(program.inputSize, 1);
    const first = program.run(input, 1);
    const kept = first.slice();
    program.run(randomNumbers(program.inputSize, 2), 1);
    expect(first).toEqual(kept);
    expect(input).toEqual(randomNumbers(program.inputSize, 1));
    program.dispose();
  });

  test('gives the same for inputs that are written in place, whatever is written too much', () => {
    for (const compiled of [cnn, mlp]) {
      const program = loadCompiled(runtime, compiled);
      const { inputSize } = program;
      const input = randomNumbers(41 * inputSize, 4);
      const expected = program.run(input, 41);
      const written = program.runWritten(41, (example, out) => {
        const own = input.subarray(example * inputSize, (example + 1) * inputSize);
        expect(() => out.set(own, 1)).toThrow(RangeError);
        out.set(own);
      });
      expect(bitsOf(written)).toEqual(bitsOf(expected));
      program.dispose();
    }
  });

  test('takes a batch of none, and refuses a wrong length or a disposed program as bugs', () => {
    const program = loadCompiled(runtime, mlp);
    expect(program.run(new Float32Array(0), 0)).toHaveLength(0);
    expect(() => program.run(new Float32Array(30), 1)).toThrow('expected 1 * 29 numbers, got 30');
    program.dispose();
    expect(() => program.run(new Float32Array(29), 1)).toThrow('disposed');
  });

  test('computes a head by hand', () => {
    const [inputs, units] = [2, 3];
    const kernel = { shape: [inputs, units], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
    const bias = { shape: [units], data: Float32Array.of(0, -100, 1) };
    const program = loadCompiled(runtime, unwrap(planHead([{ kernel, bias, activation: 'relu' }])));
    expectClose(program.run(Float32Array.of(10, 1), 1), Float32Array.of(14, 0, 37));
    program.dispose();
  });
}

function partsOf({ plan, weights }: CompiledPlan) {
  return [plan, weights] as const;
}

/** One dense layer. */
function head(inputs: number, units: number): CompiledPlan {
  const kernel = { shape: [inputs, units], data: new Float32Array(inputs * units) };
  const bias = { shape: [units], data: new Float32Array(units) };
  return unwrap(planHead([{ kernel, bias, activation: 'linear' }]));
}
