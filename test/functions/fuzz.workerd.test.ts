/**
 * Anything at all, sent to both protocols: every answer is a success, or an error in the form of its protocol. Nothing
 * throws, hangs, or stays behind in the executor's memory.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseJsonText } from '../../functions/http/json-text.ts';
import { DATATYPES, NUMERIC } from '../../functions/serving/open-inference/datatypes.ts';
import { toBase64 } from '../../shared/bytes.ts';
import type { RuntimeMemory } from '../../shared/model/run/runtime.ts';
import { decoderModule } from '../../shared/model/images/decoders-worker.ts';
import { wasmModule } from '../../shared/model/run/wasm-worker.ts';
import { createMemoryStore } from '../../shared/registry/store/memory-store.ts';
import { IMAGE_FILES, imageFile } from '../support/images.ts';
import { diagonal, greyImage, numbers, serveLinearModel, words } from './serving/conformance/linear-model.ts';
import { createEdge, type Edge } from './support.ts';

const RUNS = 1_000;
const MODELS = ['pair', 'line', 'word', 'grey', 'none'];
const ERRORS = [400, 401, 403, 404, 405, 413];
/** Far more than any of these requests takes. */
const HANGS_AFTER_MS = 5_000;

let edge: Edge;
let before: RuntimeMemory;

beforeAll(async () => {
  const store = createMemoryStore();
  const labels = ['a', 'b'];
  await serveLinearModel(store, { name: 'pair', input: numbers('x', 'y'), labels, kernel: diagonal(2, 1) });
  await serveLinearModel(store, { name: 'line', input: numbers('x'), labels: null, kernel: [1] });
  await serveLinearModel(store, { name: 'word', input: words(['no', 'yes'], 'said'), labels });
  await serveLinearModel(store, { name: 'grey', input: greyImage(2, 2), labels });
  const predictions = { add: () => {}, settle: async () => {} };
  edge = createEdge(store, wasmModule, { predictions, maxBodyBytes: 20_000, decoders: decoderModule });
  for (const model of MODELS) await edge.predict(model, { instances: [1] });
  before = edge.memory();
});

afterAll(() => {
  expect(edge.memory()).toEqual(before);
  expect(edge.log.events().filter((event) => event !== 'serving')).toEqual([]);
});

interface Sent {
  readonly path: string;
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
}

/** Sends, and checks the form of the answer. */
async function send({ path, body, headers = {} }: Sent, method = 'POST'): Promise<number> {
  const startedMs = performance.now();
  const init = method === 'GET' || method === 'HEAD' ? { method } : { method, body };
  const response = await edge.call(path, { key: 'predict', headers, ...init });
  const bytes = new Uint8Array(await response.arrayBuffer());
  expect(performance.now() - startedMs).toBeLessThan(HANGS_AFTER_MS);
  const length = Number(response.headers.get('inference-header-content-length') ?? bytes.byteLength);
  if (method === 'HEAD') return response.status;
  const json = parseJsonText(new TextDecoder().decode(bytes.subarray(0, length)));
  if (response.ok) expect(json).toBeTypeOf('object');
  else {
    expect(ERRORS).toContain(response.status);
    expect(json).toEqual({ error: expect.stringMatching(/\S/) });
    expect((json as { error: string }).error.length).toBeLessThan(1_000);
  }
  return response.status;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A place in a JSON value, as a choice of child at every level, and what is put there. */
interface Mistake {
  readonly steps: readonly number[];
  readonly value: Json;
}

/** Mostly small: many mistakes are of the kind that a server must look twice to see. */
const wrong: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(0, 1, -1, 1.5, 256, 1e39, NaN, Infinity, 2 ** 53, '', 'x', 'yes', null, true, [], {}),
  fc.constantFrom<Json>([1], [[1]], [[1, 2]], { b64: 'AAAA' }, { b64: '=' }, { input: [1, 2] }, { x: 1 }),
  fc.constantFrom<Json>('label', 'input', 'y', 'BYTES', 'BOOL', 'INT8', 'FP64', 'FP16', 'base64'),
  fc.jsonValue({ maxDepth: 2 }).map((value) => value as Json),
);
const mistakes = fc.array(
  fc.record({ steps: fc.array(fc.nat(11), { minLength: 1, maxLength: 6 }), value: wrong }),
  { maxLength: 3 },
);

function make(body: Json, { steps, value }: Mistake): Json {
  const [step, ...rest] = steps;
  if (step === undefined || typeof body !== 'object' || body === null) return value;
  const keys = Object.keys(body);
  const key = keys[step % (keys.length + 1)];
  if (Array.isArray(body)) {
    return key === undefined
      ? [...body, value]
      : body.with(Number(key), make(body.at(Number(key)) ?? null, { steps: rest, value }));
  }
  return key === undefined
    ? { ...body, x: value }
    : { ...body, [key]: make(body[key] ?? null, { steps: rest, value }) };
}

