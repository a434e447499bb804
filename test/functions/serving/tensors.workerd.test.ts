/**
 * Models that read a tensor, over both protocols: as clients of TF Serving and Triton write one.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { wasmModule } from '../../../shared/model/run/wasm-worker.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { createEdge, type Edge } from '../support.ts';
import { diagonal, serveLinearModel } from './conformance/linear-model.ts';

let edge: Edge;

beforeAll(async () => {
  const store = createMemoryStore();
  // Its answers are its first three numbers, as it sees them.
  await serveLinearModel(store, {
    name: 'spectra',
    input: { kind: 'tensor', shape: [2, 3, 1] },
    labels: ['a', 'b', 'c'],
    kernel: diagonal(3, 1),
  });
  edge = createEdge(store, wasmModule);
});

const NUMBERS = [-1.5, 0.25, 3, 4, 5, 6];
const SEEN = NUMBERS.slice(0, 3);
const ROWS = [NUMBERS.slice(0, 3), NUMBERS.slice(3)];
const NESTED = ROWS.map((row) => row.map((x) => [x]));

describe('under /v1', () => {
  it.each<[string, object]>([
    ['nested', { instances: [NESTED] }],
    ['without the last side of 1', { instances: [ROWS] }],
    ['flat', { instances: [NUMBERS] }],
    ['by the name of the graph’s tensor', { instances: [{ spectrogram: NESTED }] }],
  ])('an instance is read: %s', async (_, body) => {
    const response = await edge.predict('spectra', body);
    expect(await response.json()).toEqual({ predictions: [SEEN], labels: ['c'] });
  });

  it('columns are read', async () => {
    const response = await edge.predict('spectra', { inputs: { any: [NESTED, NESTED] } });
    expect(await response.json()).toEqual({ outputs: [SEEN, SEEN], labels: ['c', 'c'] });
  });

  it('an example has its numbers in a list', async () => {
    const body = { examples: [{ input: NUMBERS }] };
    const response = await edge.call('/v1/models/spectra:classify', { key: 'predict', body });
    expect(await response.json()).toEqual({ results: [SEEN.map((x, i) => [['a', 'b', 'c'][i], x])] });
  });

  it('the signature has its shape', async () => {
    const response = await edge.call('/v1/models/spectra/metadata', { key: 'predict' });
    const sizes = JSON.stringify((await response.json()) as object).match(/"size":"-?\d+"/g);
    expect(sizes?.slice(0, 4)).toEqual(['"size":"-1"', '"size":"2"', '"size":"3"', '"size":"1"']);
  });

  it.each<[object, RegExp]>([
    [{ instances: [[[1, 2, 3]]] }, /instances\[0\]: expected 2 arrays, got 1 \(the shape is \[2,3,1\]\)/],
    [{ instances: [[1, 2, 3]] }, /instances\[0\]: expected 6 numbers, got 3/],
    [{ instances: [{ b64: 'AAAA' }] }, /expected an array of shape \[2,3,1\], got an object/],
    [{ instances: [NUMBERS], pixels: 'unit' }, /the model reads no pixels/],
  ])('what is no such tensor is refused: %o', async (body, message) => {
    const response = await edge.predict('spectra', body);
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(message);
  });

  it('numbers below 0 and beyond 255 warn of no pixels', async () => {
    const response = await edge.predict('spectra', { instances: [NUMBERS.map((x) => x / 100)] });
    expect(response.headers.get('Holdfast-Warning')).toBeNull();
  });
});

describe('under /v2', () => {
  const infer = (body: unknown, headers: Record<string, string> = {}) =>
    edge.call('/v2/models/spectra/infer', { key: 'predict', body, headers });
  const probabilities = async (response: Response): Promise<unknown> => {
    const { outputs, error } = (await response.json()) as { outputs?: { data: unknown }[]; error?: string };
    return outputs?.[0]?.data ?? error;
  };

  it.each([
    [[1, 2, 3, 1], 'FP32'],
    [[1, 2, 3], 'FP64'],
    [[1, 6], 'FP32'],
  ])('a tensor is read in the shape %o of %s', async (shape, datatype) => {
    const inputs = [{ name: 'x', shape, datatype, data: NUMBERS }];
    expect(await probabilities(await infer({ inputs }))).toEqual(SEEN);
  });

  it('a tensor is read from bytes, behind the JSON and by itself', async () => {
    const numbers = new Uint8Array(Float32Array.from(NUMBERS).buffer);
    const input = { name: 'x', shape: [1, 2, 3, 1], datatype: 'FP32', parameters: { binary_data_size: 24 } };
    const json = new TextEncoder().encode(JSON.stringify({ inputs: [input] }));
    const header = { 'inference-header-content-length': String(json.length) };
    expect(await probabilities(await infer(Uint8Array.of(...json, ...numbers), header))).toEqual(SEEN);
    const alone = await infer(numbers, { 'inference-header-content-length': '0' });
    const length = Number(alone.headers.get('inference-header-content-length'));
    const bytes = (await alone.arrayBuffer()).slice(length, length + 12);
    expect([...new Float32Array(bytes)]).toEqual(SEEN);
  });

  it('the model’s metadata has its shape', async () => {
    const response = await edge.call('/v2/models/spectra', { key: 'predict' });
    expect(await response.json()).toMatchObject({
      inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 2, 3, 1] }],
    });
  });

  it.each([
    [[1, 3, 2, 1], 'FP32', NUMBERS, /expected the shape \[-1,2,3,1\], got \[1,3,2,1\]/],
    [[1], 'BYTES', ['a'], /expected numbers, got BYTES/],
  ])('another is refused: %o of %s', async (shape, datatype, data, message) => {
    const response = await infer({ inputs: [{ name: 'x', shape, datatype, data }] });
    expect(response.status).toBe(400);
    expect(await probabilities(response)).toMatch(message);
  });
});

it('is labelled by what comes back', async () => {
  const response = await edge.call('/v1/models/spectra:feedback', {
    key: 'feedback',
    body: {
      items: [
        { instance: NESTED, label: 'b' },
        { instance: [1], label: 'b' },
      ],
    },
  });
  expect(await response.json()).toMatchObject({
    accepted: 1,
    rejected: [{ index: 1, error: expect.stringMatching(/expected 6 numbers, got 1/) }],
  });
});
