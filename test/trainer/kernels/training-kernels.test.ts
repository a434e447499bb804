import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/digest.ts';
import { instantiateWasm, type TfjsKernels } from '../../../shared/model/run/wasm-instance.ts';

/** The compiler says when a name is missing here. */
const CALLED: Record<keyof TfjsKernels, true> = {
  memory: true,
  __wasm_call_ctors: true,
  init: true,
  malloc: true,
  free: true,
  stackSave: true,
  stackRestore: true,
  register_tensor: true,
  dispose_data: true,
  _FusedMatMul: true,
  FusedConv2D: true,
  FusedDepthwiseConv2D: true,
  MaxPool: true,
  AvgPool: true,
  PadV2: true,
  Softmax: true,
  Sigmoid: true,
  Relu: true,
  Relu6: true,
  Elu: true,
  Selu: true,
  Tanh: true,
  Softplus: true,
  Erf: true,
  Exp: true,
  Abs: true,
  Sqrt: true,
  Rsqrt: true,
  LeakyRelu: true,
  ClipByValue: true,
  Add: true,
  Sub: true,
  Multiply: true,
  RealDiv: true,
  Maximum: true,
  Minimum: true,
};

const TRAINING = new URL('../../../trainer/kernels/', import.meta.url);
const INFERENCE = new URL('../../../shared/model/kernels/', import.meta.url);
/** Section id of static data in a WASM binary (WebAssembly core specification 2.0, 5.5). */
const DATA_SECTION = 11;

const folderOf = (name: string) => (name === 'kernels' ? TRAINING : INFERENCE);
const read = (name: string) => readFile(new URL(`${name}.wasm`, folderOf(name)));

test.each(['kernels', 'inference', 'panel', 'tfjs'])(
  '%s.wasm is the one whose digest the build recorded',
  async (name) => {
    const recorded = (await readFile(new URL(`${name}.wasm.sha256`, folderOf(name)), 'utf8')).split(' ')[0];
    expect(sha256Hex(await read(name))).toBe(recorded);
  },
);

test('tfjs.wasm exports what plans call of TensorFlow.js, and nothing else', async () => {
  const graph = JSON.parse(await readFile(new URL('tfjs-exports.json', INFERENCE), 'utf8')) as {
    export?: string;
  }[];
  const { exports } = instantiateWasm(await WebAssembly.compile(await read('tfjs')), 1 << 24);
  const kept = Object.keys(exports).toSorted();
  expect(kept).toEqual(graph.flatMap((node) => node.export ?? []).toSorted());
  expect(kept).toEqual(Object.keys(CALLED).toSorted());
});

describe.each(['kernels', 'inference'])('%s.wasm', (name) => {
  const binary = () => read(name);

  test('imports a memory and nothing else', async () => {
    const module = await WebAssembly.compile(await binary());
    expect(() => new WebAssembly.Instance(module, { env: {} })).toThrow(/memory/);
    const memory = new WebAssembly.Memory({ initial: 1 });
    expect(new WebAssembly.Instance(module, { env: { memory } }).exports).toBeDefined();
  });

  test('has no static data, which would overwrite what is on the memory already', async () => {
    const sections = sectionIds(await binary());
    expect(sections).toContain(1);
    expect(sections).not.toContain(DATA_SECTION);
  });
});

function sectionIds(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let at = 8;
  while (at < bytes.length) {
    ids.push(bytes[at] as number);
    let size = 0;
    let shift = 0;
    let byte;
    at += 1;
    do {
      byte = bytes[at++] as number;
      size += (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    at += size;
  }
  return ids;
}
