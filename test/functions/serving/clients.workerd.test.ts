/**
 * Clients as they are: names of other servers' models and tensors, pixels that were divided, bodies that are too large,
 * what Triton's clients ask beside the inference, and callers without a key where that was switched on.
 */
import { beforeAll, describe, expect, it, test } from 'vitest';
import { readBytes } from '../../../functions/http/body.ts';
import { wasmModule } from '../../../shared/model/run/wasm-worker.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { createEdge, type Edge } from '../support.ts';
import { diagonal, greyImage, numbers, serveLinearModel } from './conformance/linear-model.ts';

let store: ObjectStore;
let edge: Edge;

beforeAll(async () => {
  store = createMemoryStore();
  // Its answers are its two pixels, as it sees them.
  await serveLinearModel(store, {
    name: 'pixels_v1.5',
    input: greyImage(1, 2),
    labels: ['a', 'b'],
    kernel: diagonal(2, 1),
  });
  await serveLinearModel(store, {
    name: 'Rows',
    input: numbers('p', 'q'),
    labels: ['a', 'b'],
    kernel: diagonal(2, 1),
  });
  await serveLinearModel(store, { name: 'one', input: numbers('p'), labels: null, kernel: [1] });
  edge = createEdge(store, wasmModule, { maxBodyBytes: 2_000 });
});

async function predictions(model: string, body: object): Promise<unknown> {
  const response = await edge.predict(model, body);
  const json = (await response.json()) as { predictions?: unknown; outputs?: unknown; error?: string };
  return json.predictions ?? json.outputs ?? json.error;
}

describe('the one tensor of a model', () => {
  it.each([
    ['pixels_v1.5', { instances: [{ images: [[3, 4]] }] }, [[3, 4]]],
    ['pixels_v1.5', { inputs: { keras_layer_input: [[[3, 4]]] } }, [[3, 4]]],
    ['Rows', { instances: [{ dense_input: [3, 4] }] }, [[3, 4]]],
    [
      'Rows',
      {
        inputs: {
          dense_input: [
            [3, 4],
            [5, 6],
          ],
        },
      },
      [
        [3, 4],
        [5, 6],
      ],
    ],
  ])('of %s goes by the name that its graph had: %o', async (model, body, expected) => {
    expect(await predictions(model, body)).toEqual(expected);
  });

  it.each([
    ['Rows', { instances: [{ p: [3], x: [4] }] }, /there is no feature "x"|"q" is missing/],
    ['one', { instances: [{ pp: [3] }] }, /"p" is missing|no feature "pp"/],
    ['Rows', { instances: [{ p: 3 }] }, /"q" is missing/],
  ])('is not what a misspelt feature of %s is: %o', async (model, body, message) => {
    expect(await predictions(model, body)).toMatch(message);
  });
});

describe('pixels from 0 to 1', () => {
  const divided = { instances: [[0.2, 1]] };
  const tensor = { name: 'x', datatype: 'FP32', shape: [1, 1, 2, 1], data: [0.2, 1] };

  it('are noticed', async () => {
    const response = await edge.predict('pixels_v1.5', divided);
    expect(response.status).toBe(200);
    expect(response.headers.get('holdfast-warning')).toMatch(/0 to 1 where 0 to 255 is read.*"unit"/);
    const asked = await edge.call('/v2/models/pixels_v1.5/infer', {
      key: 'predict',
      body: { inputs: [tensor] },
    });
    expect(asked.headers.get('holdfast-warning')).toMatch(/0 to 1/);
  });

  it('are read as pixels where the request says so, as they were before they were divided', async () => {
    const response = await edge.predict('pixels_v1.5', { ...divided, pixels: 'unit' });
    expect(await response.json()).toMatchObject({ predictions: [[51, 255]] });
    expect(response.headers.get('holdfast-warning')).toBeNull();
    const body = { inputs: [tensor], parameters: { pixels: 'unit' } };
    const asked = await edge.call('/v2/models/pixels_v1.5/infer', { key: 'predict', body });
    expect(await asked.json()).toMatchObject({ outputs: [{ data: [51, 255] }, {}] });
  });

  it.each([
    ['pixels_v1.5', { instances: [[0, 255]], pixels: 'unit' }, /"unit" says 0 to 1, and a pixel is above/],
    ['pixels_v1.5', { instances: [[0, 1]], pixels: 'tiny' }, /pixels: expected "unit"/],
    ['Rows', { instances: [[0, 1]], pixels: 'unit' }, /pixels: the model reads no pixels/],
  ])('refuses what contradicts itself: %s %o', async (model, body, message) => {
    expect(await predictions(model, body)).toMatch(message);
  });

  it.each([[[0, 0]], [[1, 0]], [[0, 255]], [[2, 0.5]]])('are not seen in %o', async (instance) => {
    const response = await edge.predict('pixels_v1.5', { instances: [instance] });
    expect(response.headers.get('holdfast-warning')).toBeNull();
  });
});

