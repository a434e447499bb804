/**
 * The Open Inference Protocol where the cases of other servers leave something out: health without a key, metadata, every
 * datatype over both codecs, tensors by feature, the forms of an answer.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { LoggedPrediction } from '../../../../functions/collect/prediction-log.ts';
import { decoderModule } from '../../../../shared/model/images/decoders-worker.ts';
import { wasmModule } from '../../../../shared/model/run/wasm-worker.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { diagonal, greyImage, numbers, serveLinearModel } from '../conformance/linear-model.ts';
import { createEdge, type Edge } from '../../support.ts';

interface InferAnswer {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly parameters: { readonly prediction_id: string };
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: number[];
    readonly data?: unknown[];
    readonly parameters?: { readonly binary_data_size: number };
  }[];
}

let edge: Edge;
let store: ObjectStore;
const logged: LoggedPrediction[] = [];

beforeAll(async () => {
  store = createMemoryStore();
  const pair = { input: numbers('x', 'y'), labels: ['left', 'right'], kernel: diagonal(2, 1) };
  await serveLinearModel(store, { name: 'pair', version: 3, ...pair });
  await serveLinearModel(store, { name: 'line', input: numbers('x'), labels: null, kernel: [1] });
  await serveLinearModel(store, { name: 'grey', input: greyImage(2, 2), labels: ['a', 'b'] });
  const features = [
    { name: 'age', type: 'number' as const },
    { name: 'colour', type: 'category' as const, values: ['red', 'blå'] },
  ];
  await serveLinearModel(store, { name: 'mixed', input: { kind: 'tabular', features }, labels: null });
  const predictions = {
    add: (_model: string, added: readonly LoggedPrediction[]) => void logged.push(...added),
    settle: async () => {},
  };
  edge = createEdge(store, wasmModule, { predictions, decoders: decoderModule });
});

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  logged.length = 0;
  return edge.call(`/v2/models/${path}`, { key: 'predict', body, headers });
}

/** JSON and what follows it, as Triton's clients send it. */
function postBinary(path: string, request: object, parts: readonly Uint8Array[]): Promise<Response> {
  const json = new TextEncoder().encode(JSON.stringify(request));
  const body = Uint8Array.from([json, ...parts].flatMap((part) => [...part]));
  return post(path, body, {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': String(json.byteLength),
  });
}

function withLength(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  return Uint8Array.from([bytes.byteLength, 0, 0, 0, ...bytes]);
}

async function splitAnswer(response: Response): Promise<{ json: InferAnswer; binary: Uint8Array }> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const length = Number(response.headers.get('inference-header-content-length') ?? bytes.byteLength);
  const json = JSON.parse(new TextDecoder().decode(bytes.subarray(0, length))) as InferAnswer;
  return { json, binary: bytes.slice(length) };
}

const rows = (): number[][] => logged.map(({ raw }) => [...raw]);
const matrix = (data: unknown, shape = [1, 2]) => ({
  inputs: [{ name: 'input', datatype: 'FP32', shape, data }],
});

