/** What is published is what the sources say, and it stays small. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { useTempFolder } from '../support/temp-folder.ts';

const CLIENT = path.join(import.meta.dirname, '../../client');
const DIST = path.join(CLIENT, 'dist');
const MAX_GZIP_BYTES = 5_000;

const scratch = useTempFolder();

test('the published files are what the sources compile to (npm run build:client writes them)', async () => {
  const tsc = path.join(createRequire(import.meta.url).resolve('typescript/package.json'), '../bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', CLIENT, '--outDir', scratch.path]);
  expect(await readFolder(DIST)).toEqual(await readFolder(scratch.path));
});

test(`all of it is below ${MAX_GZIP_BYTES} bytes of gzip, and imports nothing`, async () => {
  const files = Object.entries(await readFolder(DIST)).filter(([name]) => name.endsWith('.js'));
  const text = files.map(([, content]) => content).join('');
  expect(gzipSync(text).byteLength).toBeLessThan(MAX_GZIP_BYTES);
  const imported = [...text.matchAll(/from '([^']+)'/g)].map(([, from]) => from ?? '');
  expect(imported.length).toBeGreaterThan(0);
  expect(imported.filter((from) => !files.some(([name]) => from === `./${name}`))).toEqual([]);
});

async function readFolder(folder: string): Promise<Record<string, string>> {
  const texts = (await readdir(folder)).map(
    async (file) => [file, await readFile(path.join(folder, file), 'utf8')] as const,
  );
  return Object.fromEntries(await Promise.all(texts));
}