/** As JSON; numbers that are none as bare tokens. */
function write(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}:${write(inner)}`)
    .join(',')}}`;
}

const TF_SERVING: readonly (readonly [string, Json])[] = [
  [
    'pair:predict',
    {
      instances: [
        [1, 2],
        [3, 4],
      ],
      signature_name: 'serving_default',
    },
  ],
  [
    'pair:predict',
    {
      instances: [
        { x: 1, y: [2] },
        { x: 3, y: 4 },
      ],
    },
  ],
  ['pair:predict', { inputs: { x: [1, 2], y: [[3], [4]] } }],
  ['pair:predict', { inputs: [[1, 2]] }],
  ['pair:classify', { context: { y: 2 }, examples: [{ x: 1 }, { x: [2], y: true }] }],
  ['line:predict', { instances: [1, 2, 3] }],
  ['line:regress', { examples: [{ x: 1, z: 'unread' }], context: { day: ['Monday'] } }],
  ['word:predict', { instances: ['yes', { b64: 'bm8=' }] }],
  ['word:predict', { inputs: { said: ['yes', 'no'] } }],
  [
    'grey:predict',
    {
      instances: [
        [
          [0, 1],
          [2, 3],
        ],
        [
          [[0], [1]],
          [[2], [255]],
        ],
      ],
    },
  ],
  ['grey:predict', { instances: [{ input: { b64: 'AAAA' } }] }],
  ['grey:classify', { examples: [{ input: [0, 1, 2, 3] }] }],
];

const numbersTensor: Json = {
  name: 'input',
  datatype: 'FP32',
  shape: [2, 2],
  data: [
    [1, 2],
    [3, 4],
  ],
};
const OPEN_INFERENCE: readonly (readonly [string, Json])[] = [
  ['pair', { id: '1', inputs: [numbersTensor], outputs: [{ name: 'label' }] }],
  [
    'pair',
    {
      inputs: [
        { name: 'x', datatype: 'INT32', shape: [2], data: [1, 2] },
        { name: 'y', datatype: 'BOOL', shape: [2, 1], data: [[true], [false]], parameters: {} },
      ],
      outputs: [{ name: 'probabilities', parameters: { classification: 1 } }, { name: 'label' }],
    },
  ],
  [
    'pair',
    {
      inputs: [{ name: 'input', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } }],
      parameters: { binary_data_output: true },
    },
  ],
  [
    'line',
    {
      inputs: [{ name: 'x', datatype: 'INT64', shape: [2], parameters: { binary_data_size: 16 } }],
      outputs: [{ name: 'prediction', parameters: { binary_data: true } }],
    },
  ],
  ['word', { inputs: [{ name: 'said', datatype: 'BYTES', shape: [2], data: ['yes', 'no'] }] }],
  [
    'word',
    {
      inputs: [
        {
          name: 'said',
          datatype: 'BYTES',
          shape: [2],
          data: ['eWVz', 'bm8='],
          parameters: { content_type: 'base64' },
        },
      ],
    },
  ],
  ['grey', { inputs: [{ name: 'input', datatype: 'UINT8', shape: [1, 2, 2, 1], data: [0, 1, 2, 3] }] }],
  ['grey', { inputs: [{ name: 'input', datatype: 'BYTES', shape: [1], data: ['AAAA'] }] }],
];

test('sound requests of TF Serving with up to three mistakes', async () => {
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...TF_SERVING), mistakes, async ([path, sound], mistakes) => {
      const body = write(mistakes.reduce(make, sound));
      count(statuses, await send({ path: `/v1/models/${path}`, body }));
    }),
    { numRuns: RUNS },
  );
  expectBoth(statuses);
});

test('sound requests of the Open Inference Protocol with up to three mistakes, and bytes behind them', async () => {
  const statuses = new Map<number, number>();
  const bytes = fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.uint8Array({ maxLength: 40 }));
  const length = fc.oneof(
    { weight: 9, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom('0', '-1', '1e3', '99999999999', 'x', '20') },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...OPEN_INFERENCE),
      mistakes,
      bytes,
      length,
      async ([model, sound], mistakes, bytes, length) => {
        const json = write(mistakes.reduce(make, sound));
        const head = new TextEncoder().encode(json);
        const binary = json.includes('binary_data_size');
        const body = Uint8Array.from(binary ? [...head, ...bytes] : head);
        const headers = { 'inference-header-content-length': length ?? String(head.byteLength) };
        count(statuses, await send({ path: `/v2/models/${model}/infer`, body, headers }));
      },
    ),
    { numRuns: RUNS },
  );
  expectBoth(statuses);
});

function count(statuses: Map<number, number>, status: number): void {
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
}

/** Requests that were all refused, or all served, would have tried half of the code. */
function expectBoth(statuses: ReadonlyMap<number, number>): void {
  for (const status of [200, 400]) expect(statuses.get(status)).toBeGreaterThan(RUNS / 20);
}

