import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VERSION } from '../../functions/version.ts';

test('clients are told the version of the package', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
});
