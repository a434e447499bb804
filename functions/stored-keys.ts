/**
 * Keys that lie in the bucket, one object each, named by the SHA-256 of the bearer token: a secret of the platform holds
 * some forty of them, the bucket any number. An isolate reads a key when it is first used and again a minute later, so
 * one that was revoked is refused within that time everywhere.
 */
import { fields, findProblem, list, oneOf, text } from '../shared/checks.ts';
import { loadChecked } from '../shared/registry/store/json.ts';
import { keys } from '../shared/registry/store/keys.ts';
import type { ObjectStore } from '../shared/registry/store/store.ts';
import { type ApiKey, SCOPES } from './config.ts';
import type { Log } from './log.ts';

export interface StoredKeys {
  /** The key, as far as it is known here and not too long ago. */
  known(sha256: string): ApiKey | null;
  /**
   * Finds out whether there is such a key; null where there is nothing to find out, or too much to find out already.
   *
   * @returns false when the bucket does not answer
   */
  learn(sha256: string): Promise<boolean> | null;
}

/** `holdfast key create` makes such ones; nothing else is looked up. */
export const STORED_TOKEN = /^hf_[A-Za-z0-9_-]{43}$/;

/** A key is used without another look for so long after it was read. */
const KNOWN_MS = 60_000;
/** A key that is not there is not looked for again so soon. */
const UNKNOWN_MS = 10_000;
/** Of both: some hundred bytes each. */
const MAX_REMEMBERED = 10_000;
/** Tokens that somebody makes up cost reads of the bucket: so many at a time. */
const MAX_LOOKING = 16;

const storedKey = fields({
  format: oneOf('holdfast-key/1'),
  name: text(/^.{1,128}$/su, '1 to 128 characters'),
  scopes: list(oneOf(...SCOPES), 1, SCOPES.length),
  createdAt: text(/^\d{4}-/, 'a time'),
  createdBy: text(/^.{1,256}$/su, '1 to 256 characters'),
});

interface Remembered {
  readonly key: ApiKey | null;
  readonly untilMs: number;
}

/** The keys that one isolate has read, remembered for a while, those that there are not as well. */
export function createStoredKeys(store: ObjectStore, log: Log, now: () => number): StoredKeys {
  const remembered = new Map<string, Remembered>();
  const looking = new Map<string, Promise<boolean>>();
  const recall = (sha256: string): Remembered | null => {
    const found = remembered.get(sha256);
    return found !== undefined && now() < found.untilMs ? found : null;
  };
  const look = async (sha256: string): Promise<boolean> => {
    try {
      const key = await loadKey(store, log, sha256);
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(sha256, { key, untilMs: now() + (key === null ? UNKNOWN_MS : KNOWN_MS) });
      return true;
    } catch (cause) {
      log.error('key-not-read', { cause: cause instanceof Error ? cause.message : String(cause) });
      return false;
    } finally {
      looking.delete(sha256);
    }
  };
  return {
    known: (sha256) => recall(sha256)?.key ?? null,
    learn(sha256) {
      if (recall(sha256) !== null) return null;
      const present = looking.get(sha256);
      if (present !== undefined) return present;
      if (looking.size >= MAX_LOOKING) return Promise.resolve(false);
      const begun = look(sha256);
      looking.set(sha256, begun);
      return begun;
    },
  };
}

/** A key that can't be read as one lets nobody in. */
async function loadKey(store: ObjectStore, log: Log, sha256: string): Promise<ApiKey | null> {
  const loaded = await loadChecked<ApiKey>(store, keys.apiKey(sha256), (value) =>
    findProblem(storedKey, value),
  );
  if (loaded.ok) {
    const { name, scopes } = loaded.value.value;
    return { name, sha256, scopes };
  }
  if (loaded.error.kind === 'unreadable') {
    log.error('key-unreadable', { key: loaded.error.key, detail: loaded.error.detail });
  }
  return null;
}
