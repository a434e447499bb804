/**
 * Puts the guard (local-guard.ts) in front of Miniflare's own entry. Miniflare has no place for it: its entry answers
 * `/cdn-cgi/` before any Worker sees the request. The entry is a script that it reads from its package; for as long as it
 * starts, that script is read with the guard in it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { refuseLocal } from './local-guard.ts';

const ENTRY = path.join('workers', 'core', 'entry.worker.js');
const EXPORTED = 'entry_worker_default as default';

/**
 * Starts a runtime whose entry is guarded.
 *
 * @throws Error when the entry is another one than this version's, and so could not be guarded: nothing is served then
 */
export async function withGuardedEntry<T>(start: () => Promise<T>): Promise<T> {
  const read = fs.readFileSync;
  let isGuarded = false;
  const guarding = (...args: Parameters<typeof read>): ReturnType<typeof read> => {
    const content = read(...args);
    if (typeof content !== 'string' || !String(args[0]).endsWith(ENTRY)) return content;
    isGuarded = true;
    return guard(content);
  };
  fs.readFileSync = guarding as typeof read;
  try {
    const started = await start();
    if (!isGuarded && !everGuarded)
      throw new Error(`expected the local runtime to read ${ENTRY}, it did not`);
    everGuarded = true;
    return started;
  } finally {
    fs.readFileSync = read;
  }
}

/** Miniflare reads the script once a process. */
let everGuarded = false;

function guard(entry: string): string {
  if (!entry.includes(EXPORTED)) throw new Error(`expected ${ENTRY} to say ${EXPORTED}`);
  const guarded = `
const refuseLocal = ${refuseLocal.toString()};
const guarded_entry = {
  ...entry_worker_default,
  async fetch(request, env, context) {
    return refuseLocal(request) ?? entry_worker_default.fetch(request, env, context);
  },
};
`;
  const at = entry.lastIndexOf('export {');
  return `${entry.slice(0, at)}${guarded}${entry.slice(at).replace(EXPORTED, 'guarded_entry as default')}`;
}
