import { expect, test } from 'vitest';
import { parseConfig } from '../../functions/config.ts';

const KEY = { name: 'app', sha256: 'ab'.repeat(32), scopes: ['predict'] };

test('what is not said has defaults that admit nobody', () => {
  expect(parseConfig({})).toEqual({
    ok: true,
    value: {
      keys: [],
      localKeys: false,
      publicScopes: [],
      aliasTtlMs: 5_000,
      maxBodyBytes: 8_388_608,
      maxInstances: 1_024,
      timeoutMs: 10_000,
      maxInFlight: 64,
      maxWaiting: 64,
      corsOrigins: [],
    },
  });
});

test('variables are read as what they say', () => {
  const config = parseConfig({
    HOLDFAST_KEYS: JSON.stringify([KEY]),
    HOLDFAST_LOCAL_KEYS: 'on',
    HOLDFAST_PUBLIC: 'predict',
    HOLDFAST_ALIAS_TTL_SECONDS: '0.5',
    HOLDFAST_MAX_BODY_BYTES: '2048',
    HOLDFAST_MAX_INSTANCES: '10',
    HOLDFAST_TIMEOUT_MS: '500',
    HOLDFAST_MAX_IN_FLIGHT: '4',
    HOLDFAST_MAX_WAITING: '0',
    HOLDFAST_CORS_ORIGINS: 'https://app.example, http://localhost:5173',
    BUCKET: {},
  });
  expect(config).toEqual({
    ok: true,
    value: {
      keys: [KEY],
      localKeys: true,
      publicScopes: ['predict'],
      aliasTtlMs: 500,
      maxBodyBytes: 2_048,
      maxInstances: 10,
      timeoutMs: 500,
      maxInFlight: 4,
      maxWaiting: 0,
      corsOrigins: ['https://app.example', 'http://localhost:5173'],
    },
  });
});

test('every bad variable is named at once, with what was expected', () => {
  const config = parseConfig({
    HOLDFAST_KEYS: '[{"name": "app", "sha256": "secret", "scopes": ["predict"]}]',
    HOLDFAST_LOCAL_KEYS: 'yes',
    HOLDFAST_PUBLIC: 'operate',
    HOLDFAST_ALIAS_TTL_SECONDS: '-1',
    HOLDFAST_MAX_BODY_BYTES: 'many',
    HOLDFAST_MAX_INSTANCES: '1.5',
  });
  expect(config.ok).toBe(false);
  if (config.ok) return;
  expect(config.error.map(({ variable }) => variable)).toEqual([
    'HOLDFAST_KEYS',
    'HOLDFAST_LOCAL_KEYS',
    'HOLDFAST_PUBLIC',
    'HOLDFAST_ALIAS_TTL_SECONDS',
    'HOLDFAST_MAX_BODY_BYTES',
    'HOLDFAST_MAX_INSTANCES',
  ]);
  expect(config.error[0]?.problem).toBe('0.sha256: expected a SHA-256 in hexadecimal');
  expect(config.error[3]?.problem).toBe('expected a number from 0.1 to 3600');
  expect(config.error[5]?.problem).toBe('expected a whole number');
});

test.each(['{', '{}', '[{}]', '[{"name":"a","sha256":"","scopes":[]}]'])('the keys %s are bad', (text) => {
  const config = parseConfig({ HOLDFAST_KEYS: text });
  expect(!config.ok && config.error.every(({ variable }) => variable === 'HOLDFAST_KEYS')).toBe(true);
});

test.each([
  'app.example',
  'https://app.example/',
  'https://app.example/path',
  '*, https://app.example',
  'null',
])('%s is no list of origins', (origins) => {
  const config = parseConfig({ HOLDFAST_CORS_ORIGINS: origins });
  expect(!config.ok && config.error.map(({ variable }) => variable)).toEqual(['HOLDFAST_CORS_ORIGINS']);
});

test('all origins are let in where they are asked for, but never together with the keys that everybody knows', () => {
  const open = parseConfig({ HOLDFAST_CORS_ORIGINS: '*' });
  expect(open.ok && open.value.corsOrigins).toEqual(['*']);
  const local = parseConfig({ HOLDFAST_CORS_ORIGINS: '*', HOLDFAST_LOCAL_KEYS: 'on' });
  expect(!local.ok && local.error).toEqual([
    {
      variable: 'HOLDFAST_CORS_ORIGINS',
      problem: 'expected the origins by name while HOLDFAST_LOCAL_KEYS is on, got *',
    },
  ]);
});
