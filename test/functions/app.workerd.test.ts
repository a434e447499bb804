import { env } from 'cloudflare:test';
import { beforeAll, expect, test } from 'vitest';
import { UNSERVABLE } from '../../functions/http/errors.ts';
import { collectInbox } from '../../shared/events/inbox.ts';
import { createPredictionId } from '../../functions/collect/prediction-id.ts';
import { wasmModule } from '../../shared/model/run/wasm-worker.ts';
import { putJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { createR2Store } from '../../shared/registry/store/r2-store.ts';
import { publishVersion } from '../../shared/registry/versions/versions.ts';
import {
  createEdge,
  createFaultyStore,
  createServedToy,
  createToyModel,
  KEYS,
  NOON,
  promoteToy,
  publishToy,
  readEvents,
  toyFiles,
  toyManifest,
} from './support.ts';

const store = createR2Store(env.BUCKET);
const ROW = { instances: [[1, 2]] };

beforeAll(async () => {
  await createServedToy(store, 'refusals');
});

async function errorOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: string }).error;
}

test('a row request answers probabilities, labels, the version and a prediction id', async () => {
  await createServedToy(store, 'rows');
  const edge = createEdge(store, wasmModule);
  const response = await edge.predict('rows', {
    instances: [
      { x: 1, y: 2 },
      { y: 0, x: -1 },
    ],
    signature_name: 'serving_default',
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('holdfast-version')).toBe('1');
  expect(response.headers.get('holdfast-prediction-id')).toMatch(/^[\w-]{43}$/);
  const { predictions, labels } = (await response.json()) as { predictions: number[][]; labels: string[] };
  expect(labels).toEqual(['red', 'red']);
  const red = Math.exp(3.1) / (Math.exp(3.1) + 2);
  expect(predictions[0]?.[0]).toBeCloseTo(red, 6);
  expect(predictions[1]?.reduce((sum, p) => sum + p)).toBeCloseTo(1, 6);
});

test('a columnar request answers outputs, from a list, a named list or named columns', async () => {
  await createServedToy(store, 'columns');
  const edge = createEdge(store, wasmModule);
  const answers = [];
  for (const inputs of [[[1, 2]], { input: [[1, 2]] }, { x: [1], y: [2] }]) {
    const response = await edge.predict('columns', { inputs });
    expect(response.status).toBe(200);
    answers.push(await response.json());
  }
  expect(answers[0]).toMatchObject({
    labels: ['red'],
    outputs: [[expect.any(Number), expect.any(Number), expect.any(Number)]],
  });
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
});

test.each([
  [
    {
      instances: [
        [1, 2],
        [1, 2, 3],
      ],
    },
    'instances[1]: expected 2 numbers, got 3',
  ],
  [{ instances: [[1, 'two']] }, 'instances[0].y: expected a finite number, got "two"'],
  [{ instances: [{ x: 1 }] }, 'instances[0]: feature "y" is missing'],
  [{ inputs: { x: [1, 2], y: [2] } }, 'inputs.y: expected a list as long as the others (2), got 1'],
  [{ instances: [] }, 'instances: expected at least one value, got none'],
  [{ instances: Array.from({ length: 17 }, () => [1, 2]) }, 'instances: expected at most 16, got 17'],
  [
    { instances: [[3e38, 3e38]], signature_name: 'other' },
    'signature_name: expected serving_default or tensorflow/serving/predict, got "other"',
  ],
  [{ signature_name: 5, ...ROW }, "'signature_name' key must be a string value"],
  [{ inputs: [[1, 2]], ...ROW }, "expected one of 'instances' and 'inputs', got both"],
  [{}, "missing 'inputs' or 'instances' key"],
  [[1, 2], "expected an object with the key 'instances' or 'inputs' as the body"],
  [
    'instances = [1, 2]',
    `expected JSON in the body: Unexpected token 'i', "instances = [1, 2]" is not valid JSON`,
  ],
  [
    '{"instances": [[1, 2]',
    `expected JSON in the body: Expected ',' or ']' after array element in JSON at position 21 (line 1 column 22)`,
  ],
  ['', 'expected JSON in the body: the document is empty'],
])('%j is refused with what was expected and where', async (body, message) => {
  const response = await createEdge(store, wasmModule).predict('refusals', body);
  expect(response.status).toBe(400);
  expect(await errorOf(response)).toBe(message);
});

test('a value nested half a million deep is refused like any other wrong value', async () => {
  await createServedToy(store, 'deep', {
    input: { kind: 'tabular', features: [{ name: 'x', type: 'category', values: ['a', 'b'] }] },
  });
  const edge = createEdge(store, wasmModule, { maxBodyBytes: 2_000_000 });
  const nested = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
  const feedback = await edge.call('/v1/models/deep:feedback', {
    key: 'feedback',
    body: `{"items":[{"instance":{"x":${nested}},"label":"red"}]}`,
  });
  expect(feedback.status).toBe(400);
});

test('unknown models and versions answer 404, unknown verbs and paths 400, in the form of their protocol', async () => {
  await createServedToy(store, 'known');
  const edge = createEdge(store, wasmModule);
  const cases: [Response, number, string][] = [
    [await edge.predict('unknown', ROW), 404, 'there is no model "unknown"'],
    [await edge.predict('..%2Fescape', ROW), 404, 'there is no model "../escape"'],
    [await edge.predict('known', ROW, 7), 404, 'known has no version 7; it has version 1'],
    [
      await edge.call('/v1/models/known/versions/HELLO:predict', { key: 'predict', body: ROW }),
      400,
      'Malformed request: POST /v1/models/known/versions/HELLO:predict',
    ],
    [
      await edge.call('/v1/models/known:explain', { key: 'predict', body: ROW }),
      400,
      'Malformed request: POST /v1/models/known:explain',
    ],
    [
      await edge.call('/v1/models/known:predict', { key: 'predict' }),
      400,
      'Malformed request: GET /v1/models/known:predict',
    ],
    [await edge.call('/v1/nowhere', { key: 'predict' }), 400, 'Malformed request: GET /v1/nowhere'],
  ];
  for (const [response, status, message] of cases) {
    expect([response.status, await errorOf(response)]).toEqual([status, message]);
  }
  const problem = await edge.call('/api/models/unknown');
  expect(problem.headers.get('content-type')).toBe('application/problem+json');
  expect(await problem.json()).toMatchObject({ status: 404, type: 'urn:holdfast:unknown-model' });
  expect((await edge.call('/api/models/known', { method: 'HEAD' })).status).toBe(200);
});

test('a body over the limit is refused with 413, whatever its Content-Length says', async () => {
  await createServedToy(store, 'large');
  const edge = createEdge(store, wasmModule, { maxBodyBytes: 50 });
  const body = JSON.stringify({ instances: Array.from({ length: 16 }, () => [1, 2]) });
  const honest = await edge.predict('large', body);
  const lying = await edge.call('/v1/models/large:predict', {
    key: 'predict',
    body,
    headers: { 'content-length': '5' },
  });
  for (const response of [honest, lying]) {
    expect(response.status).toBe(413);
    expect(await errorOf(response)).toBe('expected a body of at most 50 bytes, got more');
  }
});

test('a deployment without keys refuses everything but health', async () => {
  await createServedToy(store, 'closed');
  const edge = createEdge(store, wasmModule, { keys: [] });
  expect((await edge.call('/healthz', { key: null })).status).toBe(200);
  for (const path of ['/', '/v1/models/closed', '/api/models', '/nowhere']) {
    expect([path, (await edge.call(path)).status]).toEqual([path, 401]);
  }
  const predicted = await edge.predict('closed', ROW);
  expect([predicted.status, await errorOf(predicted)]).toEqual([
    401,
    'this deployment has no keys: set HOLDFAST_KEYS',
  ]);
});

test('each scope opens its own routes only', async () => {
  await createServedToy(store, 'scopes');
  const edge = createEdge(store, wasmModule);
  const feedback = { items: [{ instance: [1, 2], label: 'red' }] };
  const statusOf = async (key: 'predict' | 'feedback' | 'operate' | null) => [
    (await edge.call('/v1/models/scopes:predict', { key, body: ROW })).status,
    (await edge.call('/v1/models/scopes:feedback', { key, body: feedback })).status,
    (await edge.call('/v1/models/scopes', { key })).status,
    (await edge.call('/api/models', { key })).status,
  ];
  expect(await statusOf('predict')).toEqual([200, 403, 200, 403]);
  expect(await statusOf('feedback')).toEqual([403, 202, 403, 403]);
  expect(await statusOf('operate')).toEqual([403, 403, 200, 200]);
  expect(await statusOf(null)).toEqual([401, 401, 401, 401]);
  const unknown = await edge.call('/v1/models/scopes', {
    key: null,
    headers: { authorization: 'Bearer nobody' },
  });
  expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
});

test('local keys work from this machine to localhost only, and only where they are switched on', async () => {
  const call = async (localKeys: boolean, host: string, client: string | null): Promise<number> => {
    const edge = createEdge(store, wasmModule, { keys: KEYS, localKeys });
    const headers: Record<string, string> = { authorization: 'Bearer local-operate' };
    if (client !== null) headers['cf-connecting-ip'] = client;
    return (await edge.call(`http://${host}/api/models`, { key: null, headers })).status;
  };
  expect(await call(true, 'localhost:8787', '127.0.0.1')).toBe(200);
  expect(await call(true, '[::1]:8787', '::1')).toBe(200);
  expect(await call(true, 'rebound.example:8787', '127.0.0.1')).toBe(403);
  expect(await call(true, 'localhost.example', '127.0.0.1')).toBe(403);
  expect(await call(true, 'localhost:8787', '192.168.0.7')).toBe(403);
  expect(await call(true, 'localhost:8787', null)).toBe(403);
  expect(await call(false, 'localhost:8787', '127.0.0.1')).toBe(401);
});

test('model status is in the form of TF Serving', async () => {
  const spec = await createServedToy(store, 'status');
  const edge = createEdge(store, wasmModule);
  const available = { version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } };
  const read = async (path: string) => (await edge.call(path, { key: 'predict' })).json();
  expect(await read('/v1/models/status')).toEqual({ model_version_status: [available] });
  expect(await read('/v1/models/status/versions/1')).toEqual({ model_version_status: [available] });
  expect(await read('/v1/models/status/versions/9')).toEqual({
    error: 'status has no version 9; it has version 1',
  });

  const files = toyFiles(1);
  await publishToy(store, spec, 2, 1);
  await promoteToy(store, spec, 2);
  await store.put(keys.versionFile('status', 2, 'edge.bin'), files['edge.bin'].subarray(0, 10));
  edge.clock.nowMs += 5_000;
  expect(await read('/v1/models/status')).toMatchObject({
    model_version_status: [
      { version: '2', state: 'LOADING', status: { error_code: 'UNAVAILABLE' } },
      available,
    ],
  });
});

