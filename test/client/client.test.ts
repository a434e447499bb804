/**
 * What the client sends, what it makes of answers, and when it tries again: against a fetch that is told what to say.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Client, type ClientOptions, createClient, HoldfastError } from '../../client/client.ts';

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
  readonly atMs: number;
}

type Say = Response | Error | (() => Promise<Response>);

const HEADERS = { 'Holdfast-Version': '3', 'Holdfast-Prediction-Id': 'abc' };

function predicted(body = '{"predictions":[[0.25,0.75]],"labels":["b"]}'): Response {
  return new Response(body, { headers: HEADERS });
}

function refused(status: number, headers: Record<string, string> = {}): Response {
  return Response.json({ error: 'not now' }, { status, headers });
}

/** A client whose requests are answered by these, in order. */
function clientOf(
  says: readonly Say[],
  options: Partial<ClientOptions> = {},
): { client: Client; sent: Sent[] } {
  const sent: Sent[] = [];
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const { url, method, headers } = request;
    sent.push({ url, method, headers, body: await request.text(), atMs: Date.now() });
    const said = says[sent.length - 1];
    if (said === undefined) throw new Error('the test did not expect another request');
    if (said instanceof Error) throw said;
    return said instanceof Response ? said : said();
  };
  return { client: createClient({ url: 'https://edge.example/', key: 'k', fetch, ...options }), sent };
}

async function failureOf(call: Promise<unknown>): Promise<HoldfastError> {
  const failure: unknown = await call.catch((cause: unknown) => cause);
  if (failure instanceof HoldfastError) return failure;
  throw new Error(`expected a HoldfastError, got ${String(failure)}`);
}

describe('calls', () => {
  test('a prediction says version, labels and an id for each instance', async () => {
    const { client, sent } = clientOf([
      predicted('{"predictions":[[0.5,0.5],[NaN,-Infinity]],"labels":["a",null]}'),
    ]);
    expect(await client.predict('m', [[1, 2], { x: 1, y: 'NaN' }])).toEqual({
      predictions: [
        [0.5, 0.5],
        [NaN, -Infinity],
      ],
      labels: ['a', null],
      version: 3,
      predictionId: 'abc',
      predictionIds: ['abc.0', 'abc.1'],
    });
    const [request] = sent;
    expect(request?.url).toBe('https://edge.example/v1/models/m:predict');
    expect(request?.headers.get('authorization')).toBe('Bearer k');
    expect(request?.body).toBe('{"instances":[[1,2],{"x":1,"y":"NaN"}]}');
  });

  test('bare tokens within a label stay text', async () => {
    const labels = ['NaN', 'say "Infinity" \\', null];
    const body = `{"predictions":[[NaN]],"labels":${JSON.stringify(labels)}}`;
    expect(await clientOf([predicted(body)]).client.predict('m', [[1]])).toMatchObject({ labels });
  });

  test('a version, the label and names that need encoding are part of the path', async () => {
    const { client, sent } = clientOf([predicted(), predicted(), predicted('{"results":[1.5]}')]);
    await client.predict('a/b', [[1]], { version: 7 });
    await client.predict('m', [[1]], { label: 'champion' });
    expect((await client.regress('m', [{ x: 1 }])).results).toEqual([1.5]);
    expect(sent.map(({ url }) => new URL(url).pathname)).toEqual([
      '/v1/models/a%2Fb/versions/7:predict',
      '/v1/models/m/labels/champion:predict',
      '/v1/models/m:regress',
    ]);
  });

  test('images go as base64, typed arrays as lists, by themselves and by name', async () => {
    const { client, sent } = clientOf([predicted()]);
    const bytes = Uint8Array.of(255, 216, 255);
    const large = new Uint8Array(100_000).fill(7);
    await client.predict('m', [
      bytes,
      new Blob([bytes]),
      bytes.buffer,
      { image: bytes, x: 1 },
      Float32Array.of(0.5, 2),
      large,
    ]);
    const { instances } = JSON.parse(sent[0]?.body ?? '') as { instances: unknown[] };
    const b64 = '/9j/';
    expect(instances.slice(0, 5)).toEqual([{ b64 }, { b64 }, { b64 }, { image: { b64 }, x: 1 }, [0.5, 2]]);
    expect(instances[5]).toEqual({ b64: Buffer.from(large).toString('base64') });
  });

  test('feedback names predictions and examples as the protocol does', async () => {
    const { client, sent } = clientOf([Response.json({ accepted: 2, rejected: [] }, { status: 202 })]);
    await client.feedback('m', [
      { predictionId: 'abc.1', label: 'a', flip: true },
      { instance: Float32Array.of(1, 2), label: 3, id: 'i', group: 'g', timestamp: new Date(0) },
    ]);
    expect(JSON.parse(sent[0]?.body ?? '')).toEqual({
      items: [
        { prediction_id: 'abc.1', label: 'a', flip: true },
        { instance: [1, 2], label: 3, id: 'i', group: 'g', timestamp: '1970-01-01T00:00:00.000Z' },
      ],
    });
  });

  test('items that are refused are an answer, also when all of them are; a body that is none is an error', async () => {
    const rejected = [{ index: 0, error: 'items[0]: no' }];
    const none = Response.json({ error: 'none', accepted: 0, rejected }, { status: 400 });
    const { client } = clientOf([none, Response.json({ error: 'expected {"items"}' }, { status: 400 })]);
    expect(await client.feedback('m', [{ predictionId: 'x', label: 'a' }])).toEqual({
      accepted: 0,
      rejected,
    });
    const failure = await failureOf(client.feedback('m', []));
    expect([failure.status, failure.message]).toEqual([400, '400: expected {"items"}']);
  });

  test('an answer without the headers of a prediction is an error', async () => {
    const failure = await failureOf(
      clientOf([Response.json({ predictions: [[1]] })]).client.predict('m', [[1]]),
    );
    expect(failure.message).toContain('Holdfast-Version');
  });
});

