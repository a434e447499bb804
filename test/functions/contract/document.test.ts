/**
 * The contract as a document: it is what the schemas say, it is valid, and it names every route and nothing else.
 */
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { renderPage } from '../../../functions/contract/page.ts';
import { parseRoute as parseInferenceCall } from '../../../functions/serving/open-inference/path.ts';
import { createOperatorRoutes } from '../../../functions/operators/operator-routes.ts';
import { parseRoute as parseServingCall } from '../../../functions/serving/tf-serving/path.ts';
import { CONTRACT_FILE, contractText, PAGE_FILE, pageText } from './contract-file.ts';
import { contract, OPERATIONS } from './contract.ts';

test('the published files are what the schemas say (npm run build:contract writes them)', () => {
  expect(readFileSync(CONTRACT_FILE, 'utf8')).toBe(contractText());
  expect(readFileSync(PAGE_FILE, 'utf8')).toBe(pageText());
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
  const page = renderPage(contract, 'https://edge.example');

  test('stands alone: it loads and runs nothing', () => {
    expect(page).not.toMatch(/<script|<link|<img|<iframe|url\(|@import|\son\w+=/i);
    expect(page).toContain('prefers-color-scheme:dark');
  });

  test('has each operation with a command, and each schema', () => {
    for (const { method, path } of OPERATIONS) expect(page).toContain(`>${method}</b> <code>${path}</code>`);
    expect(page.match(/curl -i https:\/\/edge\.example\//g)?.length).toBe(OPERATIONS.length);
    for (const name of Object.keys(contract.components.schemas)) expect(page).toContain(`id="${name}"`);
    expect(page).toContain(
      `curl -i https://edge.example/v1/models/digits:predict \\\n  -H &quot;Authorization: Bearer $HOLDFAST_KEY&quot; \\\n  -d '{&quot;instances&quot;:[[1,2]]}'`,
    );
  });

  test('escapes what it is given', () => {
    expect(renderPage(contract, '"><script>alert(1)</script>')).not.toContain('<script>');
  });
});