test('a model without a champion answers 503, and its first champion serves at once', async () => {
  const spec = await createToyModel(store, 'young');
  const edge = createEdge(store, wasmModule);
  const early = await edge.predict('young', ROW);
  expect([early.status, await errorOf(early)]).toEqual([
    503,
    'young has no champion yet: nothing was promoted',
  ]);
  await publishToy(store, spec, 1, 0);
  await promoteToy(store, spec, 1);
  expect((await edge.predict('young', ROW)).status).toBe(200);
});

test('a version that was claimed and not completely published is named as such', async () => {
  await createServedToy(store, 'half');
  await putJson(store, keys.claim('half', 2), { run: 'r' });
  await store.put(keys.versionFile('half', 2, 'edge.bin'), toyFiles(1)['edge.bin']);
  const edge = createEdge(store, wasmModule);
  const predicted = await edge.predict('half', ROW, 2);
  expect(predicted.status).toBe(404);
  expect(await errorOf(predicted)).toBe('version 2 is not completely published');
  const promoted = await edge.call('/api/models/half/promote', { body: { version: 2, reason: 'why not' } });
  expect(promoted.status).toBe(404);
  expect((await edge.predict('half', ROW)).headers.get('holdfast-version')).toBe('1');
});

test('a version whose files do not belong to the spec is not servable', async () => {
  const spec = await createServedToy(store, 'misfit');
  const files = toyFiles(0, 5);
  await publishVersion(store, toyManifest(spec, 2, files), files);
  const edge = createEdge(store, wasmModule);
  const response = await edge.predict('misfit', ROW, 2);
  expect([response.status, await errorOf(response)]).toEqual([503, UNSERVABLE]);
  expect(edge.log.lines.at(-1)?.facts['detail']).toBe(
    'version 2: expected a head from 2 numbers to 3, got one from 5 to 3',
  );
});

