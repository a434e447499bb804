/**
 * Encoded images over both protocols and as feedback: whatever way one comes, what is logged is what Pillow makes of it.
 */
import { beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import type { LoggedPrediction } from '../../../functions/collect/prediction-log.ts';
import { toBase64 } from '../../../shared/bytes.ts';
import { collectInbox } from '../../../shared/events/inbox.ts';
import { storeInline } from '../../../shared/events/stored-input.ts';
import { decoderModule } from '../../../shared/model/images/decoders-worker.ts';
import type { ImageSpec } from '../../../shared/model/spec/input.ts';
import { wasmModule } from '../../../shared/model/run/wasm-worker.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { expectedPixels, IMAGE_FILES, imageFile } from '../../support/images.ts';
import { diagonal, numbers, serveLinearModel } from './conformance/linear-model.ts';
import { createEdge, type Edge, NOON, readEvents } from '../support.ts';

const INPUT: ImageSpec = { kind: 'image', height: 8, width: 12, channels: 3, scale: 1, offset: 0 };
const PHOTO = imageFile('rgb.jpg');
const PIXELS = expectedPixels('rgb.jpg', INPUT);

let store: ObjectStore;
let edge: Edge;
const logged: LoggedPrediction[] = [];

beforeAll(async () => {
  store = createMemoryStore();
  const labels = ['a', 'b'];
  await serveLinearModel(store, { name: 'photos', input: INPUT, labels });
  await serveLinearModel(store, { name: 'middles', input: { ...INPUT, resize: 'cover' }, labels });
  await serveLinearModel(store, { name: 'pair', input: numbers('x', 'y'), labels, kernel: diagonal(2, 1) });
  const predictions = {
    add: (_model: string, added: readonly LoggedPrediction[]) => void logged.push(...added),
    settle: async () => {},
  };
  edge = createEdge(store, wasmModule, { predictions, decoders: decoderModule });
});

beforeEach(() => {
  logged.length = 0;
});

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return edge.call(path, { key: 'predict', body, headers });
}

/** An element of BYTES behind its length. */
function withLength(bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(bytes.byteLength + 4);
  new DataView(framed.buffer).setUint32(0, bytes.byteLength, true);
  framed.set(bytes, 4);
  return framed;
}

function binaryRequest(bytes: Uint8Array): { body: Uint8Array; headers: Record<string, string> } {
  const behind = withLength(bytes);
  const parameters = { binary_data_size: behind.byteLength };
  const inputs = [{ name: 'input', datatype: 'BYTES', shape: [1, 1], parameters }];
  const head = new TextEncoder().encode(JSON.stringify({ inputs }));
  const headers = { 'inference-header-content-length': String(head.byteLength) };
  return { body: Uint8Array.from([...head, ...behind]), headers };
}

const b64 = toBase64(PHOTO);
const binary = binaryRequest(PHOTO);
const bytesTensor = { name: 'input', datatype: 'BYTES', shape: [1], data: [b64] };

