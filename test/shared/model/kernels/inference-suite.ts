/**
 * Our inference kernels beside plain loops in double precision, in Node and in workerd alike.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { floatBytes } from '../../../../shared/bytes.ts';
import { sha256Hex } from '../../../../shared/digest.ts';
import {
  depthwiseZeros,
  type InferenceKernels,
  instantiateInference,
  packedDenseSize,
  packedDepthwiseSize,
  packedSparseSize,
  sparsePlaces,
} from '../../../../shared/model/kernels/inference.ts';
import {
  bindPanels,
  createPanels,
  instantiatePanels,
  type PanelKernels,
  panelsSize,
} from '../../../../shared/model/kernels/panels.ts';
import { createRandom } from '../../../../shared/random.ts';

/** Of every kernel's output on the seeded cases below: the same on every machine and in every runtime. */
const DIGEST = 'c3c148f71f459207747c64aeb09a1154a6e2ffe046dbd74590e3a4533aecb35f';

const NUM_RUNS = 150;
/** What the kernels must leave alone lies in front of everything, and behind each output. */
const GUARD_BYTES = 4_096;
const CANARY = 12_345.5;
const MEMORY_PAGES = 256;

interface Bench {
  readonly kernels: InferenceKernels;
  readonly panelKernels: PanelKernels;
  /** Numbers into fresh memory. @returns their address */
  readonly put: (numbers: ArrayLike<number>) => number;
  readonly putIntegers: (numbers: readonly number[]) => number;
  /** Room for an output. */
  readonly room: (count: number) => number;
  /** @returns the output, after a look at whether anything around it was touched */
  readonly take: (address: number, count: number) => Float32Array<ArrayBuffer>;
}

/** The binaries of that name, as the runtime at hand gets them. */
export type Modules = Readonly<Record<'inference' | 'panel', WebAssembly.Module>>;

type Run = (bench: Bench) => Float32Array<ArrayBuffer>;

function createBench({ inference, panel }: Modules): () => Bench {
  const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES });
  const kernels = instantiateInference(inference, memory);
  const panelKernels = instantiatePanels(panel, memory);
  return () => {
    const floats = new Float32Array(memory.buffer);
    floats.fill(CANARY);
    let top = GUARD_BYTES;
    const room = (count: number) => {
      const address = top;
      top = Math.ceil((address + count * 4 + 64) / 64) * 64;
      return address;
    };
    return {
      kernels,
      panelKernels,
      room,
      put: (numbers) => {
        const address = room(numbers.length);
        floats.set(numbers, address / 4);
        return address;
      },
      putIntegers: (numbers) => {
        const address = room(numbers.length);
        new Int32Array(memory.buffer, address, numbers.length).set(numbers);
        return address;
      },
      take: (address, count) => {
        const end = address / 4 + count;
        const around = [...floats.subarray(0, GUARD_BYTES / 4), ...floats.subarray(end, end + 16)];
        expect(around.every((value) => value === CANARY)).toBe(true);
        return floats.slice(address / 4, end);
      },
    };
  };
}

const size = (max: number) => fc.integer({ min: 1, max });
const RANGES = [
  [-Infinity, Infinity],
  [0, Infinity],
  [0, 6],
] as const;
const range = fc.constantFrom(...RANGES);
const seed = fc.nat(2 ** 30);

type Values = (count: number) => Float32Array<ArrayBuffer>;

/** In [-1, 1), another stretch at every call. */
function createValues(seed: number): Values {
  const random = createRandom(seed);
  return (count) => Float32Array.from({ length: count }, () => random.uniform() * 2 - 1);
}

const clamp = (x: number, [low, high]: readonly [number, number]) => Math.min(high, Math.max(low, x));

interface DenseCase {
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  readonly range: readonly [number, number];
  readonly biased: boolean;
  readonly seed: number;
  /** Negative inputs become 0, as behind a rectifier. */
  readonly rectified: boolean;
}