test('an unreadable spec is an error of its model alone, and operators still see the model', async () => {
  await store.put(keys.spec('broken-spec'), new TextEncoder().encode('{"format": "holdfast-spec/1"'));
  const edge = createEdge(store, wasmModule);
  const response = await edge.predict('broken-spec', ROW);
  expect([response.status, await errorOf(response)]).toEqual([503, UNSERVABLE]);
  const shown = (await (await edge.call('/api/models/broken-spec')).json()) as { problems: string[] };
  expect(shown.problems).toContain('models/broken-spec/spec.json: expected JSON in UTF-8');
});

test('predictions are logged with their inputs, and their ids take labels', async () => {
  const spec = await createServedToy(store, 'logged');
  const edge = createEdge(store, wasmModule);
  const response = await edge.predict('logged', {
    instances: [
      [1, 2],
      [3, 4],
    ],
  });
  const id = response.headers.get('holdfast-prediction-id') as string;
  expect(edge.sent).toHaveLength(1);
  const feedback = await edge.call('/v1/models/logged:feedback', {
    key: 'feedback',
    body: { items: [{ prediction_id: `${id}.1`, label: 'blue' }] },
  });
  expect([feedback.status, await feedback.json()]).toEqual([202, { accepted: 1, rejected: [] }]);
  await collectInbox(store, 'logged', new Date(NOON));
  const events = await readEvents(store, 'logged');
  expect(events.map(({ kind }) => kind).sort()).toEqual(['label', 'prediction', 'prediction']);
  expect(events).toContainEqual(
    expect.objectContaining({ kind: 'prediction', id: `${id}.1`, version: 1, predicted: 0 }),
  );
  expect(events).toContainEqual(
    expect.objectContaining({ kind: 'label', prediction: `${id}.1`, label: spec.labels.indexOf('blue') }),
  );
});

