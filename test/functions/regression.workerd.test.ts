/**
 * A model of a number at the edge.
 */
import { env } from 'cloudflare:test';
import { beforeAll, describe, expect, test } from 'vitest';
import { collectInbox } from '../../shared/events/inbox.ts';
import { createModel } from '../../shared/model/spec/load-spec.ts';
import { wasmModule } from '../../shared/model/run/wasm-worker.ts';
import { createR2Store } from '../../shared/registry/store/r2-store.ts';
import { publishVersion } from '../../shared/registry/versions/versions.ts';
import { rentSpec } from '../support/regression-model.ts';
import { createEdge, NOON, promoteToy, readEvents, rentFiles, toyFiles, toyManifest } from './support.ts';

const store = createR2Store(env.BUCKET);

async function serve(name: string): Promise<void> {
  const spec = rentSpec(name);
  await createModel(store, spec);
  const files = rentFiles();
  await publishVersion(store, toyManifest(spec, 1, files), files);
  await promoteToy(store, spec, 1);
}

describe(':predict', () => {
  beforeAll(() => serve('rents'));

  test('answers one number an instance, as TF Serving does for an output of shape [n, 1], and no labels', async () => {
    const answer = await createEdge(store, wasmModule).predict('rents', {
      instances: [
        [50, 10],
        [20.1, 0.5],
      ],
    });
    expect([answer.status, await answer.json()]).toEqual([200, { predictions: [[190], [139.7]] }]);
  });

  test('answers columns for columns', async () => {
    const answer = await createEdge(store, wasmModule).predict('rents', {
      inputs: { size: [50, 60], distance: [10, 10] },
    });
    expect(await answer.json()).toEqual({ outputs: [[190], [210]] });
  });

  test('a number that leaves float32 is answered as the token for it', async () => {
    const answer = await createEdge(store, wasmModule).predict('rents', { instances: [[3e38, -3e38]] });
    expect([answer.status, await answer.text()]).toEqual([200, '{"predictions":[[Infinity]]}']);
  });
});

test('what was predicted is logged as a number, and its target comes back as one', async () => {
  await serve('logged-rents');
  const edge = createEdge(store, wasmModule);
  const answer = await edge.predict('logged-rents', { instances: [[20.1, 0.5]] });
  const id = answer.headers.get('holdfast-prediction-id') as string;
  const feedback = await edge.call('/v1/models/logged-rents:feedback', {
    key: 'feedback',
    body: {
      items: [
        { prediction_id: id, label: 141.25 },
        { instance: [70, 3], label: -12 },
        { instance: [70, 3], label: 'x' },
        { instance: [70, 3], label: null },
        { prediction_id: id },
        { instance: [70, 3], label: 1e300 },
      ],
    },
  });
  expect([feedback.status, await feedback.json()]).toEqual([
    202,
    {
      accepted: 2,
      rejected: [
        { index: 2, error: 'items[2].label: expected a finite number, got "x"' },
        { index: 3, error: 'items[3].label: expected a finite number, got null' },
        { index: 4, error: 'items[4].label: expected a finite number, got nothing' },
        { index: 5, error: 'items[5].label: expected a number within ±3.4e38, got 1e+300' },
      ],
    },
  ]);
  await collectInbox(store, 'logged-rents', new Date(NOON));
  const events = await readEvents(store, 'logged-rents');
  expect(events).toContainEqual(expect.objectContaining({ kind: 'prediction', predicted: 139.7 }));
  expect(events).toContainEqual(expect.objectContaining({ kind: 'label', label: 141.25 }));
  expect(events).toContainEqual(expect.objectContaining({ kind: 'example', label: -12 }));
});

test('a head with as many outputs as a classification has is not served', async () => {
  const spec = rentSpec('wide-rents');
  await createModel(store, spec);
  const files = toyFiles(0);
  await publishVersion(store, toyManifest(spec, 1, files), files);
  await promoteToy(store, spec, 1);
  const edge = createEdge(store, wasmModule);
  expect((await edge.predict('wide-rents', { instances: [[1, 2]] })).status).toBe(503);
  expect(edge.log.lines.at(-1)?.facts['detail']).toContain(
    'expected a head from 2 numbers to 1, got one from 2 to 3',
  );
});