const denseCases: fc.Arbitrary<DenseCase> = fc.record({
  rows: size(40),
  depth: size(70),
  columns: size(45),
  range,
  biased: fc.boolean(),
  seed,
  rectified: fc.boolean(),
});

/** Input, kernel, bias. */
function denseValues({ rows, depth, columns, seed, rectified }: DenseCase) {
  const values = createValues(seed);
  const x = values(rows * depth).map((value) => (rectified ? Math.max(0, value) : value));
  return [x, values(depth * columns), values(columns)] as const;
}

function runDense(c: DenseCase, only?: number): Run {
  return ({ kernels, put, room, take }) => {
    const { depth, columns, biased, range, rectified } = c;
    const [x, kernel, bias] = denseValues(c);
    const size = rectified ? packedSparseSize(depth, columns) : packedDenseSize(depth, columns);
    const weights = room(size);
    const pack = rectified ? kernels.pack_sparse : kernels.pack_dense;
    pack(put(kernel), biased ? put(bias) : 0, weights, depth, columns);
    take(weights, size);
    const input = only === undefined ? x : x.subarray(only * depth, (only + 1) * depth);
    const count = input.length / depth;
    const out = room(count * columns);
    const operands = [put(input), weights, out, count, depth, columns, ...range] as const;
    const places = room(sparsePlaces(depth));
    if (rectified) kernels.dense_sparse(...operands, places);
    else kernels.dense(...operands);
    take(places, sparsePlaces(depth));
    return take(out, count * columns);
  };
}

/** `runDense` of a rectified case by panels. */
function runPanels(c: DenseCase): Run {
  return ({ kernels, panelKernels, put, room, take }) => {
    const { rows, depth, columns, biased, range } = c;
    const [x, kernel, bias] = denseValues(c);
    const weights = room(packedSparseSize(depth, columns));
    kernels.pack_sparse(put(kernel), biased ? put(bias) : 0, weights, depth, columns);
    const panels = createPanels(panelKernels, weights, depth, columns);
    const out = room(rows * columns);
    const operands = [put(x), weights, out, rows, depth, columns, ...range] as const;
    const places = room(sparsePlaces(depth));
    bindPanels(kernels, panels, ...operands, places)();
    take(places, sparsePlaces(depth));
    return take(out, rows * columns);
  };
}

function expectedDense(c: DenseCase): number[] {
  const { rows, depth, columns, biased, range } = c;
  const [x, kernel, bias] = denseValues(c);
  return Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    let sum = biased ? (bias[column] ?? 0) : 0;
    for (let k = 0; k < depth; k++) sum += (x[row * depth + k] ?? 0) * (kernel[k * columns + column] ?? 0);
    return clamp(sum, range);
  });
}

interface Sliding {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly filters: number;
  readonly filter: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** top, right, bottom, left */
  readonly pads: readonly [number, number, number, number];
  readonly range: readonly [number, number];
  readonly biased: boolean;
  readonly seed: number;
}

const pair = (max: number) => fc.tuple(size(max), size(max));
const pad = fc.nat(2);
const windows = fc.oneof(fc.constant([3, 3] as [number, number]), pair(5));

const slidings: fc.Arbitrary<Sliding> = fc
  .record({
    batch: size(3),
    height: size(13),
    width: size(13),
    channels: size(19),
    filters: size(19),
    filter: windows,
    strides: pair(3),
    dilations: fc.oneof(fc.constant([1, 1] as [number, number]), pair(3)),
    pads: fc.tuple(pad, pad, pad, pad),
    range,
    biased: fc.boolean(),
    seed,
  })
  .filter((geometry) => outputSize(geometry).every((length) => length > 0));

function outputSize({ height, width, filter, strides, dilations, pads }: Sliding): [number, number] {
  const span = filter.map((length, i) => (length - 1) * (dilations[i] ?? 1) + 1);
  return [
    Math.floor((height + pads[0] + pads[2] - (span[0] ?? 1)) / strides[0]) + 1,
    Math.floor((width + pads[1] + pads[3] - (span[1] ?? 1)) / strides[1]) + 1,
  ];
}