test('a prediction that sampling left out is not logged, and its id is refused with the reason', async () => {
  await createServedToy(store, 'sampled', { logging: { rate: 0.5 } });
  const edge = createEdge(store, wasmModule);
  const id = (await edge.predict('sampled', ROW)).headers.get('holdfast-prediction-id');
  expect(await store.list(keys.inboxPrefix('sampled'))).toEqual([]);
  const feedback = await edge.call('/v1/models/sampled:feedback', {
    key: 'feedback',
    body: { items: [{ prediction_id: id, label: 'red' }] },
  });
  expect(feedback.status).toBe(400);
  expect(JSON.stringify(await feedback.json())).toContain('this prediction was not logged');
});

test('bad feedback items are named by their index while the good ones count', async () => {
  const spec = await createServedToy(store, 'partial');
  const edge = createEdge(store, wasmModule);
  const facts = { version: 1, atMs: NOON, instances: 1, logged: true };
  const forged = createPredictionId('cd'.repeat(32), 'partial', facts, new Uint8Array(8));
  const foreign = createPredictionId(spec.salt, 'another', facts, new Uint8Array(8));
  const items = [
    { instance: [1, 2], label: 'red', timestamp: '2026-11-19T10:00:00Z', group: 'user-1', id: 'order-7' },
    { instance: [1, 2], label: 'purple' },
    { instance: [1], label: 'red' },
    { prediction_id: forged, label: 'red' },
    { prediction_id: foreign, label: 'red' },
    { instance: [1, 2], label: 'red', timestamp: '2026-11-20T12:06:00Z' },
    { instance: [1, 2], label: 'red', lable: 'x' },
    'nonsense',
  ];
  const response = await edge.call('/v1/models/partial:feedback', { key: 'feedback', body: { items } });
  expect(response.status).toBe(202);
  expect(await response.json()).toEqual({
    accepted: 1,
    rejected: [
      { index: 1, error: 'items[1].label: expected one of "red", "green", "blue", got "purple"' },
      { index: 2, error: 'items[2].instance: expected 2 numbers, got 1' },
      { index: 3, error: 'items[3].prediction_id: no prediction of partial has this id' },
      { index: 4, error: 'items[4].prediction_id: no prediction of partial has this id' },
      {
        index: 5,
        error: 'items[5].timestamp: expected a time that has passed, got 2026-11-20T12:06:00.000Z',
      },
      { index: 6, error: expect.stringContaining('lable') },
      { index: 7, error: 'items[7]: expected an object with prediction_id or instance, and label' },
    ],
  });
});

