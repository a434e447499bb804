/**
 * The local process as a person meets it: started, stopped, killed, started twice.
 */
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { openStore } from '../../../../trainer/tools/local/local.ts';
import { isAlive, processSchema } from '../../../../trainer/tools/state/processes.ts';
import { type Child, freePort, startChild } from '../local/child.ts';

const READY = 'Holdfast is ready on';
const lockSchema = z.object({ runtimes: z.array(processSchema) });

let folder: string;
let state: string;
let port: number;
const children: Child[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'holdfast-local-'));
  state = path.join(folder, 'state');
  port = await freePort();
});

afterAll(async () => {
  for (const child of children) child.process.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

function start(...args: string[]): Child {
  const child = startChild('--port', String(port), '--state', state, ...args);
  children.push(child);
  return child;
}

async function runtimesOf(stateFolder: string) {
  const text = await readFile(path.join(stateFolder, 'holdfast.lock'), 'utf8');
  return lockSchema.parse(JSON.parse(text)).runtimes;
}

async function portIsFree(): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const free = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ]);
  server.close();
  return free;
}

describe('npm start', () => {
  test('says what is wrong with its options, and how they are written', async () => {
    const child = startChild('--prot', '8787');
    expect(await child.ends()).toBe(2);
    expect(child.output()).toContain("Unknown option '--prot'");
    expect(child.output()).toContain('--port <number>');
  });

  test('serves, refuses strangers, and stops at Ctrl-C without a trace', async () => {
    const child = start('--no-demo');
    await child.prints(READY);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/api/models`)).status).toBe(401);
    const runtimes = await runtimesOf(state);
    expect(runtimes).toHaveLength(1);
    expect(await child.stop('SIGINT')).toBe(0);
    expect(await Promise.all(runtimes.map(isAlive))).toEqual([false]);
    expect(await portIsFree()).toBe(true);
  });

  test('says where it runs already when it is started twice on one state folder', async () => {
    const first = start('--no-demo');
    await first.prints(READY);
    const second = startChild('--port', '0', '--state', state, '--no-demo');
    expect(await second.ends()).toBe(1);
    expect(second.output()).toContain(`Holdfast runs on http://127.0.0.1:${port} with the state in ${state}`);
    expect(await first.stop('SIGTERM')).toBe(0);
  });

  test('names --port when another program has the port, and leaves the state folder free', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    const child = start('--no-demo');
    expect(await child.ends()).toBe(1);
    expect(child.output()).toContain(`Port ${port} is in use by another program`);
    expect(child.output()).toContain(`--port ${port + 1}`);
    await expect(readFile(path.join(state, 'holdfast.lock'))).rejects.toThrow('ENOENT');
    other.close();
    await once(other, 'close');
  });

  test('ends the runtime that a kill -9 left behind, and starts on the same port', async () => {
    const killed = start('--no-demo');
    await killed.prints(READY);
    const orphans = await runtimesOf(state);
    expect(await killed.stop('SIGKILL')).toBe('SIGKILL');
    const child = start('--no-demo');
    await child.prints(READY);
    expect(await Promise.all(orphans.map(isAlive))).toEqual([false]);
    expect(await child.stop('SIGINT')).toBe(0);
    expect(await portIsFree()).toBe(true);
  });
});

describe('the first start', () => {
  test('is completed by the next one when it is killed in the middle of training, doing nothing twice', async () => {
    const killed = start();
    await killed.prints('training version 1');
    await killed.stop('SIGKILL');
    const child = start();
    await child.prints(READY);
    expect(child.output()).toContain('Going on with the interrupted run digits');
    const headers = { authorization: 'Bearer local-operate' };
    const answer = await fetch(`http://127.0.0.1:${port}/api/models/digits/runs`, { headers });
    const { runs } = z
      .object({
        runs: z.array(z.object({ status: z.string(), steps: z.array(z.object({ name: z.string() })) })),
      })
      .parse(await answer.json());
    expect(runs).toHaveLength(1);
    expect(runs[0]?.status).toBe('complete');
    const names = runs[0]?.steps.map(({ name }) => name) ?? [];
    expect(new Set(names).size).toBe(names.length);
    expect(await child.stop('SIGINT')).toBe(0);
  });

  test('leaves a model that the next start serves at once, with lines to copy that work', async () => {
    const startedMs = Date.now();
    const child = start();
    await child.prints(READY);
    expect(Date.now() - startedMs).toBeLessThan(15_000);
    expect(child.output()).not.toContain('Made the demo model');
    const id = /"prediction_id": "([\w-]+)"/.exec(child.output())?.[1];
    const feedback = await fetch(`http://127.0.0.1:${port}/v1/models/digits:feedback`, {
      method: 'POST',
      headers: { authorization: 'Bearer local-feedback' },
      body: JSON.stringify({ items: [{ prediction_id: id, label: '7' }] }),
    });
    expect(feedback.status).toBe(202);
    const night = await fetch(`http://127.0.0.1:${port}/v1/models/digits:feedback`, {
      method: 'POST',
      headers: { authorization: 'Bearer local-feedback' },
      body: await readFile(path.join(state, 'labelled-digits.json'), 'utf8'),
    });
    expect(await night.json()).toEqual({ accepted: 500, rejected: [] });
    const predicted = await fetch(`http://127.0.0.1:${port}/v1/models/digits:predict`, {
      method: 'POST',
      headers: { authorization: 'Bearer local-predict' },
      body: await readFile(path.join(state, 'sample-digit.json'), 'utf8'),
    });
    expect(predicted.headers.get('holdfast-version')).toBe('1');
    expect(await predicted.json()).toMatchObject({ labels: ['7'] });
    expect(await child.stop('SIGINT')).toBe(0);
  });
});

describe('a start with a damaged champion', () => {
  test('says what is wrong and stays, so that an earlier version can be put back', async () => {
    const healthy = start();
    await healthy.prints(READY);
    const store = openStore(`http://127.0.0.1:${port}`);
    const plan = keys.versionFile('digits', 1, 'edge.bin');
    const whole = await store.get(plan);
    await store.put(plan, new Uint8Array(7));
    await healthy.stop('SIGINT');

    const child = start();
    await child.prints('digits does not answer');
    await child.prints('rollback <model>');
    const headers = { authorization: 'Bearer local-operate' };
    const answer = await fetch(`http://127.0.0.1:${port}/api/models/digits`, { headers });
    expect(await answer.json()).toMatchObject({ champion: { to: 1 }, versions: [1] });
    if (whole !== null) await store.put(plan, whole.bytes);
    expect(await child.stop('SIGINT')).toBe(0);
  });
});
