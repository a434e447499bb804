import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseOptions } from '../../../../trainer/tools/local/options.ts';
import { DEFAULT_STATE, PROJECT } from '../../../../trainer/tools/state/paths.ts';

describe('parseOptions', () => {
  test('has defaults for everything', () => {
    const value = { port: 8787, state: DEFAULT_STATE, demo: true, help: false };
    expect(parseOptions([], {})).toEqual({ ok: true, value });
  });

  test('takes the state folder from --state, then from HOLDFAST_STATE', () => {
    const env = { HOLDFAST_STATE: '/tmp/from-env' };
    expect(parseOptions([], env)).toMatchObject({ value: { state: '/tmp/from-env' } });
    expect(parseOptions(['--state', 'here'], env)).toMatchObject({
      value: { state: path.join(PROJECT, 'here') },
    });
  });

  test.each([
    [['--port', '80a'], '--port: expected a number from 0 (any free port) to 65535, got 80a'],
    [['--port', '65536'], '--port: expected a number from 0 (any free port) to 65535, got 65536'],
    [['--host', '0.0.0.0'], '--host: expected 127.0.0.1, got 0.0.0.0: the local keys are known to everybody'],
  ])('refuses %j', (args, error) => {
    expect(parseOptions(args, {})).toEqual({ ok: false, error });
  });

  test('refuses an option that it does not know by name', () => {
    expect(parseOptions(['--prot', '1'], {})).toMatchObject({
      ok: false,
      error: expect.stringContaining("'--prot'") as string,
    });
  });
});