test('a reported flip is kept with its label or its example, and only where it is said', async () => {
  await createServedToy(store, 'reported');
  const edge = createEdge(store, wasmModule);
  const items = [
    { instance: [1, 2], label: 'red', id: 'a', flip: true },
    { instance: [2, 2], label: 'red', id: 'b', flip: false },
    { instance: [3, 2], label: 'red', id: 'c' },
    { instance: [4, 2], label: 'red', id: 'd', flip: 'yes' },
  ];
  const response = await edge.call('/v1/models/reported:feedback', { key: 'feedback', body: { items } });
  expect(await response.json()).toMatchObject({
    accepted: 3,
    rejected: [{ index: 3, error: expect.stringContaining('flip: ') as string }],
  });
  await collectInbox(store, 'reported', new Date(NOON));
  const flips = (await readEvents(store, 'reported')).map((event) => [
    event.id,
    event.kind !== 'prediction' && event.flip,
  ]);
  expect(flips).toEqual([
    ['client:a', true],
    ['client:b', undefined],
    ['client:c', undefined],
  ]);
});

test('feedback sent twice has the same example ids', async () => {
  await createServedToy(store, 'twice');
  const edge = createEdge(store, wasmModule);
  const body = {
    items: [
      { instance: [1, 2], label: 'red' },
      { instance: [1, 2], label: 'red', id: 'mine' },
    ],
  };
  await edge.call('/v1/models/twice:feedback', { key: 'feedback', body });
  edge.clock.nowMs += 60_000;
  await edge.call('/v1/models/twice:feedback', { key: 'feedback', body });
  await collectInbox(store, 'twice', new Date(NOON));
  const events = await readEvents(store, 'twice');
  expect(events).toHaveLength(4);
  expect([...new Set(events.map(({ id }) => id))].sort()).toEqual([
    expect.stringMatching(/^client:mine$/),
    expect.stringMatching(/^content:/),
  ]);
});

test('feedback is accepted and in the bucket although the queue fails', async () => {
  await createServedToy(store, 'no-queue');
  const edge = createEdge(store, wasmModule, { queueFails: true });
  const response = await edge.call('/v1/models/no-queue:feedback', {
    key: 'feedback',
    body: { items: [{ instance: [1, 2], label: 'red' }] },
  });
  expect(response.status).toBe(202);
  expect(edge.log.events()).toContain('queue-send-failed');
  expect(await collectInbox(store, 'no-queue', new Date(NOON))).toMatchObject({ objects: 1, events: 1 });
});

test('feedback that could not be stored is not accepted, and the answer gives nothing away', async () => {
  await createServedToy(store, 'no-storage');
  const faulty = createFaultyStore(store);
  faulty.fails = (operation) => operation === 'put';
  const edge = createEdge(faulty, wasmModule);
  const response = await edge.call('/v1/models/no-storage:feedback', {
    key: 'feedback',
    body: { items: [{ instance: [1, 2], label: 'red' }] },
    headers: { 'cf-ray': 'ray-1' },
  });
  expect([response.status, await errorOf(response)]).toEqual([
    500,
    'internal error; the log names its cause under request id ray-1',
  ]);
  const line = edge.log.lines.find(({ event }) => event === 'internal-error');
  expect(line?.facts['cause']).toContain('injected: put');
});