/** In the order of source/geometry.h. */
function geometryOf(s: Sliding, outChannels: number): number[] {
  const sizes = [s.batch, s.height, s.width, s.channels, ...outputSize(s), outChannels];
  return [...sizes, ...s.filter, ...s.strides, ...s.dilations, s.pads[0], s.pads[3]];
}

interface Tap {
  /** Its place in the image, without the channel. */
  readonly at: number;
  readonly index: number;
}

/** Calls with the taps of every output pixel that lie within the image. */
function eachPixel(s: Sliding, visit: (pixel: number, taps: readonly Tap[]) => void): void {
  const [outHeight, outWidth] = outputSize(s);
  for (let pixel = 0; pixel < s.batch * outHeight * outWidth; pixel++) {
    const image = Math.floor(pixel / (outHeight * outWidth));
    const [oy, ox] = [Math.floor(pixel / outWidth) % outHeight, pixel % outWidth];
    const taps: Tap[] = [];
    for (let index = 0; index < s.filter[0] * s.filter[1]; index++) {
      const [fy, fx] = [Math.floor(index / s.filter[1]), index % s.filter[1]];
      const y = oy * s.strides[0] - s.pads[0] + fy * s.dilations[0];
      const x = ox * s.strides[1] - s.pads[3] + fx * s.dilations[1];
      if (y < 0 || y >= s.height || x < 0 || x >= s.width) continue;
      taps.push({ at: ((image * s.height + y) * s.width + x) * s.channels, index });
    }
    visit(pixel, taps);
  }
}

/** Image, kernel, bias. */
function slidingValues(s: Sliding, kernelSize: number, outChannels: number) {
  const values = createValues(s.seed);
  const x = values(s.batch * s.height * s.width * s.channels);
  return { x, kernel: values(kernelSize), bias: s.biased ? values(outChannels) : undefined };
}

function runConvolution(s: Sliding): Run {
  return ({ kernels, put, putIntegers, room, take }) => {
    const depth = s.filter[0] * s.filter[1] * s.channels;
    const { x, kernel, bias } = slidingValues(s, depth * s.filters, s.filters);
    const weights = room(packedDenseSize(depth, s.filters));
    kernels.pack_dense(put(kernel), bias === undefined ? 0 : put(bias), weights, depth, s.filters);
    const [top, right, bottom, left] = s.pads;
    const [height, width] = [s.height + top + bottom, s.width + left + right];
    const padded = room(s.batch * height * width * s.channels);
    kernels.pad_images(put(x), padded, s.batch, s.height, s.width, s.channels, height, width, top, left);
    const inner: Sliding = { ...s, height, width, pads: [0, 0, 0, 0] };
    const count = s.batch * outputSize(s)[0] * outputSize(s)[1] * s.filters;
    const out = room(count);
    kernels.convolution(putIntegers(geometryOf(inner, s.filters)), padded, weights, out, ...s.range);
    return take(out, count);
  };
}

function expectedConvolution(s: Sliding): number[] {
  const depth = s.filter[0] * s.filter[1] * s.channels;
  const { x, kernel, bias } = slidingValues(s, depth * s.filters, s.filters);
  const out: number[] = [];
  eachPixel(s, (_, taps) => {
    for (let o = 0; o < s.filters; o++) {
      let sum = bias?.[o] ?? 0;
      for (const { at, index } of taps)
        for (let c = 0; c < s.channels; c++)
          sum += (x[at + c] ?? 0) * (kernel[(index * s.channels + c) * s.filters + o] ?? 0);
      out.push(clamp(sum, s.range));
    }
  });
  return out;
}