describe('errors', () => {
  test.each([
    [
      Response.json({ error: 'internal' }, { status: 500, headers: { 'Holdfast-Request-Id': 'r1' } }),
      'internal',
      'r1',
    ],
    [Response.json({ title: 't', detail: 'no scope' }, { status: 403 }), 'no scope', null],
    [new Response('<h1>Bad</h1>', { status: 520, headers: { 'cf-ray': 'r2' } }), '<h1>Bad</h1>', 'r2'],
    [new Response('', { status: 404 }), 'no message', null],
  ])(
    'say status, message and request id, and are not tried again (%#)',
    async (response, message, requestId) => {
      const { client, sent } = clientOf([response]);
      const failure = await failureOf(client.predict('m', [[1]]));
      expect(failure).toMatchObject({
        name: 'HoldfastError',
        message: `${response.status}: ${message}`,
        status: response.status,
        requestId,
      });
      expect(sent.length).toBe(1);
    },
  );
});

describe('attempts', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  /** What a call comes to while the clock runs as far as it must. */
  async function settle<T>(call: Promise<T>): Promise<PromiseSettledResult<T>> {
    const settled = Promise.allSettled([call]);
    await vi.runAllTimersAsync();
    return (await settled)[0];
  }

  const pauses = (sent: readonly Sent[]): number[] =>
    sent.slice(1).map(({ atMs }, i) => atMs - (sent[i]?.atMs ?? 0));

  test.each([429, 502, 503, 504])('%i is tried again, with pauses that double', async (status) => {
    const { client, sent } = clientOf([refused(status), refused(status), refused(status), predicted()]);
    expect(await settle(client.predict('m', [[1]]))).toMatchObject({
      status: 'fulfilled',
      value: { version: 3 },
    });
    expect(pauses(sent)).toEqual([100, 200, 400]);
  });

  test('so is a connection that fails, or ends within the body', async () => {
    const cut = new Response(
      new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) }),
      { headers: HEADERS },
    );
    const { client, sent } = clientOf([new TypeError('fetch failed'), cut, predicted()]);
    expect((await settle(client.predict('m', [[1]]))).status).toBe('fulfilled');
    expect(sent.length).toBe(3);
  });

  test('Retry-After, in seconds or as a date, comes before the pause', async () => {
    vi.setSystemTime('2026-11-20T12:00:00Z');
    const { client, sent } = clientOf([
      refused(429, { 'Retry-After': '10' }),
      refused(503, { 'Retry-After': 'Fri, 20 Nov 2026 12:00:15 GMT' }),
      refused(503, { 'Retry-After': 'soon' }),
      predicted(),
    ]);
    await settle(client.predict('m', [[1]]));
    expect(pauses(sent)).toEqual([10_100, 5_100, 400]);
  });

  test('the last answer is thrown when there are no attempts left, or the pause would outlast the time', async () => {
    const spent = clientOf(
      Array.from({ length: 3 }, () => refused(503)),
      { retries: 2 },
    );
    expect(await settle(spent.client.predict('m', [[1]]))).toMatchObject({ reason: { status: 503 } });
    expect(spent.sent.length).toBe(3);
    const late = clientOf([refused(429, { 'Retry-After': '60' })]);
    expect(await settle(late.client.predict('m', [[1]]))).toMatchObject({ reason: { status: 429 } });
    expect(late.sent.length).toBe(1);
  });

  test('feedback is repeated in the same words, and tells the server how long is left', async () => {
    const done = Response.json({ accepted: 1, rejected: [] }, { status: 202 });
    const { client, sent } = clientOf([new TypeError('lost'), done], { timeoutMs: 5_000 });
    await settle(client.feedback('m', [{ instance: [1], label: 'a', id: 'i' }]));
    expect(sent[1]?.body).toBe(sent[0]?.body);
    expect(sent.map(({ headers }) => headers.get('holdfast-timeout-ms'))).toEqual(['5000', '4900']);
  });

  test('pauses are different for different clients', async () => {
    vi.mocked(Math.random).mockReturnValueOnce(0).mockReturnValueOnce(0.999);
    const { client, sent } = clientOf([refused(503), refused(503), predicted()]);
    await settle(client.predict('m', [[1]]));
    expect(pauses(sent)).toEqual([0, 399]);
  });
});

describe('time and giving up', () => {
  /** Never answers, and ends when it is told to, as fetch does. */
  const silent = async (_: string | URL | Request, init?: RequestInit): Promise<Response> =>
    new Promise((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error));
    });

  test('a call ends when its time is over', async () => {
    const client = createClient({ url: 'https://edge.example', fetch: silent, timeoutMs: 30 });
    const startedMs = Date.now();
    const failure = await failureOf(client.status('m'));
    expect([failure.status, failure.message]).toEqual([null, `no answer within the call's time`]);
    expect(Date.now() - startedMs).toBeLessThan(2_000);
  });

  test('an aborted call throws what it was aborted with, while it waits for an answer and in a pause', async () => {
    const waiting = createClient({ url: 'https://edge.example', fetch: silent });
    const pausing = clientOf([refused(503, { 'Retry-After': '20' })]).client;
    for (const client of [waiting, pausing]) {
      const reason = new Error('the user left');
      const abort = new AbortController();
      setTimeout(() => abort.abort(reason), 20);
      await expect(client.predict('m', [[1]], { signal: abort.signal })).rejects.toBe(reason);
    }
  });
});
