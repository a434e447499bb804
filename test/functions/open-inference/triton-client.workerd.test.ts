/**
 * The very bytes that Triton's Python client sends, and what it reads out of the answers: where its JSON ends is in a
 * header, and errors must come as they are, whatever it accepts.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import captured from '../../fixtures/protocols/triton-client.json' with { type: 'json' };
import { wasmModule } from '../../../shared/model/wasm-worker.ts';
import { createMemoryStore } from '../../../shared/registry/memory-store.ts';
import { diagonal, numbers, serveLinearModel } from '../conformance/linear-model.ts';
import { createEdge, type Edge } from '../support.ts';

let edge: Edge;

beforeAll(async () => {
  const store = createMemoryStore();
  const pair = { input: numbers('x', 'y'), labels: ['left', 'right'], kernel: diagonal(2, 1) };
  await serveLinearModel(store, { name: 'pair', version: 3, ...pair });
  const colour = { name: 'colour', type: 'category' as const, values: ['red', 'blå'] };
  const features = [{ name: 'age', type: 'number' as const }, colour];
  await serveLinearModel(store, {
    name: 'mixed',
    input: { kind: 'tabular', features },
    labels: null,
    kernel: [1, 100, 200],
  });
  edge = createEdge(store, wasmModule);
});

const HEAD_END = '\r\n\r\n';

/** One captured HTTP/1.1 request, put to the edge with the key of the test. */
function replay(name: string): Promise<Response> {
  const found = captured.cases.find((item) => item.name === name);
  if (found === undefined) throw new Error(`there is no captured request ${name}`);
  const bytes = Uint8Array.from(atob(found.request), (char) => char.charCodeAt(0));
  const text = new TextDecoder('latin1').decode(bytes);
  const end = text.indexOf(HEAD_END);
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const pairs = lines.map((line) => line.split(': ') as [string, string]);
  const headers = Object.fromEntries(pairs.filter(([header]) => header !== 'authorization'));
  const body = bytes.slice(end + HEAD_END.length);
  return edge.call(path, { method, key: 'predict', headers, ...(method === 'POST' && { body }) });
}

interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: number[];
  readonly data?: unknown[];
  readonly parameters?: { readonly binary_data_size: number };
}

/** As the client reads it: outputs by name, numbers out of bytes, strings after their lengths. */
async function read(response: Response): Promise<Record<string, unknown[]>> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const length = Number(response.headers.get('inference-header-content-length') ?? bytes.byteLength);
  const json = JSON.parse(new TextDecoder().decode(bytes.subarray(0, length))) as { outputs: Output[] };
  let at = length;
  const values = json.outputs.map(({ name, datatype, data, parameters }) => {
    if (data !== undefined) return [name, data] as const;
    const own = bytes.slice(at, (at += parameters?.binary_data_size ?? 0));
    return [name, datatype === 'FP32' ? [...new Float32Array(own.buffer)] : readStrings(own)] as const;
  });
  return Object.fromEntries(values);
}

function readStrings(bytes: Uint8Array): string[] {
  const strings: string[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const length = new DataView(bytes.buffer).getUint32(at, true);
    strings.push(new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return strings;
}

const ANSWER = { probabilities: [3, 1, 0.5, 2], label: ['left', 'right'] };

describe("Triton's client", () => {
  test.each([
    'infer, binary as by default',
    'infer, JSON',
    'infer, FP16',
    'infer, BF16',
    'infer, request compressed by gzip',
    'infer, request compressed by deflate',
  ])('is answered: %s', async (name) => {
    const response = await replay(name);
    expect(response.status).toBe(200);
    expect(await read(response)).toEqual(ANSWER);
  });

  test('is answered by the version that it names, with its id', async () => {
    const response = await replay('infer, of a version, with an id and parameters');
    expect(await response.clone().text()).toContain('"model_version":"3","id":"r-1"');
    expect(await read(response)).toEqual(ANSWER);
  });

  test('reads classes as strings', async () => {
    expect(await read(await replay('infer, classes'))).toEqual({
      probabilities: ['3:0:left', '2:1:right'],
    });
  });

  test('sends a tensor for each feature', async () => {
    expect(await read(await replay('infer, tensors by feature, BYTES among them'))).toEqual({
      prediction: [141, 207],
    });
  });

  test('is told that there is no shared memory, in words it can read', async () => {
    const response = await replay('infer, shared memory');
    expect(response.status).toBe(400);
    expect(response.headers.get('content-encoding')).toBe('identity');
    expect(await response.json()).toEqual({
      error: 'inputs[0].parameters: shared memory is not offered, the bytes go with the request',
    });
  });

  test('reads metadata', async () => {
    expect(await (await replay('model metadata')).json()).toMatchObject({ name: 'pair', versions: ['3'] });
  });
});

describe('a compressed body', () => {
  const compress = async (bytes: Uint8Array, format: 'gzip' | 'deflate') => {
    const stream = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new CompressionStream(format));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  };
  const predict = (body: Uint8Array, encoding: string) =>
    edge.call('/v1/models/pair:predict', {
      key: 'predict',
      body,
      headers: { 'content-encoding': encoding },
    });
  const ROW = new TextEncoder().encode('{"instances": [[3, 1]]}');

  test('is read under /v1 too', async () => {
    const response = await predict(await compress(ROW, 'gzip'), 'GZIP');
    expect(await response.json()).toMatchObject({ predictions: [[3, 1]] });
  });

  test('may not be larger than a plain one, once it is decompressed', async () => {
    const bomb = await compress(new Uint8Array(64_000_000).fill(0x20), 'gzip');
    expect(bomb.byteLength).toBeLessThan(100_000);
    const response = await predict(bomb, 'gzip');
    expect(response.status).toBe(413);
    expect(await response.text()).toContain('expected a body of at most ');
  });

  test.each([
    ['another encoding', 'br', 'Content-Encoding: expected gzip or deflate, got \\"br\\"'],
    ['what is not compressed', 'gzip', 'Content-Encoding: the body is not gzip'],
  ])('is refused: %s', async (_name, encoding, message) => {
    const response = await predict(ROW, encoding);
    expect(response.status).toBe(400);
    expect(await response.text()).toBe(`{"error":"${message}"}`);
  });

  test('is refused where it ends early', async () => {
    const whole = await compress(ROW, 'gzip');
    const response = await predict(whole.slice(0, -4), 'gzip');
    expect(await response.json()).toEqual({ error: 'Content-Encoding: the body is not gzip' });
  });
});
