/**
 * What models and images may take together, with the real binaries: an isolate that has grown as far as it may still
 * decodes small images, refuses large ones for the time being, and never takes more than its share.
 */
import { crc32, deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createImageReader } from '../../../../functions/serving/image-reader.ts';
import {
  MAX_HEAP_BYTES,
  MAX_WASM_BYTES,
  MODEL_BUDGET_BYTES,
  roomForDecoder,
} from '../../../../functions/serving/cache/memory-budget.ts';
import { createProgramCache } from '../../../../functions/serving/cache/program-cache.ts';
import {
  createImageDecoder,
  KEPT_DECODER_BYTES,
  MAX_DECODER_BYTES,
} from '../../../../shared/model/images/decoder.ts';
import { loadDecoderModule } from '../../../../shared/model/images/decoders-node.ts';
import { planHead } from '../../../../trainer/model/head.ts';
import { createRuntime, type Runtime } from '../../../../shared/model/run/runtime.ts';
import { loadWasmModule } from '../../../../shared/model/run/wasm-node.ts';
import { imageFile } from '../../../support/images.ts';
import { unwrap } from '../../../trainer/compile/support.ts';

const INPUT = { kind: 'image' as const, height: 8, width: 8, channels: 3 as const, scale: 1, offset: 0 };

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** Black, and interlaced, so that it is needed as a whole (Adam7). */
function createInterlacedPng(width: number, height: number): Uint8Array {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 1], 8);
  const passes = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ] as const;
  const bytes = passes.map(
    ([x, y, dx, dy]) => Math.ceil((height - y) / dy) * (1 + 3 * Math.ceil((width - x) / dx)),
  );
  const pixels = deflateSync(Buffer.alloc(bytes.reduce((sum, size) => sum + size)), { level: 1 });
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** 16 megapixels of 3 bytes. */
const LARGE = createInterlacedPng(4_000, 4_000);

/** Every memory that decoders have had; one that grew stays as large, so it tells how large it became. */
let memories: WebAssembly.Memory[] = [];
const { Instance } = WebAssembly;

beforeEach(() => {
  memories = [];
  WebAssembly.Instance = class extends Instance {
    constructor(module: WebAssembly.Module, imports?: WebAssembly.Imports) {
      super(module, imports);
      if ('decode_png' in this.exports) memories.push(this.exports['memory'] as WebAssembly.Memory);
    }
  };
});
afterEach(() => {
  WebAssembly.Instance = Instance;
});

function largestMemory(): number {
  return Math.max(...memories.map(({ buffer }) => buffer.byteLength));
}

async function createIsolate() {
  const runtime = createRuntime(await loadWasmModule(), { maxHeapBytes: MAX_HEAP_BYTES });
  const decoder = createImageDecoder(await loadDecoderModule(), () =>
    roomForDecoder(runtime.memory().heapBytes),
  );
  return { runtime, reader: createImageReader(decoder, async () => {}) };
}

/** A layer of 250 inputs: a kilobyte an output. */
function planOf(kilobytes: number) {
  const kernel = { shape: [250, kilobytes], data: new Float32Array(250 * kilobytes) };
  const bias = { shape: [kilobytes], data: new Float32Array(kilobytes) };
  return unwrap(planHead([{ kernel, bias, activation: 'relu' }]));
}

function fillHeap(runtime: Runtime): void {
  const { plan, weights } = planOf(2_000);
  while (runtime.load(plan, weights).ok);
}

test('a large image is decoded beside small models', async () => {
  const { reader } = await createIsolate();
  expect(unwrap(await reader.read({ bytes: LARGE, where: 'body' }, INPUT))).toEqual(new Float32Array(192));
  expect(largestMemory()).toBeGreaterThan(32 * 2 ** 20);
  expect(largestMemory()).toBeLessThanOrEqual(MAX_DECODER_BYTES);
});

test('beside models that have grown as far as they may it has to wait, and a small one has not', async () => {
  const { runtime, reader } = await createIsolate();
  fillHeap(runtime);
  const { heapBytes } = runtime.memory();
  expect(heapBytes).toBeGreaterThan(0.9 * MAX_HEAP_BYTES);

  const large = await reader.read({ bytes: LARGE, where: 'body' }, INPUT);
  expect(large).toMatchObject({ ok: false, error: { kind: 'overloaded' } });
  expect((await reader.read({ bytes: imageFile('rgb.jpg'), where: 'body' }, INPUT)).ok).toBe(true);
  expect(heapBytes + largestMemory()).toBeLessThanOrEqual(MAX_WASM_BYTES);
});

test('whatever the heap has grown to, both stay within their share, and the decoder has what it may keep', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: MAX_HEAP_BYTES }), (heapBytes) => {
      const room = roomForDecoder(heapBytes);
      expect(heapBytes + room).toBeLessThanOrEqual(MAX_WASM_BYTES);
      expect(room).toBeGreaterThanOrEqual(KEPT_DECODER_BYTES);
      expect(room).toBeLessThanOrEqual(MAX_DECODER_BYTES);
    }),
  );
});

test('a model that does not fit beside others has their room', async () => {
  const programs = createProgramCache(MODEL_BUDGET_BYTES);
  const runtime = createRuntime(await loadWasmModule(), {
    maxHeapBytes: MAX_HEAP_BYTES,
    makeRoom: () => programs.dropOldest(),
  });
  const load = (name: string, megabytes: number): void => {
    const { plan, weights } = planOf(megabytes * 1_000);
    const program = unwrap(runtime.load(plan, weights));
    programs.put(name, program, program.heapBytes, []);
  };
  for (const name of ['a', 'b', 'c', 'd']) load(name, 10);
  programs.get('a');
  // While it is loaded it is there twice, and in one piece.
  load('large', 20);
  expect(programs.get('b')).toBeUndefined();
  expect(programs.get('large')?.run(new Float32Array(250), 1)).toHaveLength(20_000);
  load('b', 10);
  expect(programs.get('b')?.run(new Float32Array(250), 1)).toHaveLength(10_000);
  expect(runtime.memory().heapBytes).toBeLessThanOrEqual(MAX_HEAP_BYTES);
});