describe('the pixels that a model sees of an image', () => {
  test.each<[string, string, unknown, Record<string, string>]>([
    ['a row', '/v1/models/photos:predict', { instances: [{ b64 }] }, {}],
    ['a row by the name of the input', '/v1/models/photos:predict', { instances: [{ input: { b64 } }] }, {}],
    ['a column', '/v1/models/photos:predict', { inputs: [{ b64 }] }, {}],
    ['a column by its name', '/v1/models/photos:predict', { inputs: { input: [{ b64 }] } }, {}],
    ['an example', '/v1/models/photos:classify', { examples: [{ input: { b64 } }] }, {}],
    ['an example with a list', '/v1/models/photos:classify', { examples: [{ input: [{ b64 }] }] }, {}],
    ['a body', '/v1/models/photos:predict', PHOTO, { 'content-type': 'image/jpeg' }],
    ['a body of another media type', '/v1/models/photos:predict', PHOTO, { 'content-type': 'image/png' }],
    ['BYTES in JSON', '/v2/models/photos/infer', { inputs: [bytesTensor] }, {}],
    ['BYTES as bytes', '/v2/models/photos/infer', binary.body, binary.headers],
    ['a body', '/v2/models/photos/versions/1/infer', PHOTO, { 'content-type': 'image/jpeg' }],
  ])('are the same when it comes as %s to %s', async (_form, path, body, headers) => {
    const response = await post(path, body, headers);
    expect(response.status, await response.clone().text()).toBe(200);
    expect(logged.map(({ raw }) => raw)).toEqual([PIXELS]);
  });

  it.each([...IMAGE_FILES.keys()])('are those that Pillow makes of %s', async (file) => {
    for (const [model, resize] of [
      ['photos', 'stretch'],
      ['middles', 'cover'],
    ] as const) {
      logged.length = 0;
      await post(`/v1/models/${model}:predict`, imageFile(file), { 'content-type': 'image/*' });
      expect(logged.map(({ raw }) => raw)).toEqual([expectedPixels(file, { ...INPUT, resize })]);
    }
  });

  it('stand in the order of the request', async () => {
    const files = ['rgb.png', 'rgb.jpg', 'rgb.webp'];
    const instances = files.map((file) => ({ b64: toBase64(imageFile(file)) }));
    const response = await post('/v1/models/photos:predict', { instances });
    expect(((await response.json()) as { predictions: unknown[] }).predictions).toHaveLength(3);
    expect(logged.map(({ raw }) => raw)).toEqual(files.map((file) => expectedPixels(file, INPUT)));
  });
});

describe('an image that can’t be read', () => {
  const damaged = toBase64(imageFile('rgb.png').with(200, 0));
  test.each([
    [{ instances: [{ b64 }, { b64: btoa('text') }] }, 'instances[1]: not a JPEG, PNG or WebP image'],
    [{ instances: [{ b64: b64.slice(0, 400) }] }, 'instances[0]: the JPEG is truncated'],
    [{ instances: [{ b64: damaged }] }, 'instances[0]: the PNG is damaged'],
    [
      { instances: [{ b64: toBase64(imageFile('huge.png')) }] },
      'instances[0]: 12000 x 9000 pixels, at most 25 megapixels',
    ],
    [
      { inputs: { input: [{ b64: toBase64(imageFile('cmyk.jpg')) }] } },
      'inputs.input[0]: the JPEG is in CMYK, expected grey or RGB',
    ],
    [{ instances: [{ b64: '%' }] }, 'instances[0]: unable to base64 decode'],
  ])('is named, and nothing is logged', async (body, error) => {
    const response = await post('/v1/models/photos:predict', body);
    expect([response.status, await response.json()]).toEqual([400, { error }]);
    expect(logged).toEqual([]);
  });

  test('is named by /v2 as well', async () => {
    const data = [b64, btoa('text')];
    const response = await post('/v2/models/photos/infer', {
      inputs: [{ ...bytesTensor, shape: [2], data }],
    });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: 'inputs[0] at position 1: not a JPEG, PNG or WebP image' },
    ]);
  });

  test('an image for a model of numbers says that numbers are expected', async () => {
    const response = await post('/v1/models/pair:predict', PHOTO, { 'content-type': 'image/jpeg' });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: `body: this input expects numbers, got ${PHOTO.byteLength} bytes of an encoded image` },
    ]);
  });
});

test('whole labelled examples may have an image, and are stored as its pixels', async () => {
  const items = [
    { instance: { b64 }, label: 'a' },
    { instance: { b64: btoa('text') }, label: 'a' },
    { instance: { b64: '%' }, label: 'a' },
    { instance: { b64 }, label: 'a', id: 'mine' },
  ];
  const response = await edge.call('/v1/models/photos:feedback', { key: 'feedback', body: { items } });
  expect([response.status, await response.json()]).toEqual([
    202,
    {
      accepted: 2,
      rejected: [
        { index: 1, error: 'items[1].instance: not a JPEG, PNG or WebP image' },
        { index: 2, error: 'items[2].instance: expected base64' },
      ],
    },
  ]);
  await collectInbox(store, 'photos', new Date(NOON));
  const input = storeInline(PIXELS);
  expect(await readEvents(store, 'photos')).toEqual([
    expect.objectContaining({ kind: 'example', label: 0, input }),
    expect.objectContaining({ kind: 'example', label: 0, input, id: 'client:mine' }),
  ]);
});
