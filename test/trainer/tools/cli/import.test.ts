/**
 * What an import says that was taken for granted: rows without a group or a time, and times without a zone.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useTempFolder } from '../../../support/temp-folder.ts';
import { type LocalS3, startLocalS3 } from '../../node/local-s3.ts';

const folder = useTempFolder();
const run = promisify(execFile);

let s3: LocalS3;
beforeAll(async () => {
  s3 = await startLocalS3();
  await holdfast('create', 'm', '--feature', 'a', '--labels', 'no,yes');
});
afterAll(() => s3.close());

async function holdfast(...args: readonly string[]): Promise<string> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, USER: 'ann', HOLDFAST_STORE: 's3://holdfast', HOLDFAST_ENDPOINT: s3.endpoint };
  return (await run(process.execPath, ['trainer/tools/cli/holdfast.mjs', ...args], { env })).stdout;
}

const USERS = '{"a":1,"label":"yes","u":17}\n{"a":2,"label":"no","u":null}\n{"a":3,"label":"no"}\n';
const UTC = /^times that name no zone are taken as UTC; --time-zone /m;

it.each([
  ['lines without a group', 'g.ndjson', USERS, ['--group', 'u'], /^2 of 3 have no u: /m],
  ['rows without a group', 'g.csv', 'a,u,label\n1,7,no\n2,,yes\n', ['--group', 'u'], /^1 of 2 have no u: /m],
  [
    'lines without a time',
    't.ndjson',
    '{"a":1,"t":"2026-01-01T00:00:00Z","label":"no"}\n{"a":2,"t":null,"label":"yes"}\n',
    ['--time', 't'],
    /^1 of 2 have no t: they are placed by the order of the file/m,
  ],
  ['a time on a wall', 'w.csv', 'a,t,label\n1,2026-01-01 10:00,no\n', ['--time', 't'], UTC],
  ['a day', 'd.ndjson', '{"a":1,"label":"no","timestamp":"2026-01-01"}\n', [], UTC],
])('says so of %s', { timeout: 60_000 }, async (_, name, text, options, said) => {
  const file = await folder.write(name, text);
  expect(await holdfast('import', 'm', file, '--dry-run', ...options)).toMatch(said);
});

it.each([
  ['a zone in the time', 'z.csv', 'a,t,label\n1,2026-01-01 10:00+01,no\n', ['--time', 't']],
  ['seconds', 's.csv', 'a,t,label\n1,1767225600,no\n', ['--time', 't']],
  [
    'a zone by name',
    'n.csv',
    'a,t,label\n1,2026-01-01 10:00,no\n',
    ['--time', 't', '--time-zone', 'Asia/Tokyo'],
  ],
])('says nothing of zones with %s', { timeout: 60_000 }, async (_, name, text, options) => {
  const file = await folder.write(name, text);
  expect(await holdfast('import', 'm', file, '--dry-run', ...options)).not.toMatch(UTC);
});
