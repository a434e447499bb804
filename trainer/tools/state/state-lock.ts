/**
 * One process owns a state folder. A lock file says which; what a killed owner left running is ended first.
 *
 * Our own, although libraries lock files: they tell a dead owner by a heartbeat it no longer sends, so that a start after
 * a kill waits for seconds, and a process that is only suspended loses the folder it has open. Here the owner is known by
 * its process id and start time (processes.ts), which has to be read anyway: the runtime that a killed owner left behind
 * holds port and state, and is found and ended by the same.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { err, ok, type Result } from '../../../shared/result.ts';
import { end, findProcess, isAlive, processSchema } from './processes.ts';

const lockSchema = z.object({
  owner: processSchema,
  /** The runtime that the owner started: it outlives an owner that is killed, with port and state in its hands. */
  runtimes: z.array(processSchema),
  url: z.string().nullable(),
});
type Lock = z.infer<typeof lockSchema>;

export interface StateLock {
  /** Records what the owner has started, so that whoever comes after a kill can end it. */
  update(facts: Pick<Lock, 'runtimes' | 'url'>): Promise<void>;
  /** Deletes everything in the folder: nobody else uses it now. */
  empty(): Promise<void>;
  release(): Promise<void>;
}

export const LOCK_FILE = 'holdfast.lock';

/**
 * Takes a state folder for this process, making it if need be.
 *
 * @returns the owner, when there is one alive
 */
export async function lockState(state: string): Promise<Result<StateLock, Lock>> {
  await mkdir(state, { recursive: true });
  const file = path.join(state, LOCK_FILE);
  const owner = await findProcess(process.pid);
  if (owner === null) throw new Error(`process ${process.pid} can't see itself`);
  const mine: Lock = { owner, runtimes: [], url: null };
  while (!(await create(file, mine))) {
    const present = await read(file);
    if (present !== null && (await isAlive(present.owner))) return err(present);
    for (const runtime of present?.runtimes ?? []) await end(runtime);
    // Another process may have taken it over meanwhile.
    if (same(await read(file), present)) await rm(file, { force: true });
  }
  return ok({
    update: (facts) => replace(file, { ...mine, ...facts }),
    empty: () => emptyExceptLock(state),
    release: () => rm(file, { force: true }),
  });
}

/** False when the file is there. */
async function create(file: string, lock: Lock): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(lock), { flag: 'wx' });
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    throw cause;
  }
}

async function replace(file: string, lock: Lock): Promise<void> {
  await writeFile(`${file}.next`, JSON.stringify(lock));
  await rename(`${file}.next`, file);
}

function same(a: Lock | null, b: Lock | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

async function emptyExceptLock(state: string): Promise<void> {
  const names = (await readdir(state)).filter((name) => name !== LOCK_FILE);
  for (const name of names) await rm(path.join(state, name), { recursive: true, force: true });
}

/** Null when it is gone, or cut off by a crash: nobody's. */
async function read(file: string): Promise<Lock | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