describe("what Triton's clients ask beside the inference", () => {
  const ask = async (path: string, method = 'GET') => {
    const response = await edge.call(path, { key: 'predict', method });
    return { status: response.status, json: await response.json() };
  };

  test('a model’s configuration', async () => {
    expect(await ask('/v2/models/Rows/config')).toEqual({
      status: 200,
      json: {
        name: 'Rows',
        platform: 'holdfast_edge',
        backend: 'holdfast',
        version_policy: { latest: { num_versions: 1 } },
        max_batch_size: 0,
        input: [{ name: 'input', data_type: 'TYPE_FP32', dims: [2] }],
        output: [
          { name: 'probabilities', data_type: 'TYPE_FP32', dims: [2] },
          { name: 'label', data_type: 'TYPE_STRING', dims: [1] },
        ],
      },
    });
  });

  test('the repository’s index', async () => {
    expect(await ask('/v2/repository/index', 'POST')).toEqual({
      status: 200,
      json: ['Rows', 'one', 'pixels_v1.5'].map((name) => ({
        name,
        version: '1',
        state: 'READY',
        reason: '',
      })),
    });
  });

  test.each(['/v2/models/stats', '/v2/models/Rows/stats', '/v2/models/Rows/versions/1/stats'])(
    'statistics, of which there are none: %s',
    async (path) => {
      const { status, json } = await ask(path);
      expect(status).toBe(404);
      expect(json).toMatchObject({
        error: expect.stringMatching(/^there are no statistics: a deployment is many isolates/),
      });
    },
  );
});

describe('a body that is too large', () => {
  it.each(['announced', 'of unknown length'])('is read to its end before the 413: %s', async (how) => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        if (pulled > 50) controller.close();
        else controller.enqueue(new Uint8Array(1_000).fill(32));
      },
    });
    const headers: Record<string, string> = how === 'announced' ? { 'content-length': '50000' } : {};
    const request = new Request('https://edge.example/', { method: 'POST', headers, body });
    const read = await readBytes(request, 2_000, {
      contentLength: headers['content-length'] ?? null,
      contentEncoding: null,
    });
    expect(read).toMatchObject({ ok: false, error: { kind: 'body-too-large' } });
    expect(pulled).toBe(51);
  });
});

describe('a file that is posted as it is', () => {
  it.each([
    ['a JPEG', [0xff, 0xd8, 0xff, 0xe0], /a JPEG image: send it with Content-Type: image\/jpeg/],
    ['a PNG', [0x89, 0x50, 0x4e, 0x47], /a PNG image: send it with Content-Type: image\/png/],
    ['an archive', [0x1f, 0x8b, 8, 0], /compressed: send them with Content-Encoding: gzip/],
    ['an array of NumPy', [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], /a NumPy array/],
    ['something else', [0xff, 1, 2], /the bytes are not UTF-8/],
  ])('is called what it is: %s', async (_, bytes, message) => {
    const response = await edge.predict('Rows', Uint8Array.from(bytes));
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(message);
  });
});

describe('a deployment that is public for predictions', () => {
  const open = () => createEdge(store, wasmModule, { publicScopes: ['predict'] });
  const body = { instances: [[3, 4]] };

  it('answers whoever has no key, and nobody who has a wrong one', async () => {
    const call = (headers: Record<string, string>) =>
      open().call('/v1/models/Rows:predict', { key: null, body, headers });
    expect((await call({})).status).toBe(200);
    expect((await call({ authorization: 'Bearer wrong' })).status).toBe(401);
  });

  it.each([
    ['/v1/models/Rows:feedback', { items: [] }, 403],
    ['/api/models', undefined, 401],
    ['/v2/models', undefined, 200],
  ])('opens nothing else: %s', async (path, sent, status) => {
    const response = await open().call(path, { key: null, ...(sent === undefined ? {} : { body: sent }) });
    expect(response.status).toBe(status);
  });

  it('is one only where that was switched on', async () => {
    expect((await edge.call('/v1/models/Rows:predict', { key: null, body })).status).toBe(401);
  });
});
