import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProcess, isAlive, type Process } from '../../../../trainer/tools/state/processes.ts';
import { lockState, type StateLock } from '../../../../trainer/tools/state/state-lock.ts';

let state: string;
const GONE: Process = { pid: 2 ** 22 + 1, startedAt: 'long ago' };

beforeEach(async () => {
  state = await mkdtemp(path.join(os.tmpdir(), 'holdfast-lock-'));
});

afterEach(() => rm(state, { recursive: true, force: true }));

async function take(): Promise<StateLock> {
  const lock = await lockState(state);
  if (!lock.ok) throw new Error('expected the lock, got its owner');
  return lock.value;
}

async function spawnSleeper(): Promise<Process> {
  const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const found = await findProcess(child.pid ?? 0);
  if (found === null) throw new Error('expected the sleeper to be there');
  return found;
}

function leaveLock(owner: Process, runtimes: readonly Process[]): Promise<void> {
  return writeFile(path.join(state, 'holdfast.lock'), JSON.stringify({ owner, runtimes, url: null }));
}

test('refuses a folder whose owner is alive, and says who that is', async () => {
  const lock = await take();
  await lock.update({ runtimes: [], url: 'http://127.0.0.1:1' });
  const second = await lockState(state);
  expect(second).toMatchObject({
    ok: false,
    error: { owner: { pid: process.pid }, url: 'http://127.0.0.1:1' },
  });
});

test('can be taken again once it is released', async () => {
  await (await take()).release();
  await take();
});

test('ends what a dead owner left running', async () => {
  const orphan = await spawnSleeper();
  await leaveLock(GONE, [orphan]);
  await take();
  expect(await isAlive(orphan)).toBe(false);
});

test('spares a process that was given the id of one that is gone', async () => {
  const innocent = await spawnSleeper();
  await leaveLock(GONE, [{ pid: innocent.pid, startedAt: 'at another time' }]);
  await take();
  expect(await isAlive(innocent)).toBe(true);
  process.kill(innocent.pid, 'SIGKILL');
});

test('takes over a lock file that a crash cut off', async () => {
  await writeFile(path.join(state, 'holdfast.lock'), '{"owner": {"pi');
  await take();
});

test('of many that want the folder at once exactly one gets it', async () => {
  const locks = await Promise.all(Array.from({ length: 8 }, () => lockState(state)));
  expect(locks.filter(({ ok }) => ok)).toHaveLength(1);
});

test('empties the folder without giving it up', async () => {
  const lock = await take();
  await writeFile(path.join(state, 'old'), 'x');
  await lock.empty();
  expect(await readdir(state)).toEqual(['holdfast.lock']);
});
