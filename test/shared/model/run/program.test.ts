import { beforeAll, describe, expect, test } from 'vitest';
import { planHead } from '../../../../trainer/model/head.ts';
import { createHeap } from '../../../../shared/model/run/heap.ts';
import { loadProgram } from '../../../../shared/model/run/program.ts';
import { instantiateInference, type InferenceKernels } from '../../../../shared/model/kernels/inference.ts';
import { instantiateWasm, type WasmInstance } from '../../../../shared/model/run/wasm-instance.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { messageOf, unwrap } from '../../../trainer/compile/support.ts';

const MAX_HEAP_BYTES = 2 ** 30;
const kernel = { shape: [2, 1], data: new Float32Array(2) };
const bias = { shape: [1], data: new Float32Array(1) };
const { plan, weights } = unwrap(planHead([{ kernel, bias, activation: 'linear' }]));
let wasm: WasmInstance;
let own: InferenceKernels;

beforeAll(async () => {
  const { tfjs, inference } = await loadWasmModule();
  wasm = instantiateWasm(tfjs, MAX_HEAP_BYTES);
  own = instantiateInference(inference, wasm.exports.memory);
});

describe('loading a plan', () => {
  test('fails when a kernel warns, because it has then computed nothing', () => {
    const heap = createHeap(wasm.exports, MAX_HEAP_BYTES);
    const warning = { ...wasm, takeWarnings: () => 'Got status 6.' };
    expect(messageOf(loadProgram(plan, weights, warning, { own }, heap))).toContain('Got status 6.');
    expect(heap.tensors()).toBe(0);
  });

  test('fails when a kernel traps, and puts the stack back', () => {
    const heap = createHeap(wasm.exports, MAX_HEAP_BYTES);
    const stack = wasm.exports.stackSave();
    const trap = () => {
      wasm.exports.stackRestore(stack - 64);
      throw new Error('unreachable');
    };
    const trapping = { ...own, pack_dense: trap };
    expect(messageOf(loadProgram(plan, weights, wasm, { own: trapping }, heap))).toContain('unreachable');
    expect(wasm.exports.stackSave()).toBe(stack);
    expect(heap.tensors()).toBe(0);
  });
});

test('a trap while predicting puts the stack back, and the program goes on', () => {
  const heap = createHeap(wasm.exports, MAX_HEAP_BYTES);
  const stack = wasm.exports.stackSave();
  let traps = false;
  const sometimes = {
    ...own,
    dense: (...args: Parameters<InferenceKernels['dense']>) => {
      if (traps) wasm.exports.stackRestore(stack - 64);
      if (traps) throw new Error('unreachable');
      own.dense(...args);
    },
  };
  const program = unwrap(loadProgram(plan, weights, wasm, { own: sometimes }, heap));
  traps = true;
  expect(() => program.run(new Float32Array(2), 1)).toThrow('unreachable');
  expect(wasm.exports.stackSave()).toBe(stack);
  traps = false;
  expect(program.run(new Float32Array(2), 1)).toHaveLength(1);
  program.dispose();
  expect(heap.tensors()).toBe(0);
});

test('the heap refuses to grow past its limit, also by more than half of what can be addressed', () => {
  const { exports } = wasm;
  const before = exports.memory.buffer.byteLength;
  for (const bytes of [2 ** 30, 2 ** 31, 2 ** 32 - 2 ** 17]) expect(exports.malloc(bytes)).toBe(0);
  expect(exports.memory.buffer.byteLength).toBe(before);
});

test('what a kernel prints is kept until it is taken', () => {
  const { exports } = wasm;
  const heap = createHeap(exports, MAX_HEAP_BYTES).open();
  const [input, output] = [heap.register(108, heap.allocate(432)), heap.register(108, heap.allocate(432))];
  // A window of 9x9 does not fit an image of 6x6; parsePlan would have refused it.
  exports.MaxPool(input, 1, 6, 6, 9, 9, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, output);
  expect(wasm.takeWarnings()).toContain('not successful. Got status 6');
  expect(wasm.takeWarnings()).toBe('');
  heap.release();
});