function runDepthwise(s: Sliding): Run {
  return ({ kernels, put, putIntegers, room, take }) => {
    const taps = s.filter[0] * s.filter[1];
    const { x, kernel, bias } = slidingValues(s, taps * s.channels, s.channels);
    const weights = room(packedDepthwiseSize(taps, s.channels));
    kernels.pack_depthwise(put(kernel), bias === undefined ? 0 : put(bias), weights, taps, s.channels);
    const count = s.batch * outputSize(s)[0] * outputSize(s)[1] * s.channels;
    const out = room(count);
    const zeros = put(createValues(s.seed)(depthwiseZeros(s.channels)));
    kernels.depthwise(putIntegers(geometryOf(s, s.channels)), put(x), weights, out, ...s.range, zeros);
    take(zeros, depthwiseZeros(s.channels));
    return take(out, count);
  };
}

function expectedDepthwise(s: Sliding): number[] {
  const { x, kernel, bias } = slidingValues(s, s.filter[0] * s.filter[1] * s.channels, s.channels);
  const out: number[] = [];
  eachPixel(s, (_, taps) => {
    for (let c = 0; c < s.channels; c++) {
      const sum = taps.reduce(
        (sum, { at, index }) => sum + (x[at + c] ?? 0) * (kernel[index * s.channels + c] ?? 0),
        bias?.[c] ?? 0,
      );
      out.push(clamp(sum, s.range));
    }
  });
  return out;
}

type Pool = 'max_pool' | 'average_pool';

function runPool(s: Sliding, pool: Pool, x = slidingValues(s, 0, 0).x): Run {
  return ({ kernels, put, putIntegers, room, take }) => {
    const count = s.batch * outputSize(s)[0] * outputSize(s)[1] * s.channels;
    const out = room(count);
    kernels[pool](putIntegers(geometryOf(s, s.channels)), put(x), out);
    return take(out, count);
  };
}

function expectedPool(s: Sliding, pool: Pool): number[] {
  const { x } = slidingValues(s, 0, 0);
  const out: number[] = [];
  eachPixel(s, (_, taps) => {
    for (let c = 0; c < s.channels; c++) {
      const values = taps.map(({ at }) => x[at + c] ?? 0);
      const sum = values.reduce((a, b) => a + b, 0);
      out.push(pool === 'max_pool' ? Math.max(...values) : sum / values.length);
    }
  });
  return out;
}

/** The usual window has a loop of its own. */
const POOL_2X2 = {
  batch: 1,
  filters: 1,
  filter: [2, 2],
  strides: [2, 2],
  dilations: [1, 1],
  pads: [0, 0, 0, 0],
  range: [-Infinity, Infinity],
  biased: false,
} as const;

/** What a plan may hold: no dilation, and no window that is all padding. */
const pools = fc
  .tuple(slidings, fc.boolean())
  .map(([s, usual]): Sliding => (usual ? { ...s, ...POOL_2X2, batch: s.batch } : { ...s, dilations: [1, 1] }))
  .filter((s) => s.pads.every((pad, side) => pad < (s.filter[side % 2] ?? 1)))
  .filter((s) => outputSize(s).every((length) => length > 0));

