/**
 * Where the `npm start` of a state folder answers: its lock file says it, whatever port it took.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_STATE } from '../state/paths.ts';
import { LOCK_FILE } from '../state/state-lock.ts';
import { isLoopback } from '../../node/loopback.ts';
import type { Environment } from './settings.ts';

/** @returns null where nobody runs there, or has not come up yet */
export function findLocalUrl(env: Environment): string | null {
  try {
    const lock: unknown = JSON.parse(
      readFileSync(join(env['HOLDFAST_STATE'] ?? DEFAULT_STATE, LOCK_FILE), 'utf8'),
    );
    const { url, owner } = lock as { readonly url?: unknown; readonly owner?: { readonly pid?: unknown } };
    const runs = typeof owner?.pid === 'number' && isRunning(owner.pid);
    return runs && typeof url === 'string' && isLoopback(url) ? url.replace(/\/+$/, '') : null;
  } catch {
    return null;
  }
}

/** Whoever was killed has left its lock behind. */
function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
