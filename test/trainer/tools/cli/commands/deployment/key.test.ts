/**
 * `holdfast key` in child processes, on the local S3 endpoint.
 */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sha256Hex } from '../../../../../../shared/digest.ts';
import { type LocalS3, startLocalS3 } from '../../../../node/local-s3.ts';

let s3: LocalS3;
beforeAll(async () => {
  s3 = await startLocalS3();
});
afterAll(() => s3.close());

function holdfast(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, USER: 'ann', HOLDFAST_STORE: 's3://holdfast', HOLDFAST_ENDPOINT: s3.endpoint };
  return new Promise((resolve) => {
    execFile(process.execPath, ['trainer/tools/cli/holdfast.mjs', ...args], { env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

it('makes, lists and revokes keys in the bucket', async () => {
  const made = JSON.parse(
    (await holdfast('key', 'create', '--name', 'app', '--scope', 'predict,feedback', '--keep', '--json')).out,
  );
  expect(made).toMatchObject({ kept: true, entry: { name: 'app', sha256: sha256Hex(made.token) } });
  await holdfast('key', 'create', '--name', 'ops', '--scope', 'operate', '--keep', '--by', 'bea');
  const listed = JSON.parse((await holdfast('key', 'list', '--json')).out);
  expect(listed.keys).toMatchObject([
    { name: 'app', scopes: ['predict', 'feedback'], sha256: made.entry.sha256 },
    { name: 'ops', createdBy: 'bea' },
  ]);
  expect((await holdfast('key', 'list')).out).not.toContain(made.token);
  expect((await holdfast('key', 'revoke', 'nobody')).err).toMatch(/no key "nobody"/);
  expect((await holdfast('key', 'revoke', made.entry.sha256.slice(0, 12))).out).toMatch(/revoked app/);
  expect((await holdfast('key', 'list')).out).not.toContain('app');
});