/** Any bytes that are whole elements. */
const elements = fc
  .tuple(fc.constantFrom(...DATATYPES), fc.constantFrom([1, 2], [2, 2], [1], [3], [1, 4], [1, 2, 2, 1]))
  .chain(([datatype, shape]) => {
    const size = shape.reduce<number>((product, length) => product * length, NUMERIC[datatype].bytes);
    const bytes = fc.uint8Array({ minLength: size, maxLength: size });
    return fc.record({ datatype: fc.constant(datatype), shape: fc.constant(shape), bytes });
  });

test('tensors of every datatype in bytes, whatever their numbers', async () => {
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...MODELS), elements, async (name, { datatype, shape, bytes }) => {
      const inputs = [{ name: 'any', datatype, shape, parameters: { binary_data_size: bytes.byteLength } }];
      const head = new TextEncoder().encode(JSON.stringify({ inputs }));
      const headers = { 'inference-header-content-length': String(head.byteLength) };
      const body = Uint8Array.from([...head, ...bytes]);
      count(statuses, await send({ path: `/v2/models/${name}/infer`, body, headers }));
    }),
    { numRuns: RUNS },
  );
  expectBoth(statuses);
});

/** An image with up to four wrong bytes, and perhaps without its end. */
const images = fc
  .record({
    file: fc.constantFrom(...IMAGE_FILES.keys()),
    wrong: fc.array(fc.tuple(fc.nat(2_000), fc.nat(255)), { maxLength: 4 }),
    length: fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, fc.nat(2_000)),
  })
  .map(({ file, wrong, length }) => {
    const bytes = Uint8Array.from(imageFile(file));
    for (const [at, value] of wrong) bytes[at % bytes.byteLength] = value;
    return bytes.subarray(0, length);
  });

test('images with a few wrong bytes, in every form that both protocols have', async () => {
  const statuses = new Map<number, number>();
  const form = fc.constantFrom('row', 'example', 'body', 'bytes');
  await fc.assert(
    fc.asyncProperty(images, form, async (bytes, form) => {
      count(statuses, await send(toImageRequest(bytes, form)));
    }),
    { numRuns: RUNS },
  );
  expectBoth(statuses);
});

function toImageRequest(bytes: Uint8Array<ArrayBuffer>, form: 'row' | 'example' | 'body' | 'bytes'): Sent {
  const b64 = toBase64(bytes);
  const shape = [1];
  switch (form) {
    case 'row':
      return { path: '/v1/models/grey:predict', body: write({ instances: [{ b64 }] }) };
    case 'example':
      return { path: '/v1/models/grey:classify', body: write({ examples: [{ input: { b64 } }] }) };
    case 'body':
      return { path: '/v2/models/grey/infer', body: bytes, headers: { 'content-type': 'image/jpeg' } };
    case 'bytes': {
      const inputs = [{ name: 'input', datatype: 'BYTES', shape, data: [b64] }];
      return { path: '/v2/models/grey/infer', body: write({ inputs }) };
    }
  }
}

test('any bytes at all, by any media type', async () => {
  const path = fc.constantFrom(
    '/v1/models/pair:predict',
    '/v1/models/grey:classify',
    '/v2/models/pair/infer',
  );
  const type = fc.constantFrom('application/json', 'image/png', 'application/octet-stream', '');
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => new TextEncoder().encode(text)),
  );
  await fc.assert(
    fc.asyncProperty(path, type, body, async (path, type, bytes) => {
      await send({ path, body: Uint8Array.from(bytes), headers: { 'content-type': type } });
    }),
    { numRuns: RUNS },
  );
});

test('any path at all, by any method', async () => {
  const segment = fc.oneof(
    fc.constantFrom(
      'models',
      'pair',
      'versions',
      '1',
      'labels',
      'champion',
      'metadata',
      'ready',
      'infer',
      '%',
      '%00',
      '..',
    ),
    fc.string().map((text) => encodeURIComponent(text.replaceAll(/[\ud800-\udfff]/g, ''))),
  );
  const verb = fc.constantFrom('', ':predict', ':classify', ':', ':feedback:predict');
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/v1', '/v2'),
      fc.array(segment, { maxLength: 5 }),
      verb,
      fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD'),
      async (root, segments, verb, method) => {
        const path = `${[root, ...segments].join('/')}${verb}`;
        const { pathname } = new URL(path, 'https://edge.example');
        // Dots may lead out of both protocols.
        if (/^\/v[12](\/|$)/.test(pathname)) await send({ path, body: '{"instances": [[1, 2]]}' }, method);
      },
    ),
    { numRuns: RUNS },
  );
});

test.each(['[', '{"a":', '{"inputs":[{"data":['])('%j, nested as deep as a body may be', async (open) => {
  const body = open.repeat(Math.floor(19_000 / open.length));
  for (const path of ['/v1/models/pair:predict', '/v2/models/pair/infer']) {
    expect(await send({ path, body })).toBe(400);
    expect(await send({ path, body: `{"instances":[NaN,${body}` })).toBe(400);
  }
});
