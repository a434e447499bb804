import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpTarget } from '../../../../trainer/tools/cli/http-target.ts';

const MOVE = {
  sequence: 2,
  action: 'promote',
  from: 1,
  to: 2,
  at: '2026-11-23T12:00:00.000Z',
  by: 'ann',
  reason: 'better',
  verdict: 'promote',
  forced: false,
  run: null,
};

/** Answers by path; records what came. */
const answers = new Map<string, { readonly status: number; readonly body: unknown }>();
const seen: { method: string; path: string; authorization: string | undefined; body: string }[] = [];
const server = createServer((request, response) => {
  void readBody(request).then((body) => {
    const path = request.url ?? '';
    seen.push({ method: request.method ?? '', path, authorization: request.headers.authorization, body });
    const { status, body: answer } = answers.get(path) ?? { status: 404, body: { detail: 'no such thing' } };
    response.writeHead(status).end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  });
});
let url: string;
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

const REPRODUCTION = {
  format: 'holdfast-reproduction/1',
  id: '20261120T050000000-1-0a1b2c',
  model: 'm',
  version: 1,
  recompute: false,
  trigger: 'api',
  by: 'a test',
  place: 'workerd',
  otherBinaries: [],
  status: 'running',
  startedAt: '2026-11-20T05:00:00.000Z',
  finishedAt: null,
  outcome: null,
  error: null,
};

