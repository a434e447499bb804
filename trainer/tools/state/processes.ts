/**
 * Processes, told apart for certain: a process id is given out again, a process id with its start time is not.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';

export const processSchema = z.object({ pid: z.int().min(1), startedAt: z.string() });
export type Process = z.infer<typeof processSchema>;

const execute = promisify(execFile);

interface Status {
  readonly parent: number;
  readonly name: string;
  readonly startedAt: string;
}

/** The process that has this id now, or null. */
export async function findProcess(pid: number): Promise<Process | null> {
  const status = await statusOf(pid);
  return status === null ? null : { pid, startedAt: status.startedAt };
}

/** Whether that very process still runs. */
export async function isAlive({ pid, startedAt }: Process): Promise<boolean> {
  return (await statusOf(pid))?.startedAt === startedAt;
}

/** Children of this process with a name. */
export async function childrenNamed(name: string): Promise<Process[]> {
  const found: Process[] = [];
  for (const pid of await allProcessIds()) {
    const status = await statusOf(pid);
    if (status?.parent === process.pid && status.name === name)
      found.push({ pid, startedAt: status.startedAt });
  }
  return found;
}

const END_TIMEOUT_MS = 5_000;

/** Ends a process at once, and waits until it is gone. */
export async function end(target: Process): Promise<void> {
  if (!(await isAlive(target))) return;
  process.kill(target.pid, 'SIGKILL');
  const deadline = Date.now() + END_TIMEOUT_MS;
  while ((await isAlive(target)) && Date.now() < deadline) await pause(20);
}

/** Resolves after so many milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const readStatus = process.platform === 'linux' ? readProcStatus : readPsStatus;

async function statusOf(pid: number): Promise<Status | null> {
  try {
    return await readStatus(pid);
  } catch {
    return null;
  }
}

/** proc(5): `pid (name) state ppid …`, the start time is field 22. The name may hold spaces and brackets. */
async function readProcStatus(pid: number): Promise<Status | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const nameEnd = text.lastIndexOf(')');
  const fields = text.slice(nameEnd + 2).split(' ');
  const [state, parent, startedAt] = [fields[0], fields[1], fields[19]];
  if (state === 'Z' || startedAt === undefined) return null;
  return { parent: Number(parent), name: text.slice(text.indexOf('(') + 1, nameEnd), startedAt };
}

async function readPsStatus(pid: number): Promise<Status | null> {
  const { stdout } = await execute('ps', ['-o', 'ppid=,lstart=,comm=', '-p', String(pid)]);
  // lstart is five words: Mon Nov 23 14:35:00 2026
  const words = stdout.trim().split(/\s+/);
  const command = words.slice(6).join(' ');
  return {
    parent: Number(words[0]),
    name: command.slice(command.lastIndexOf('/') + 1),
    startedAt: words.slice(1, 6).join(' '),
  };
}

async function allProcessIds(): Promise<number[]> {
  if (process.platform === 'linux') {
    return (await readdir('/proc')).map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
  }
  const { stdout } = await execute('ps', ['-axo', 'pid=']);
  return stdout.trim().split(/\s+/).map(Number);
}
