/**
 * The contract as a document: it is what the schemas say, it is valid, and it names every route and nothing else.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { VIEWER_PATH } from '../../../functions/contract/routes.ts';
import { parseRoute as parseInferenceCall } from '../../../functions/serving/open-inference/path.ts';
import { createOperatorRoutes } from '../../../functions/operators/operator-routes.ts';
import { parseRoute as parseServingCall } from '../../../functions/serving/tf-serving/path.ts';
import { ASSETS, CONTRACT_FILE, contractText } from './contract-file.ts';
import { contract, OPERATIONS } from './contract.ts';

test('the published file is what the schemas say (npm run build:contract writes it)', () => {
  expect(readFileSync(CONTRACT_FILE, 'utf8')).toBe(contractText());
});

test('it is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const checked = await validator.validate(contractText());
  expect(checked).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('everything that is referred to is there, and everything that is there is referred to', () => {
  const text = JSON.stringify(contract);
  const referred = new Set([...text.matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, ref]) => ref));
  const present = Object.entries(contract.components)
    .filter(([kind]) => kind !== 'securitySchemes')
    .flatMap(([kind, parts]) => Object.keys(parts).map((name) => `${kind}/${name}`));
  const unused = present.filter((name) => !referred.has(name));
  expect([...referred].filter((name) => !present.includes(String(name)))).toEqual([]);
  // Every error in both forms, whether or not a route has it.
  expect(unused.filter((name) => !name.startsWith('responses/'))).toEqual([]);
});

test('operations have names of their own', () => {
  const ids = OPERATIONS.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('every route stands in it, and no other', () => {
  const filled = (path: string): string => path.replaceAll('{label}', 'champion').replaceAll(/\{\w+\}/g, '1');
  const under = (prefix: string) => OPERATIONS.filter(({ path }) => path.startsWith(prefix));

  test('operators', () => {
    const routes = createOperatorRoutes({ store: {} } as Parameters<typeof createOperatorRoutes>[0]).routes;
    const served = routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} /api${path}`)
      .map((route) => route.replaceAll(/:(\w+)/g, '{$1}'));
    expect(
      under('/api')
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    ).toEqual(served.sort());
  });

  test('TensorFlow Serving: each verb and each view, in three forms, and feedback', () => {
    const calls = under('/v1').map(({ method, path }) => {
      const call = parseServingCall(method, filled(path));
      if (!call.ok) throw new Error(`${method} ${path}: ${JSON.stringify(call.error)}`);
      return call.value.kind === 'infer' ? call.value.verb : call.value.kind;
    });
    const counts = Object.fromEntries(
      calls.map((kind) => [kind, calls.filter((one) => one === kind).length]),
    );
    expect(counts).toEqual({ predict: 3, classify: 3, regress: 3, status: 3, metadata: 3, feedback: 1 });
  });

  test('the Open Inference Protocol: each view, with and without a version', () => {
    const calls = under('/v2')
      .filter(({ path }) => !path.startsWith('/v2/health'))
      .map(({ method, path }) => {
        const call = parseInferenceCall(method, filled(path));
        if (!call.ok) throw new Error(`${method} ${path}: ${JSON.stringify(call.error)}`);
        return call.value.kind;
      });
    const counts = Object.fromEntries(
      calls.map((kind) => [kind, calls.filter((one) => one === kind).length]),
    );
    expect(counts).toEqual({
      server: 1,
      models: 1,
      index: 1,
      metadata: 2,
      config: 2,
      ready: 2,
      infer: 2,
    });
  });
});

describe('the page', () => {
  const page = readFile(new URL('docs.html', ASSETS), 'utf8');

  test('shows the contract of its own deployment with the viewer of its own deployment, and loads nothing else', async () => {
    const loaded = [...(await page).matchAll(/\s(?:src|href|spec-url)="([^"]*)"/g)].map(([, url]) => url);
    expect(new Set(loaded)).toEqual(new Set(['data:,', VIEWER_PATH, '/openapi.json']));
    expect(await page).toContain('load-fonts="false"');
    expect(await page).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?! type="module" src=)/i);
  });

  test('the viewer is RapiDoc 9.3.8 as it was published, with its licence beside it', async () => {
    const viewer = await readFile(new URL(`.${VIEWER_PATH}`, ASSETS));
    expect(createHash('sha256').update(viewer).digest('hex')).toBe(
      'affbd173a65e870e18f392cca963113bcdafb6e50e88cd2f6a834a65b22db94d',
    );
    expect(await readFile(new URL('docs/rapidoc.LICENSE.txt', ASSETS), 'utf8')).toContain('MIT License');
  });
});
