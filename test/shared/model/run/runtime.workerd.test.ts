import { describe, expect, test } from 'vitest';
import { planHead } from '../../../../trainer/model/head.ts';
import { createRuntime } from '../../../../shared/model/run/runtime.ts';
import { wasmModule } from '../../../../shared/model/run/wasm-worker.ts';
import { testExecutor } from './executor-suite.ts';
import { bitsOf, loadCompiled, randomNumbers, unwrap } from '../../../trainer/compile/support.ts';

describe('the executor in workerd', () => {
  testExecutor(wasmModule);
});

describe('weights kept outside of the heap as well', () => {
  const layer = (inputs: number, units: number, activation: 'relu' | 'linear') => ({
    kernel: { shape: [inputs, units], data: randomNumbers(inputs * units, units) },
    bias: { shape: [units], data: randomNumbers(units, 2) },
    activation,
  });
  const wide = unwrap(
    planHead([
      layer(20, 700, 'relu'),
      layer(700, 512, 'relu'),
      layer(512, 64, 'relu'),
      layer(64, 3, 'linear'),
    ]),
  );

  test('give the same bits as without', () => {
    const input = randomNumbers(33 * 20, 5);
    const program = loadCompiled(createRuntime(wasmModule), wide);
    const { tfjs, inference } = wasmModule;
    const plain = loadCompiled(createRuntime({ tfjs, inference }), wide);
    for (const batch of [1, 8, 33]) {
      const part = input.subarray(0, batch * 20);
      expect(bitsOf(program.run(part, batch))).toEqual(bitsOf(plain.run(part, batch)));
    }
  });

  test('are made for the first batch, bounded, counted, and given back', () => {
    const runtime = createRuntime(wasmModule);
    const programs = Array.from({ length: 5 }, () => loadCompiled(runtime, wide));
    const input = randomNumbers(8 * 20, 5);
    const [single, ...others] = programs.map((program) => bitsOf(program.run(input.subarray(0, 20), 1)));
    for (const other of others) expect(other).toEqual(single);
    expect(runtime.memory().outsideBytes).toBe(0);
    const [first, ...more] = programs.map((program) => bitsOf(program.run(input, 8)));
    for (const other of more) expect(other).toEqual(first);
    const { outsideBytes } = runtime.memory();
    expect(outsideBytes).toBeGreaterThan(700 * 512 * 4);
    expect(outsideBytes).toBeLessThanOrEqual(4 * 2 ** 20);
    for (const program of programs) program.dispose();
    expect(runtime.memory().outsideBytes).toBe(0);
  });
});
