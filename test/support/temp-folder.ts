/**
 * A folder for one test file's fixtures, removed after it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

export interface TempFolder {
  readonly path: string;
  /** Writes a file, with its folders, and returns where it lies. */
  write(name: string, content: string | Uint8Array): Promise<string>;
}

export function useTempFolder(): TempFolder {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    async write(name, content) {
      const file = join(path, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
      return file;
    },
  };
}
