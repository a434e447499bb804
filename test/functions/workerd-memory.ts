/**
 * What the workerd process under this one takes at most, from outside of it. Linux only.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';

const KIBIBYTE = 1_024;

/** The peak of resident memory in bytes while `work` goes on, less what was resident before it; null elsewhere. */
export async function measurePeak(work: () => Promise<unknown>): Promise<number | null> {
  const pid = await findWorkerd();
  if (pid === null) {
    await work();
    return null;
  }
  // Begins the peak anew (proc(5)).
  await writeFile(`/proc/${pid}/clear_refs`, '5');
  const before = await readStatus(pid, 'VmRSS');
  await work();
  return (await readStatus(pid, 'VmHWM')) - before;
}

async function readStatus(pid: number, field: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * KIBIBYTE;
}

async function findWorkerd(): Promise<number | null> {
  const names = await readdir('/proc').catch(() => []);
  const parents = new Map<number, { name: string; parent: number }>();
  for (const name of names.filter((entry) => /^\d+$/.test(entry))) {
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const [, command = '', parent = ''] = /^\d+ \((.*)\) \S (\d+)/s.exec(stat) ?? [];
    parents.set(Number(name), { name: command, parent: Number(parent) });
  }
  const isBelow = (pid: number): boolean => {
    for (let at = parents.get(pid); at !== undefined; at = parents.get(at.parent)) {
      if (at.parent === process.pid) return true;
    }
    return false;
  };
  for (const [pid, { name }] of parents) if (name === 'workerd' && isBelow(pid)) return pid;
  return null;
}
