import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable } from '../../shared/printable.ts';
import { guardStream, withoutPasswords } from '../../trainer/safe-output.ts';
import { formatLog } from '../../trainer/tools/local/log-lines.ts';

/** Sets the title, clears the screen, reports back, in 7 and in 8 bits, and turns the text around. */
const EVIL = '\u001b]0;owned\u0007\u001b[2J\u009b6n\u202egnp\u2066\u007f\r';

interface Outcome {
  readonly code: number;
  readonly shown: string;
}

/** The command as it is: what it wrote to both streams. */
function holdfast(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    const options = { env: { PATH, HOME, USER: 'ann', HOLDFAST_URL: 'http://127.0.0.1:9', ...env } };
    execFile(process.execPath, ['trainer/tools/cli/holdfast.mjs', ...args], options, (error, out, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), shown: out + stderr });
    });
  });
}

test('text is made printable: no control is left, lines and tabs are, and JSON is the same JSON', () => {
  expect(printable(EVIL)).toBe('\\u001b]0;owned\\u0007\\u001b[2J\\u009b6n\\u202egnp\\u2066\\u007f\\u000d');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).not.toMatch(/(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      expect(JSON.parse(printable(JSON.stringify(text)))).toBe(text);
      expect(printable(printable(text))).toBe(printable(text));
    }),
  );
});

describe('the command', () => {
  test.each([
    ['a name', ['status', EVIL]],
    ['an option', ['status', '--store', `s3://${EVIL}`]],
    ['an unknown command', [EVIL]],
    ['JSON', ['status', EVIL, '--json']],
    ['a file', ['create', 'm', '--from', `/nowhere/${EVIL}.csv`, '--store', 's3://models']],
  ])('shows what it is given in %s without obeying it', async (_, args) => {
    const { code, shown } = await holdfast(args);
    expect(code).not.toBe(0);
    expect(shown).not.toMatch(/(?![\n\t])[\p{Cc}\u202e\u2066]/u);
  });

  test.each([
    [{ HOLDFAST_URL: 'http://ann:s3cr3t@127.0.0.1:9' }, ['status']],
    [{ HOLDFAST_URL: 'ann:s3cr3t@127.0.0.1:9' }, ['status']],
    [{ HOLDFAST_STORE: 's3://key:s3cr3t@models' }, ['status', '--store', 's3://key:s3cr3t@models']],
    [{ HOLDFAST_ENDPOINT: 'http://ann:s3cr3t@127.0.0.1:9' }, ['status', '--store', 's3://models']],
    [{}, ['status', '--url', 'https://ann:s3c/r3t@host']],
  ])('never shows a password (%#)', async (env, args) => {
    const { code, shown } = await holdfast(args, env);
    expect(code).toBe(2);
    expect(shown).toContain('without a user and a password');
    expect(shown).not.toMatch(/s3cr3t|r3t/);
  });
});

test('a stream lets our own styles through once they are ours, and no password', () => {
  const written: unknown[] = [];
  const stream = { isTTY: true, write: (chunk: unknown) => written.push(chunk) > 0 };
  guardStream(stream);
  stream.write(`reads https://ann:s3cr3t@host/x and ${EVIL}`);
  stream.write(new TextEncoder().encode(EVIL));
  expect(written).toEqual([`reads https://…@host/x and ${printable(EVIL)}`, printable(EVIL)]);
  expect(withoutPasswords('mail ann@example.org, https://host/@scope')).toBe(
    'mail ann@example.org, https://host/@scope',
  );
});

test('a log line of the Workers obeys nobody either', () => {
  const message = JSON.stringify({ event: 'champion-moved', by: EVIL, reason: `a\n${EVIL}` });
  const line = formatLog({ timestamp: 0, level: 'log', message }, false) ?? '';
  expect(line).not.toMatch(/(?![\n\t])[\p{Cc}\u202e]/u);
});

test('a reader that has read enough, as `head` does, ends the command without an error', async () => {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['trainer/tools/cli/holdfast.mjs', '--help'], {
    env: { PATH, HOME },
  });
  let errors = '';
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  child.stdout.destroy();
  const [code] = (await once(child, 'close')) as [number];
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
});