describe('the server', () => {
  test('says that it lives and is ready to anybody, by both keys', async () => {
    for (const path of ['/v2/health/live', '/v2/health/ready']) {
      const response = await edge.call(path, { key: null });
      expect([response.status, await response.json()]).toEqual([200, { live: true, ready: true }]);
    }
    const closed = createEdge(store, wasmModule, { keys: [] });
    expect((await closed.call('/v2/health/live', { key: null })).status).toBe(200);
  });

  test('says everything else to the scope predict', async () => {
    for (const path of ['/v2', '/v2/models', '/v2/models/pair', '/v2/models/pair/ready']) {
      expect((await edge.call(path, { key: 'predict' })).status).toBe(200);
      expect((await edge.call(path, { key: null })).status).toBe(401);
      expect((await edge.call(path, { key: 'feedback' })).status).toBe(403);
    }
    expect((await edge.call('/v2/models/pair/infer', { key: 'feedback', body: matrix([1, 2]) })).status).toBe(
      403,
    );
  });

  test('names itself and its extensions', async () => {
    expect(await (await edge.call('/v2', { key: 'predict' })).json()).toEqual({
      name: 'holdfast',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      extensions: ['binary_tensor_data', 'classification'],
    });
  });

  test.each([
    ['GET', '/v2/models/pair/infer', 405],
    ['POST', '/v2/models/pair', 405],
    ['GET', '/v2/nowhere', 404],
    ['GET', '/v2/models/pair/versions/9', 404],
    ['GET', '/v2/models/pair/versions/v1/ready', 404],
    ['GET', '/v2/models/%ff', 404],
    ['GET', '/v2/health', 404],
  ])('%s %s is %d', async (method, path, status) => {
    const response = await edge.call(path, {
      key: 'predict',
      method,
      ...(method === 'POST' ? { body: {} } : {}),
    });
    expect([response.status, await response.json()]).toEqual([status, { error: expect.any(String) }]);
  });
});

describe('a model', () => {
  test('is described by one tensor of its numbers', async () => {
    for (const path of ['pair', 'pair/versions/3']) {
      expect(await (await edge.call(`/v2/models/${path}`, { key: 'predict' })).json()).toEqual({
        name: 'pair',
        versions: ['3'],
        platform: 'holdfast_edge',
        inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 2] }],
        outputs: [
          { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
          { name: 'label', datatype: 'BYTES', shape: [-1] },
        ],
      });
    }
  });

  test('with categories is described by a tensor for each feature; a regression by its one output', async () => {
    expect(await (await edge.call('/v2/models/mixed', { key: 'predict' })).json()).toMatchObject({
      inputs: [
        { name: 'age', datatype: 'FP32', shape: [-1, 1] },
        { name: 'colour', datatype: 'BYTES', shape: [-1, 1] },
      ],
      outputs: [{ name: 'prediction', datatype: 'FP32', shape: [-1, 1] }],
    });
  });

  test('is ready by name', async () => {
    const response = await edge.call('/v2/models/pair/versions/3/ready', { key: 'predict' });
    expect(await response.json()).toEqual({ name: 'pair', ready: true });
  });
});

