/**
 * The keys in the bucket, as people see them.
 */
import { z } from 'zod';
import { loadJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';

const recordSchema = z.object({
  format: z.literal('holdfast-key/1'),
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: z.string(),
  createdBy: z.string(),
});

export interface StoredKey {
  readonly name: string;
  readonly sha256: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly createdBy: string;
}

const AT_ONCE = 32;

/** By name. One that can't be read lets nobody in, and is shown as that. */
export async function listKeys(store: ObjectStore): Promise<StoredKey[]> {
  const found: StoredKey[] = [];
  const listed = await store.list(keys.apiKeys);
  for (let at = 0; at < listed.length; at += AT_ONCE) {
    const some = await Promise.all(listed.slice(at, at + AT_ONCE).map((key) => loadKey(store, key)));
    found.push(...some.filter((key) => key !== null));
  }
  return found.sort((a, b) => a.name.localeCompare(b.name, 'en') || a.sha256.localeCompare(b.sha256, 'en'));
}

/** Those of that name, or whose SHA-256 begins so (with 8 digits at least). */
export async function findKeys(store: ObjectStore, which: string): Promise<StoredKey[]> {
  const all = await listKeys(store);
  const named = all.filter(({ name }) => name === which);
  if (named.length > 0) return named;
  return /^[0-9a-f]{8,64}$/.test(which) ? all.filter(({ sha256 }) => sha256.startsWith(which)) : [];
}

async function loadKey(store: ObjectStore, key: string): Promise<StoredKey | null> {
  const sha256 = key.slice(keys.apiKeys.length).replace(/\.json$/, '');
  const loaded = await loadJson(store, key, recordSchema);
  if (loaded.ok) {
    const { name, scopes, createdAt, createdBy } = loaded.value.value;
    return { name, sha256, scopes, createdAt, createdBy };
  }
  if (loaded.error.kind === 'missing') return null;
  return { name: '(unreadable)', sha256, scopes: [], createdAt: '', createdBy: '' };
}