export function testInference(modules: Modules): void {
  const freshBench = createBench(modules);
  const run = (kernel: Run) => kernel(freshBench());

  describe('gives what plain loops give', () => {
    test('dense, with any rows, depth and columns, zeros skipped or not', () => {
      fc.assert(
        fc.property(denseCases, (c) => expectClose(run(runDense(c)), expectedDense(c))),
        { numRuns: NUM_RUNS },
      );
    });

    test.each([
      ['a block of rows', { rows: 40, depth: 300, columns: 45 }],
      ['what the list of places is sized for', { rows: 3, depth: 5_003, columns: 9 }],
      ['a panel, on its own', { rows: 1, depth: 64, columns: 257 }],
    ])('dense that skips zeros, beyond %s', (_, shape) => {
      const c = { ...shape, range: RANGES[1], biased: true, seed: 5, rectified: true };
      expectClose(run(runDense(c)), expectedDense(c), 1e-3);
    });

    test('convolution, with any filter, strides, dilations and padding', () => {
      fc.assert(
        fc.property(slidings, (s) => expectClose(run(runConvolution(s)), expectedConvolution(s))),
        { numRuns: NUM_RUNS },
      );
    });

    test('depthwise convolution, with any filter, strides, dilations and padding', () => {
      fc.assert(
        fc.property(slidings, (s) => expectClose(run(runDepthwise(s)), expectedDepthwise(s))),
        { numRuns: NUM_RUNS * 2 },
      );
    });

    test.each(['max_pool', 'average_pool'] as const)('%s, with any window, strides and padding', (pool) => {
      fc.assert(
        fc.property(pools, (s) => expectClose(run(runPool(s, pool)), expectedPool(s, pool))),
        { numRuns: NUM_RUNS },
      );
    });

    test('scale, sums, products, clamps and softmax, of any length', () => {
      fc.assert(
        fc.property(size(9), size(40), seed, range, (rows, channels, seed, range) => {
          const values = createValues(seed);
          const [x, y] = [values(rows * channels), values(rows * channels)];
          const [factors, bias] = [values(channels), values(channels)];
          const scaled: Run = ({ kernels, put, room, take }) => {
            const weights = room(packedDepthwiseSize(1, channels));
            kernels.pack_depthwise(put(factors), put(bias), weights, 1, channels);
            const out = room(x.length);
            kernels.scale(put(x), weights, out, rows, channels, ...range);
            return take(out, x.length);
          };
          const by = (i: number) => i % channels;
          expectClose(
            run(scaled),
            [...x].map((v, i) => clamp(v * (factors[by(i)] ?? 0) + (bias[by(i)] ?? 0), range)),
          );
          const twice = (op: 'add_values' | 'multiply_values') =>
            run(({ kernels, put, room, take }) => {
              const out = room(x.length);
              kernels[op](put(x), put(y), out, x.length);
              return take(out, x.length);
            });
          expectClose(
            twice('add_values'),
            [...x].map((v, i) => v + (y[i] ?? 0)),
          );
          expectClose(
            twice('multiply_values'),
            [...x].map((v, i) => v * (y[i] ?? 0)),
          );
          const clamped = run(({ kernels, put, room, take }) => {
            const out = room(x.length);
            kernels.clamp_values(put(x), out, x.length, -0.5, 0.25);
            return take(out, x.length);
          });
          expectClose(
            clamped,
            [...x].map((v) => clamp(v, [-0.5, 0.25])),
          );
          expectClose(run(runSoftmax(x, rows, channels)), expectedSoftmax(x, channels));
        }),
        { numRuns: NUM_RUNS },
      );
    });
  });

  test('softmax of numbers far apart stays a distribution', () => {
    const shares = run(runSoftmax(Float32Array.of(-1e30, 0, 1e4, 1e4), 1, 4));
    expectClose(shares, [0, 0, 0.5, 0.5]);
  });

  test('NaN goes through activations and pooling instead of becoming a number', () => {
    const nan = Float32Array.of(NaN, 1, 1, 1);
    const clamped = run(({ kernels, put, room, take }) => {
      const out = room(4);
      kernels.clamp_values(put(nan), out, 4, 0, 6);
      return take(out, 4);
    });
    expect([...clamped]).toEqual([NaN, 1, 1, 1]);
    expect(run(runSoftmax(nan, 1, 4))[0]).toBeNaN();
    const pooled: Sliding = { ...POOL_2X2, height: 2, width: 2, channels: 1, seed: 0 };
    for (let at = 0; at < 4; at++) {
      const image = Float32Array.from({ length: 4 }, (_, i) => (i === at ? NaN : i));
      for (const pool of ['max_pool', 'average_pool'] as const)
        expect(run(runPool(pooled, pool, image))[0]).toBeNaN();
    }
  });

  test('what is 0, of either sign, is skipped; NaN and infinities are not', () => {
    const depth = 11;
    const sumUnder = (x: readonly number[], kernel: readonly number[]) =>
      run(({ kernels, put, room, take }) => {
        const weights = room(packedSparseSize(depth, 1));
        kernels.pack_sparse(put(kernel), put([0.5]), weights, depth, 1);
        const out = room(1);
        const places = room(sparsePlaces(depth));
        kernels.dense_sparse(put(x), weights, out, 1, depth, 1, -Infinity, Infinity, places);
        return take(out, 1);
      })[0];
    for (let at = 0; at < depth; at++) {
      const only = (value: number) => Array.from({ length: depth }, (_, i) => (i === at ? value : -0));
      // Under zeros lies what would be seen.
      const kernel = Array.from({ length: depth }, (_, i) => (i === at ? 2 : NaN));
      expect(sumUnder(only(3), kernel)).toBe(6.5);
      expect(sumUnder(only(NaN), kernel)).toBeNaN();
      expect(sumUnder(only(Infinity), kernel)).toBe(Infinity);
      expect(sumUnder(only(1e-45), kernel)).toBe(0.5);
    }
    expect(
      sumUnder(
        Array.from({ length: depth }, () => 0),
        Array.from({ length: depth }, () => NaN),
      ),
    ).toBe(0.5);
  });

  test('panels of weights as objects give the same bits, and lie within what is counted for them', () => {
    const panelCases = fc.record({
      rows: size(40),
      depth: fc.oneof(size(70), fc.constant(2_500)),
      columns: size(3).map((panels) => panels * 32),
      range,
      biased: fc.boolean(),
      seed,
      rectified: fc.constant(true),
    });
    fc.assert(
      fc.property(panelCases, (c) => {
        expect(floatBytes(run(runPanels(c)))).toEqual(floatBytes(run(runDense(c))));
      }),
      { numRuns: NUM_RUNS },
    );
    expect(panelsSize(256, 256)).toBeGreaterThan(257 * 256 * 4);
    expect(panelsSize(256, 257)).toBeUndefined();
  });

  test('an example alone has the bits that it has among others', () => {
    fc.assert(
      fc.property(denseCases, fc.nat(), (c, pick) => {
        const only = pick % c.rows;
        const together = run(runDense(c)).subarray(only * c.columns, (only + 1) * c.columns);
        expect(floatBytes(run(runDense(c, only)))).toEqual(floatBytes(together));
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test('computes the same bits everywhere', () => {
    const sample = <T>(arbitrary: fc.Arbitrary<T>) => fc.sample(arbitrary, { seed: 7, numRuns: 20 });
    const outputs = [
      ...sample(denseCases).map((c) => run(runDense(c))),
      ...sample(slidings).map((s) => run(runConvolution(s))),
      ...sample(slidings).map((s) => run(runDepthwise(s))),
      ...sample(pools).map((s) => run(runPool(s, 'max_pool'))),
      ...sample(pools).map((s) => run(runPool(s, 'average_pool'))),
      run(runSoftmax(createValues(1)(700), 7, 100)),
    ];
    expect(sha256Hex(floatBytes(Float32Array.from(outputs.flatMap((output) => [...output]))))).toBe(DIGEST);
  });
}

function runSoftmax(x: Float32Array, rows: number, channels: number): Run {
  return ({ kernels, put, room, take }) => {
    const out = room(x.length);
    kernels.softmax(put(x), out, rows, channels);
    return take(out, x.length);
  };
}

function expectedSoftmax(x: Float32Array, channels: number): number[] {
  return [...x].map((value, i) => {
    const row = [...x.subarray(i - (i % channels), i - (i % channels) + channels)];
    return Math.exp(value) / row.reduce((sum, other) => sum + Math.exp(other), 0);
  });
}

/** Within single precision's rounding of sums as long as these. */
function expectClose(actual: Float32Array, expected: readonly number[], tolerance = 1e-4): void {
  expect(actual.length).toBe(expected.length);
  const worst = expected.reduce((max, x, i) => Math.max(max, Math.abs(x - (actual[i] ?? NaN))), 0);
  expect(worst).toBeLessThan(tolerance);
}