describe('infer', () => {
  test('answers probabilities and labels, with the id that came, and logs', async () => {
    const response = await post('pair/infer', {
      id: 'a "quoted" id',
      ...matrix(
        [
          [1, 5],
          [3, 2],
        ],
        [2, 2],
      ),
    });
    const answer = (await response.json()) as InferAnswer;
    expect(answer).toEqual({
      model_name: 'pair',
      model_version: '3',
      id: 'a "quoted" id',
      parameters: { prediction_id: response.headers.get('holdfast-prediction-id') },
      outputs: [
        { name: 'probabilities', datatype: 'FP32', shape: [2, 2], data: [1, 5, 3, 2] },
        { name: 'label', datatype: 'BYTES', shape: [2], data: ['right', 'left'] },
      ],
    });
    expect(response.headers.get('holdfast-version')).toBe('3');
    expect(logged.map(({ id, predicted }) => [id, predicted])).toEqual([
      [`${answer.parameters.prediction_id}.0`, 1],
      [`${answer.parameters.prediction_id}.1`, 0],
    ]);
  });

  test.each([
    [{ age: [41, 7], colour: ['blå', 'red'] }, [2]],
    [{ colour: [['blå'], ['red']], age: [[41], [7]] }, [2, 1]],
  ])('takes a tensor for each feature, in any order: %j', async (columns, shape) => {
    const inputs = Object.entries(columns).map(([name, data]) => ({
      name,
      datatype: name === 'age' ? 'INT16' : 'BYTES',
      shape,
      data,
    }));
    expect((await post('mixed/infer', { inputs })).status).toBe(200);
    expect(rows()).toEqual([
      [41, 1],
      [7, 0],
    ]);
  });

  test('takes both in bytes, and answers in the form that was asked for, output by output', async () => {
    const request = {
      inputs: [
        { name: 'colour', datatype: 'BYTES', shape: [2], parameters: { binary_data_size: 15 } },
        { name: 'age', datatype: 'FP64', shape: [2, 1], parameters: { binary_data_size: 16 } },
      ],
    };
    const colours = Uint8Array.from([...withLength('blå'), ...withLength('red')]);
    const ages = new Uint8Array(Float64Array.of(41, 7).buffer);
    const response = await postBinary('mixed/infer', request, [colours.subarray(0, 15), ages]);
    expect(response.status).toBe(200);
    expect(rows()).toEqual([
      [41, 1],
      [7, 0],
    ]);
  });

  test("answers Triton's client in bytes, which end where they say", async () => {
    const request = {
      inputs: [{ name: 'input', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } }],
      parameters: { binary_data_output: true },
    };
    const response = await postBinary('pair/infer', request, [
      new Uint8Array(Float32Array.of(1, 5, 3, 2).buffer),
    ]);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    const { json, binary } = await splitAnswer(response);
    expect(json.outputs.map(({ parameters }) => parameters?.binary_data_size)).toEqual([16, 17]);
    expect([...new Float32Array(binary.slice(0, 16).buffer)]).toEqual([1, 5, 3, 2]);
    expect(binary.slice(16)).toEqual(Uint8Array.from([...withLength('right'), ...withLength('left')]));
  });

  test('answers only the outputs that are named, in their order', async () => {
    const outputs = [{ name: 'label' }, { name: 'probabilities', parameters: { binary_data: true } }];
    const { json, binary } = await splitAnswer(await post('pair/infer', { ...matrix([1, 5]), outputs }));
    expect(json.outputs).toEqual([
      { name: 'label', datatype: 'BYTES', shape: [1], data: ['right'] },
      { name: 'probabilities', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
    ]);
    expect(binary.byteLength).toBe(8);
  });

  test('answers the most probable classes', async () => {
    const outputs = [{ name: 'probabilities', parameters: { classification: 9 } }];
    const { json } = await splitAnswer(await post('pair/infer', { ...matrix([0.25, 0.75]), outputs }));
    expect(json.outputs).toEqual([
      { name: 'probabilities', datatype: 'BYTES', shape: [1, 2], data: ['0.75:1:right', '0.25:0:left'] },
    ]);
  });

  test('computes with what is not finite, and names no label', async () => {
    const response = await post(
      'pair/infer',
      '{"inputs":[{"name":"input","datatype":"FP32","shape":[1,2],"data":[NaN,1]}]}',
    );
    expect(await response.text()).toContain(
      '"data":[NaN,NaN]},{"name":"label","datatype":"BYTES","shape":[1],"data":[""]}',
    );
    expect(logged).toEqual([]);
  });

  test('takes images as pixels of any numeric type', async () => {
    const input = { name: 'input', datatype: 'UINT8', data: [0, 1, 2, 255] };
    for (const shape of [
      [1, 2, 2, 1],
      [1, 2, 2],
      [1, 4],
    ]) {
      expect((await post('grey/infer', { inputs: [{ ...input, shape }] })).status).toBe(200);
      expect(rows()).toEqual([[0, 1, 2, 255]]);
    }
  });

  test('takes a body that is nothing but float32 numbers, and answers in bytes', async () => {
    const raw = { 'inference-header-content-length': '0' };
    const pixels = new Uint8Array(Float32Array.of(0, 1, 2, 255, 4, 5, 6, 7).buffer);
    const response = await post('grey/infer', pixels, raw);
    expect(rows()).toEqual([
      [0, 1, 2, 255],
      [4, 5, 6, 7],
    ]);
    expect((await splitAnswer(response)).json.outputs[0]?.parameters?.binary_data_size).toBe(16);
    const short = await post('grey/infer', pixels.slice(4), raw);
    expect(await short.json()).toEqual({
      error: 'body: expected examples of 4 float32 numbers, got 28 bytes',
    });
  });

  test('of bytes that are no image says so', async () => {
    const input = { name: 'input', datatype: 'BYTES', shape: [1] };
    const binary = { ...input, parameters: { binary_data_size: 12 } };
    const answers = [
      await post('grey/infer', { inputs: [{ ...input, data: [btoa('an image')] }] }),
      await postBinary('grey/infer', { inputs: [binary] }, [withLength('an image')]),
      await post('grey/infer', 'an image', { 'content-type': 'image/webp' }),
    ];
    for (const response of answers) {
      expect([response.status, await response.json()]).toEqual([
        400,
        { error: expect.stringContaining('not a JPEG, PNG or WebP image') },
      ]);
    }
  });

  const input = { name: 'input', datatype: 'FP32', shape: [1, 2], data: [1, 2] };
  test.each([
    ['pair', { inputs: [{ ...input, shape: [2, 1] }] }, 'inputs[0]: expected the shape [-1,2], got [2,1]'],
    [
      'pair',
      { inputs: [{ ...input, data: [1, 2, 3] }] },
      'inputs[0]: expected 2 elements, as the shape says, got 3',
    ],
    [
      'pair',
      { inputs: [{ ...input, datatype: 'UINT8', data: [1, 256] }] },
      'inputs[0]: expected UINT8 at position 1, got 256',
    ],
    [
      'pair',
      { inputs: [{ ...input, datatype: 'FP16' }] },
      'inputs[0]: FP16 has no form in JSON: send it as binary data',
    ],
    [
      'pair',
      { inputs: [{ ...input, datatype: 'BYTES', data: ['1', '2'] }] },
      'inputs[0]: expected numbers, got BYTES',
    ],
    [
      'pair',
      { inputs: [{ ...input, shape: [0, 2], data: [] }] },
      'inputs[0]: expected a batch of at least 1',
    ],
    [
      'pair',
      { inputs: [{ ...input, shape: [17, 2], data: Array(34).fill(1) }] },
      'inputs: expected at most 16 examples, got 17',
    ],
    [
      'pair',
      { inputs: [input, { ...input, name: 'x' }] },
      `inputs[0]: there is no feature "input" and "y" is missing; expected one tensor 'input', or one for each feature`,
    ],
    ['pair', { inputs: [{ ...input, name: 'x', shape: [1], data: [1] }] }, 'inputs: feature "y" is missing'],
    ['pair', { inputs: [input, input] }, 'inputs[1]: "input" is named twice'],
    [
      'pair',
      { inputs: [input], outputs: [{ name: 'logits' }] },
      'outputs[0]: expected probabilities or label, got "logits"',
    ],
    [
      'pair',
      { inputs: [input], outputs: [{ name: 'label', parameters: { classification: 1 } }] },
      'outputs[0]: only probabilities can be answered as a classification',
    ],
    ['pair', { id: 5, inputs: [input] }, 'id: expected a string'],
    ['mixed', { inputs: [input] }, 'inputs[0]: expected a tensor for each feature: "age", "colour"'],
    [
      'mixed',
      {
        inputs: [
          { name: 'age', datatype: 'FP32', shape: [1], data: [1] },
          { name: 'colour', datatype: 'BYTES', shape: [1], data: ['green'] },
        ],
      },
      'inputs[1] at position 0: expected one of "red", "blå", got "green"',
    ],
    [
      'grey',
      { inputs: [{ ...input, shape: [1, 4], data: [0, 1, 2, 256] }] },
      'inputs[0]: expected pixels from 0 to 255, got 256 at position 3',
    ],
  ])('%s of %j is refused with the reason', async (model, body, error) => {
    const response = await post(`${model}/infer`, body);
    expect([response.status, await response.json()]).toEqual([400, { error }]);
  });
});
