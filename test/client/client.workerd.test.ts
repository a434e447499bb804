/**
 * The client inside a Worker, in front of the edge itself: as over a service binding, `fetch` is what it is given.
 */
import { beforeAll, expect, test } from 'vitest';
import { createClient } from '../../client/client.ts';
import { wasmModule } from '../../shared/model/run/wasm-worker.ts';
import { createMemoryStore } from '../../shared/registry/store/memory-store.ts';
import { diagonal, numbers, serveLinearModel } from '../functions/serving/conformance/linear-model.ts';
import { createEdge, type Edge } from '../functions/support.ts';

let edge: Edge;

beforeAll(async () => {
  const store = createMemoryStore();
  const pair = { input: numbers('x', 'y'), labels: ['left', 'right'], kernel: diagonal(2, 1) };
  await serveLinearModel(store, { name: 'pair', ...pair });
  edge = createEdge(store, wasmModule);
});

function clientOf(scope: 'predict' | 'feedback', failures = 0) {
  let attempts = 0;
  return createClient({
    url: 'https://edge.example',
    key: `secret-${scope}`,
    async fetch(input, init) {
      if (attempts++ < failures) throw new TypeError('Network connection lost.');
      const request = new Request(input, init);
      const headers = Object.fromEntries(request.headers);
      const body = request.method === 'POST' ? new Uint8Array(await request.arrayBuffer()) : undefined;
      return edge.call(request.url, { method: request.method, key: null, headers, body });
    },
  });
}

test('predicts, sends bytes, teaches and tries again', async () => {
  const client = clientOf('predict', 1);
  const prediction = await client.predict('pair', [[1, 5]]);
  expect(prediction).toMatchObject({ predictions: [[1, 5]], labels: ['right'], version: 1 });
  const { outputs } = await client.infer('pair', { shape: [1, 2], data: Float32Array.of(4, 2) });
  expect(outputs['label']?.data).toEqual(['left']);
  const items = prediction.predictionIds.map((predictionId) => ({ predictionId, label: 'left' }));
  expect(await clientOf('feedback').feedback('pair', items)).toEqual({ accepted: 1, rejected: [] });
  expect((await client.status('pair'))[0]?.state).toBe('AVAILABLE');
});

test('gives up when it is told to', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(clientOf('predict', 1).predict('pair', [[1, 5]], { signal })).rejects.toThrow('enough');
});
