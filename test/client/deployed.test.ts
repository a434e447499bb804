/**
 * The client and the deployed Worker: over sockets, from Node and from a page in a browser.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestHarness, type TestHarness } from 'wrangler';
import { type Client, createClient, HoldfastError } from '../../client/client.ts';
import { joinEvents } from '../../trainer/pipeline/data/history/join.ts';
import type { Event } from '../../shared/events/schema.ts';
import { createR2Store } from '../../shared/registry/store/r2-store.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import {
  diagonal,
  greyImage,
  numbers,
  serveLinearModel,
  words,
} from '../functions/serving/conformance/linear-model.ts';
import { readEvents } from '../functions/support.ts';
import { BROWSER, type Page, servePage } from './page.ts';

process.env['CLOUDFLARE_CF_FETCH_ENABLED'] = 'false';

let server: TestHarness;
let url: string;
let store: ObjectStore;
let page: Page;
let client: Client;
let teacher: Client;

beforeAll(async () => {
  page = await servePage();
  const vars = { HOLDFAST_LOCAL_KEYS: 'on', HOLDFAST_CORS_ORIGINS: page.origin };
  server = createTestHarness({
    workers: [{ configPath: 'wrangler.toml', vars }, { configPath: 'trainer/wrangler.toml' }],
  });
  ({ href: url } = (await server.listen()).url);
  const env = await server.getWorker<{ BUCKET: Parameters<typeof createR2Store>[0] }>().getEnv();
  store = createR2Store(env.BUCKET);
  const labels = ['left', 'right'];
  await serveLinearModel(store, { name: 'pair', input: numbers('x', 'y'), labels, kernel: diagonal(2, 1) });
  await serveLinearModel(store, { name: 'taught', input: numbers('x', 'y'), labels, kernel: diagonal(2, 1) });
  await serveLinearModel(store, { name: 'line', input: numbers('x'), labels: null, kernel: [2], bias: [1] });
  await serveLinearModel(store, {
    name: 'word',
    input: words(['no', 'yes'], 'said'),
    labels,
    kernel: diagonal(2, 1),
  });
  await serveLinearModel(store, { name: 'grey', input: greyImage(1, 2), labels, kernel: diagonal(2, 1) });
  client = createClient({ url, key: 'local-predict' });
  teacher = createClient({ url, key: 'local-feedback' });
});
afterAll(async () => {
  await server.close();
  await page.close();
});

describe('from Node', () => {
  test('predicts rows, bare values and pixels', async () => {
    const rows = [
      [1, 5],
      [4, 2],
    ];
    const named = [
      { x: 1, y: 5 },
      { x: 4, y: 2 },
    ];
    for (const instances of [rows, named, rows.map((row) => Float32Array.from(row))]) {
      const { predictions, labels, version } = await client.predict('pair', instances);
      expect({ predictions, labels, version }).toEqual({
        predictions: rows,
        labels: ['right', 'left'],
        version: 1,
      });
    }
    expect(await client.predict('line', [1, 2], { version: 1 })).toMatchObject({
      predictions: [3, 5],
      labels: [],
    });
    expect((await client.predict('grey', [Float32Array.of(3, 9)])).labels).toEqual(['right']);
    const notFinite = await client.infer('pair', { shape: [1, 2], data: Float32Array.of(NaN, 1) });
    expect(notFinite.outputs['probabilities']?.data).toEqual(Float32Array.of(NaN, NaN));
  });

  test('classifies and regresses examples', async () => {
    expect((await client.classify('pair', [{ x: 1, y: 5 }], { label: 'champion' })).results).toEqual([
      [
        ['left', 1],
        ['right', 5],
      ],
    ]);
    expect((await client.regress('line', [{ x: 4 }])).results).toEqual([9]);
  });

  test('sends and takes tensors as bytes', async () => {
    for (const data of [
      Float32Array.of(1, 5, 4, 2),
      Float64Array.of(1, 5, 4, 2),
      Int32Array.of(1, 5, 4, 2),
    ]) {
      const { outputs, version } = await client.infer('pair', { shape: [2, 2], data });
      expect(outputs).toEqual({
        probabilities: { shape: [2, 2], data: Float32Array.of(1, 5, 4, 2) },
        label: { shape: [2], data: ['right', 'left'] },
      });
      expect(version).toBe(1);
    }
    const columns = {
      x: { shape: [1], data: Float32Array.of(1) },
      y: { shape: [1, 1], data: Uint8Array.of(5) },
    };
    expect((await client.infer('pair', columns)).outputs['label']?.data).toEqual(['right']);
    const said = { shape: [2], data: ['yes', 'no'] };
    expect((await client.infer('word', { said })).outputs['label']?.data).toEqual(['right', 'left']);
  });

  test('shows status and metadata', async () => {
    expect(await client.status('pair')).toMatchObject([{ version: '1', state: 'AVAILABLE' }]);
    expect(await client.metadata('pair', { version: 1 })).toMatchObject({
      name: 'pair',
      inputs: [{ name: 'input' }],
    });
  });

  test('says what went wrong', async () => {
    const failure = client.predict('pair', [[1]]);
    await expect(failure).rejects.toBeInstanceOf(HoldfastError);
    await expect(failure).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('instances[0]'),
    });
    await expect(client.predict('none', [[1]])).rejects.toMatchObject({ status: 404 });
    await expect(client.feedback('pair', [])).rejects.toMatchObject({ status: 403 });
  });

  test('image bytes arrive as bytes', async () => {
    const bytes = Uint8Array.of(0x89, 0x50, 0x4e, 0x47);
    for (const image of [bytes, new Blob([bytes])]) {
      await expect(client.predict('grey', [image])).rejects.toMatchObject({ status: 400 });
      await expect(client.predict('grey', [image])).rejects.not.toThrow('expected an array');
    }
  });

  test('feedback whose answer was lost is repeated, and counts once', async () => {
    const prediction = await client.predict('taught', [
      [1, 2],
      [3, 4],
    ]);
    let lost = 0;
    const lossy = createClient({
      url,
      key: 'local-feedback',
      async fetch(input, init) {
        const answer = await fetch(input, init);
        if (lost++ > 1) return answer;
        await answer.arrayBuffer();
        throw new TypeError('the answer was lost');
      },
    });
    const answer = await lossy.feedback('taught', [
      ...prediction.predictionIds.map((predictionId) => ({ predictionId, label: 'left' })),
      { instance: [5, 6], label: 'right', id: 'order-1' },
      { instance: [7, 8], label: 'right' },
      { instance: [7, 8], label: 'neither' },
    ]);
    expect(answer).toEqual({
      accepted: 4,
      rejected: [{ index: 4, error: expect.stringContaining('items[4].label') }],
    });
    expect(lost).toBe(3);
    const events = await eventsOf('taught', 2 + 3 * 4);
    expect(events.length).toBe(2 + 3 * 4);
    const { examples, unmatchedLabels } = joinEvents(events);
    expect(examples.map(({ label }) => label).sort((a, b) => a - b)).toEqual([0, 0, 1, 1]);
    expect(unmatchedLabels).toBe(0);
  });

  test('feedback that is refused as a whole says why, item by item', async () => {
    const answer = await teacher.feedback('pair', [{ predictionId: 'forged', label: 'left' }]);
    expect(answer).toEqual({
      accepted: 0,
      rejected: [{ index: 0, error: expect.stringContaining('items[0]') }],
    });
  });
});

/** Events come through the queue, so a moment later. */
async function eventsOf(model: string, expected: number): Promise<Event[]> {
  for (let tries = 0; ; tries++) {
    const events = await readEvents(store, model);
    if (events.length >= expected || tries === 150) return events;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('the package offers it to whoever installs it', async () => {
  const script = `
    import { createClient } from 'holdfast/client';
    const { labels } = await createClient({ url: '${url}', key: 'local-predict' }).predict('pair', [[1, 5]]);
    console.log(labels[0]);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect(stdout).toBe('right\n');
});

test.skipIf(BROWSER === null)(
  `a page in a browser predicts, sends bytes and teaches${BROWSER === null ? ' (skipped: no Chromium here)' : ''}`,
  async () => {
    const found = await page.open(
      BROWSER ?? '',
      `import { createClient } from '/client.js';
       const found = {};
       try {
         const client = createClient({ url: '${url}', key: 'local-predict' });
         const prediction = await client.predict('pair', [[1, 5]]);
         found.prediction = { labels: prediction.labels, version: prediction.version };
         const { outputs } = await client.infer('pair', { shape: [1, 2], data: Float32Array.of(4, 2) });
         found.outputs = { label: outputs.label.data, probabilities: [...outputs.probabilities.data] };
         const teacher = createClient({ url: '${url}', key: 'local-feedback' });
         found.feedback = await teacher.feedback('pair', [{ predictionId: prediction.predictionIds[0], label: 'left' }]);
         found.failure = await client.predict('none', [[1]]).catch(({ name, status }) => ({ name, status }));
       } catch (cause) {
         found.cause = String(cause.stack);
       }
       await fetch('/found', { method: 'POST', body: JSON.stringify(found) });`,
    );
    expect(found).toEqual({
      prediction: { labels: ['right'], version: 1 },
      outputs: { label: ['left'], probabilities: [4, 2] },
      feedback: { accepted: 1, rejected: [] },
      failure: { name: 'HoldfastError', status: 404 },
    });
  },
);
