/**
 * A bucket in a folder, for one process at a time: so that a history of a million events weighs on nobody's memory, and
 * what is measured is the pipeline and not a server.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ObjectStore, PutCondition } from '../../../shared/registry/store/store.ts';

/** Keys are paths below the folder. */
export function createFileStore(folder: string): ObjectStore {
  const at = (key: string): string => path.join(folder, key);
  const read = (key: string): Promise<Uint8Array | null> =>
    readFile(at(key)).then((bytes) => new Uint8Array(bytes), whereMissing(null));
  return {
    async get(key) {
      const bytes = await read(key);
      return bytes === null ? null : { bytes, etag: digest(bytes) };
    },
    async getRange(key, offset, length) {
      const file = await open(at(key)).catch(whereMissing(null));
      if (file === null) return null;
      try {
        const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    },
    async put(key, bytes, condition) {
      if (!holds(await (condition === undefined ? null : read(key)), condition)) return null;
      await mkdir(path.dirname(at(key)), { recursive: true });
      await writeFile(at(key), bytes);
      return { etag: digest(bytes) };
    },
    async list(prefix) {
      const below = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      const names = await readdir(at(below), { recursive: true, withFileTypes: true }).catch(
        whereMissing([]),
      );
      return names
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
        .filter((key) => key.startsWith(prefix))
        .sort();
    },
    async folders(prefix) {
      const names = await readdir(at(prefix), { withFileTypes: true }).catch(whereMissing([]));
      return names
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
        .sort();
    },
    delete: (key) => rm(at(key), { force: true }),
  };
}

function whereMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return value;
    throw error;
  };
}

function holds(current: Uint8Array | null, condition: PutCondition | undefined): boolean {
  if (condition === undefined) return true;
  return 'absent' in condition ? current === null : current !== null && digest(current) === condition.etag;
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