describe('createHttpTarget', () => {
  it('sends the key and the request, and reads the move', async () => {
    answers.set('/api/models/m/promote', { status: 200, body: { move: MOVE } });
    const request = { reason: 'better', by: 'ann', expectedChampion: 1, force: false };
    expect(await createHttpTarget(url, 'secret').promote('m', 2, request)).toEqual({ ok: true, value: MOVE });
    expect(seen.at(-1)).toEqual({
      method: 'POST',
      path: '/api/models/m/promote',
      authorization: 'Bearer secret',
      body: JSON.stringify({ version: 2, ...request }),
    });
  });

  it('leaves out the version of a rollback that names none', async () => {
    answers.set('/api/models/m/rollback', { status: 200, body: { move: MOVE } });
    const request = { reason: 'bad', by: 'ann', expectedChampion: 2 };
    await createHttpTarget(url, 'secret').rollback('m', {
      ...request,
      to: null,
      untilBetter: false,
    });
    expect(JSON.parse(seen.at(-1)?.body ?? '')).toEqual({ ...request, untilBetter: false });
  });

  it('asks for a run although nothing is new only where that is wanted', async () => {
    answers.set('/api/models/m/runs', { status: 202, body: { run: 'r-1' } });
    const target = createHttpTarget(url, 'k');
    for (const [again, body] of [
      [true, { by: 'ann', again: true }],
      [false, { by: 'ann' }],
    ] as const) {
      expect(await target.startRun('m', 'ann', again)).toEqual({ ok: true, value: { run: 'r-1' } });
      expect(JSON.parse(seen.at(-1)?.body ?? '')).toEqual(body);
    }
  });

  it('reads labels that are kept apart, and decides about them', async () => {
    const apart = {
      format: 'holdfast-quarantine/1',
      fromMs: 1,
      toMs: 2,
      status: 'held',
      run: 'r',
      at: MOVE.at,
      reason: 'labels changed places',
      examples: 50,
      agreement: 0.1,
      usual: 0.9,
      renamings: [],
      sample: [],
      ended: null,
    };
    answers.set('/api/models/m/quarantines', { status: 200, body: { quarantines: [apart] } });
    const target = createHttpTarget(url, 'k');
    // Of an older Worker: what it does not say is what it was.
    const read = { ...apart, kind: 'renamed', scale: null, former: [] };
    expect(await target.quarantines('m')).toEqual({ ok: true, value: [read] });
    for (const [status, verb] of [
      ['released', 'release'],
      ['discarded', 'discard'],
    ] as const) {
      answers.set(`/api/models/m/quarantines/1-2/${verb}`, { status: 200, body: { quarantine: apart } });
      const ended = await target.endQuarantine('m', apart, { status, by: 'ann', reason: 'r' });
      expect(ended).toEqual({ ok: true, value: read });
      expect(seen.at(-1)).toMatchObject({ method: 'POST', body: JSON.stringify({ by: 'ann', reason: 'r' }) });
    }
  });

  it("gives the API's own word and sentence for a refusal, with what a race was lost to", async () => {
    const problem = { type: 'urn:holdfast:lost-race', status: 409, detail: 'lost to bob', lostTo: MOVE };
    answers.set('/api/models/lost/rollback', { status: 409, body: problem });
    const rollback = createHttpTarget(url, 'k').rollback('lost', {
      reason: 'r',
      by: 'b',
      expectedChampion: 2,
      to: 1,
      untilBetter: false,
    });
    expect(await rollback).toEqual({
      ok: false,
      error: { kind: 'lost-race', detail: 'lost to bob', lostTo: MOVE },
    });
  });

  it('says how to give a key where one is missing', async () => {
    answers.set('/api/models', {
      status: 401,
      body: { type: 'urn:holdfast:unauthenticated', detail: 'no key' },
    });
    expect(await createHttpTarget(url, null).listModels()).toMatchObject({
      error: { kind: 'unauthenticated', detail: 'no key (give --key, or set HOLDFAST_KEY)' },
    });
  });

  it.each([
    [
      'JSON of another shape',
      { moves: [{ sequence: 'one' }] },
      /answered something else .*\(moves\.0\.sequence: [^;]*\)$/,
    ],
    ['no JSON', '<html>', /answered something else/],
  ])('says in one sentence that it got %s', async (_, body, message) => {
    answers.set('/api/models/odd/history', { status: 200, body });
    expect(await createHttpTarget(url, 'k').history('odd')).toMatchObject({
      error: { kind: 'unexpected-answer', detail: expect.stringMatching(message) },
    });
  });

  it('starts a comparison, and reads how far it is and what came out', async () => {
    const request = { a: 2, b: 1, splits: 10, seed: 1, by: 'ann' };
    const target = createHttpTarget(url, 'k');
    answers.set('/api/models/m/compare', { status: 202, body: { comparison: 'c-1' } });
    expect(await target.startComparison('m', request)).toEqual({ ok: true, value: { comparison: 'c-1' } });
    expect(JSON.parse(seen.at(-1)?.body ?? '')).toEqual(request);
    const record = {
      format: 'holdfast-comparison-record/1',
      id: 'c-1',
      model: 'm',
      ...request,
      snapshot: 's',
      status: 'running',
      startedAt: '2026-11-20T03:00:00.000Z',
      finishedAt: null,
      summary: null,
      error: null,
    };
    const progress = { step: 'splits', at: '2026-11-20T03:00:10Z', fraction: 0.4, message: '4 of 10 splits' };
    answers.set('/api/models/m/comparisons/c-1', {
      status: 200,
      body: { ...record, progress, result: null },
    });
    expect(await target.comparison('m', 'c-1')).toEqual({
      ok: true,
      value: { record, progress, result: null },
    });
    answers.set('/api/models/m/comparisons/c-2', {
      status: 200,
      body: { ...record, progress, result: { splits: 'ten' } },
    });
    expect(await target.comparison('m', 'c-2')).toMatchObject({ error: { kind: 'unexpected-answer' } });
  });

  it('asks for a version to be trained again, and reads how far it is', async () => {
    const request = { recompute: true, resume: null, by: 'ann' };
    const target = createHttpTarget(url, 'k');
    answers.set('/api/models/m/versions/3/reproduce', { status: 202, body: { reproduction: 'r-1' } });
    expect(await target.reproduce('m', 3, request)).toEqual({ ok: true, value: { reproduction: 'r-1' } });
    expect(JSON.parse(seen.at(-1)?.body ?? '')).toEqual(request);
    const record = { ...REPRODUCTION, id: 'r-1', model: 'm', version: 3 };
    answers.set('/api/models/m/reproductions/r-1', { status: 200, body: { ...record, progress: null } });
    expect(await target.reproduction('m', 'r-1')).toEqual({ ok: true, value: { record, progress: null } });
    answers.set('/api/models/m/reproductions/r-2', { status: 200, body: { ...record, outcome: 'same' } });
    expect(await target.reproduction('m', 'r-2')).toMatchObject({ error: { kind: 'unexpected-answer' } });
  });

  it('passes on an error page by its status', async () => {
    answers.set('/api/models/down/history', { status: 502, body: '<html>bad gateway</html>' });
    expect(await createHttpTarget(url, 'k').history('down')).toMatchObject({
      error: { detail: `${url} answered with status 502` },
    });
  });

  it('asks whether npm start runs when nothing answers', async () => {
    expect(await createHttpTarget('http://127.0.0.1:2', 'k').listModels()).toMatchObject({
      error: {
        kind: 'unreachable',
        detail: 'http://127.0.0.1:2 does not answer (ECONNREFUSED): is npm start running?',
      },
    });
  });
});
