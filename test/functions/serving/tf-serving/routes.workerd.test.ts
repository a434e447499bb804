/**
 * TF Serving's API where the cases of other servers leave something out: the headers and labels that are ours, what is
 * logged, metadata, labels, contexts, and numbers that are not finite.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import type { LoggedPrediction } from '../../../../functions/collect/prediction-log.ts';
import { decoderModule } from '../../../../shared/model/images/decoders-worker.ts';
import { wasmModule } from '../../../../shared/model/run/wasm-worker.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { diagonal, greyImage, numbers, serveLinearModel, words } from '../conformance/linear-model.ts';
import { createEdge, type Edge } from '../../support.ts';

let edge: Edge;
const logged: LoggedPrediction[] = [];

beforeAll(async () => {
  const store = createMemoryStore();
  const pair = { input: numbers('x', 'y'), labels: ['left', 'right'], kernel: diagonal(2, 1) };
  await serveLinearModel(store, { name: 'pair', version: 3, ...pair });
  await serveLinearModel(store, { name: 'line', input: numbers('x'), labels: null, kernel: [2], bias: [1] });
  await serveLinearModel(store, { name: 'word', input: words(['no', 'yes'], 'said'), labels: ['a', 'b'] });
  await serveLinearModel(store, { name: 'grey', input: greyImage(2, 2), labels: ['a', 'b'] });
  const predictions = {
    add: (_model: string, added: readonly LoggedPrediction[]) => void logged.push(...added),
    settle: async () => {},
  };
  edge = createEdge(store, wasmModule, { predictions, decoders: decoderModule });
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  logged.length = 0;
  return edge.call(`/v1/models/${path}`, { key: 'predict', body, headers });
}

describe(':predict', () => {
  test('takes one tensor by name, by row and by column', async () => {
    const answers = [];
    for (const body of [
      { instances: [{ input: [1, 5] }] },
      { instances: [{ x: [1], y: 5 }] },
      { inputs: { input: [[1, 5]] } },
      { inputs: { x: [1], y: [[5]] } },
    ]) {
      const response = await post('pair:predict', body);
      answers.push([response.status, await response.text()]);
      expect(logged.map(({ raw }) => [...raw])).toEqual([[1, 5]]);
    }
    expect(answers).toEqual([
      [200, '{"predictions":[[1.0,5.0]],"labels":["right"]}'],
      [200, '{"predictions":[[1.0,5.0]],"labels":["right"]}'],
      [200, '{"outputs":[[1.0,5.0]],"labels":["right"]}'],
      [200, '{"outputs":[[1.0,5.0]],"labels":["right"]}'],
    ]);
  });

  test('refuses a column that the model does not read: it may be one that is misspelt', async () => {
    const response = await post('pair:predict', { inputs: { x: [1], y: [5], z: [1] } });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: 'inputs: there is no feature "z"' },
    ]);
  });

  test('of a regression answers a value for a value, and a row for a row', async () => {
    expect(await (await post('line:predict', { instances: [1, 2] })).text()).toBe(
      '{"predictions":[3.0,5.0]}',
    );
    expect(await (await post('line:predict', { instances: [[1], [2]] })).text()).toBe(
      '{"predictions":[[3.0],[5.0]]}',
    );
    expect(await (await post('line:predict', { instances: [{ x: 1 }] })).text()).toBe(
      '{"predictions":[[3.0]]}',
    );
  });

  test('computes with what is not finite, says so in bare tokens, and does not log it', async () => {
    const response = await post('pair:predict', '{"instances": [[NaN, 1], [1, 2]]}');
    expect(await response.text()).toBe('{"predictions":[[NaN,NaN],[1.0,2.0]],"labels":[null,"right"]}');
    expect(logged).toEqual([]);
    const id = response.headers.get('holdfast-prediction-id') ?? '';
    const feedback = await edge.call('/v1/models/pair:feedback', {
      key: 'feedback',
      body: { items: [{ prediction_id: id, label: 'left' }] },
    });
    expect(feedback.status).toBe(400);
    expect(await feedback.text()).toContain('was not logged');
  });

  test('takes the names of categories as text and as bytes', async () => {
    for (const instance of [
      'yes',
      ['yes'],
      { said: 'yes' },
      { b64: btoa('yes') },
      { said: { b64: btoa('yes') } },
    ]) {
      expect((await post('word:predict', { instances: [instance] })).status).toBe(200);
      expect(logged.map(({ raw }) => [...raw])).toEqual([[1]]);
    }
  });

  test('of instances in different forms is refused with the first that differs', async () => {
    const response = await post('pair:predict', { instances: [[1, 2], { x: 1, y: 2 }] });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: 'instances[1]: expected a list like the first, got an object' },
    ]);
  });

  test('carries version and prediction id in its headers', async () => {
    const response = await post('pair:predict', { instances: [[1, 2]] });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('holdfast-version')).toBe('3');
    expect(response.headers.get('holdfast-prediction-id')).toMatch(/^[\w-]{43}$/);
  });

  test.each([
    [{ instances: [{ b64: btoa('an image') }] }, 'instances[0]', {}],
    [{ instances: [{ input: { b64: btoa('an image') } }] }, 'instances[0]', {}],
    [{ inputs: { b64: btoa('an image') } }, 'inputs[0]', {}],
    [{ inputs: { input: { b64: btoa('an image') } } }, 'inputs.input[0]', {}],
    ['an image', 'body', { 'content-type': 'image/png' }],
  ])('of bytes that are no image, %j, says so', async (body, where, headers) => {
    const response = await post('grey:predict', body, headers);
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: `${where}: not a JPEG, PNG or WebP image` },
    ]);
  });
});

describe(':classify and :regress', () => {
  test('take features, ignore what the model does not read, and fill in from the context', async () => {
    const body = {
      context: { y: 5, day: 'Monday' },
      examples: [{ x: 1 }, { x: [2], y: [0.5], z: 'unread' }],
    };
    const response = await post('pair:classify', body);
    expect(await response.text()).toBe(
      '{"results":[[["left",1.0],["right",5.0]],[["left",2.0],["right",0.5]]]}',
    );
    expect(logged.map(({ raw, predicted }) => [...raw, predicted])).toEqual([
      [1, 5, 1],
      [2, 0.5, 0],
    ]);
    expect(response.headers.get('holdfast-version')).toBe('3');
  });

  test('take booleans as 1 and 0, and answer non-finite numbers as tokens', async () => {
    const response = await post('line:regress', '{"examples": [{"x": true}, {"x": -Infinity}]}');
    expect(await response.text()).toBe('{"results":[3.0,-Infinity]}');
  });

  test.each([
    [
      'line:classify',
      { examples: [{ x: 1 }] },
      'Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/regress',
    ],
    [
      'pair:regress',
      { examples: [{ x: 1, y: 1 }] },
      'Expected regression signature method_name to be tensorflow/serving/regress. Was: tensorflow/serving/classify',
    ],
    ['pair:classify', { examples: [{ x: 1 }] }, 'examples[0]: feature "y" is missing'],
    [
      'pair:classify',
      { examples: [{ x: [1, 2], y: 1 }] },
      'examples[0].x: expected a finite number, got an array of 2',
    ],
    ['pair:classify', { examples: [] }, 'examples: expected at least one value, got none'],
    ['pair:classify', { instances: [[1, 2]] }, "expected 'examples' to be a list"],
    [
      'grey:classify',
      { examples: [{ input: { b64: btoa('12345678') } }] },
      'examples[0].input: not a JPEG, PNG or WebP image',
    ],
  ])('%s of %j is refused with the reason', async (path, body, error) => {
    const response = await post(path, body);
    expect([response.status, await response.json()]).toEqual([400, { error }]);
  });
});

describe('versions and labels', () => {
  test('lead to the same model, by every verb', async () => {
    for (const target of ['pair', 'pair/versions/3', 'pair/labels/champion']) {
      expect((await post(`${target}:predict`, { instances: [[1, 2]] })).status).toBe(200);
      expect((await post(`${target}:classify`, { examples: [{ x: 1, y: 2 }] })).status).toBe(200);
      const status = await edge.call(`/v1/models/${target}`, { key: 'predict' });
      expect(await status.json()).toMatchObject({
        model_version_status: [{ version: '3', state: 'AVAILABLE' }],
      });
      const metadata = await edge.call(`/v1/models/${target}/metadata`, { key: 'predict' });
      expect(await metadata.json()).toMatchObject({ model_spec: { name: 'pair', version: '3' } });
    }
  });

  test.each([
    ['pair/versions/4', 404],
    ['pair/versions/0', 404],
    ['pair/versions/9223372036854775807', 404],
    ['pair/versions/9223372036854775808', 400],
    ['pair/labels/canary', 400],
    ['none', 404],
  ])('%s answers %d by every verb', async (target, status) => {
    const calls = [
      await post(`${target}:predict`, { instances: [[1, 2]] }),
      await edge.call(`/v1/models/${target}`, { key: 'predict' }),
      await edge.call(`/v1/models/${target}/metadata`, { key: 'predict' }),
    ];
    for (const response of calls) {
      expect([response.status, await response.json()]).toEqual([status, { error: expect.any(String) }]);
    }
  });
});

test('metadata describes the signatures in their doubly nested map', async () => {
  const response = await edge.call('/v1/models/pair/metadata', { key: 'predict' });
  const { metadata } = (await response.json()) as {
    metadata: { signature_def: { signature_def: Record<string, unknown> } };
  };
  expect(metadata.signature_def.signature_def).toMatchObject({
    serving_default: {
      inputs: {
        input: {
          dtype: 'DT_FLOAT',
          tensor_shape: {
            dim: [
              { size: '-1', name: '' },
              { size: '2', name: '' },
            ],
            unknown_rank: false,
          },
        },
      },
      outputs: { probabilities: { dtype: 'DT_FLOAT' } },
      method_name: 'tensorflow/serving/predict',
    },
    'tensorflow/serving/classify': {
      outputs: { classes: { dtype: 'DT_STRING' }, scores: { dtype: 'DT_FLOAT' } },
    },
  });
});

test('nothing is said to who has no key or the wrong one', async () => {
  for (const path of ['/v1/models/pair:predict', '/v1/models/pair:classify']) {
    const body = { instances: [[1, 2]] };
    expect((await edge.call(path, { key: null, body })).status).toBe(401);
    expect((await edge.call(path, { key: 'feedback', body })).status).toBe(403);
  }
  expect((await edge.call('/v1/models/pair/metadata', { key: null })).status).toBe(401);
});
