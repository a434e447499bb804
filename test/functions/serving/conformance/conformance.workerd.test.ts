/**
 * What clients of other servers expect, case by case. Those that we answer otherwise are listed in docs/protocols.md with
 * the reason: a case that is listed and answered as expected fails here, too.
 */
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { LoggedPrediction } from '../../../../functions/collect/prediction-log.ts';
import { wasmModule } from '../../../../shared/model/run/wasm-worker.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { createEdge, type Edge } from '../../support.ts';
import { checkEncoding } from './encodings.ts';
import { serveModels } from './plans.ts';
import { checkCase, runCase } from './run-case.ts';

const { cases, deviations } = inject('conformance');

const requests = cases.filter(({ path }) => path !== undefined);
const names = cases.filter(({ model_names: hostile }) => hostile !== undefined);
const encodings = cases.filter((given) => !requests.includes(given) && !names.includes(given));
const listed = ({ id }: { readonly id: string }): boolean => id in deviations;
const conforming = (given: { readonly id: string }): boolean => !listed(given);

describe('other servers', () => {
  let edge: Edge;
  const logged: LoggedPrediction[] = [];
  const predictions = {
    add: (_model: string, added: readonly LoggedPrediction[]) => void logged.push(...added),
    settle: async () => {},
  };

  beforeAll(async () => {
    const store = createMemoryStore();
    await serveModels(store);
    edge = createEdge(store, wasmModule, { maxBodyBytes: 4_000_000, maxInstances: 32, predictions });
  });

  test('there are 229 cases, and every deviation is one of them', () => {
    expect(cases).toHaveLength(229);
    const ids = new Set(cases.map(({ id }) => id));
    expect(Object.keys(deviations).filter((id) => !ids.has(id))).toEqual([]);
  });

  test.each(requests.filter(conforming))('$id: $why', async (given) => {
    const outcome = await runCase(edge, given, logged);
    await checkCase(edge, given, outcome);
  });

  test.each(requests.filter(listed))('$id is answered otherwise, as listed: $why', async (given) => {
    const outcome = await runCase(edge, given, logged);
    expect(outcome.status).toBe(deviations[given.id]);
    await expect(checkCase(edge, given, outcome)).rejects.toThrow();
  });

  test.each(encodings.filter(conforming))('$id: $why', (given) => checkEncoding(given));

  test.each(encodings.filter(listed))('$id is written otherwise, as listed: $why', (given) => {
    expect(deviations[given.id]).toBeNull();
    expect(() => checkEncoding(given)).toThrow();
  });

  test.each(names)('$id: $why', async ({ model_names: hostile = [] }) => {
    for (const name of hostile) {
      const path = `/v2/models/${encodeURIComponent(name)}`;
      const shown = await edge.call(path, { key: 'predict' });
      const inferred = await edge.call(`${path}/infer`, { key: 'predict', body: { inputs: [] } });
      for (const response of [shown, inferred]) {
        // An empty name, and dots that the URL parser takes away, lead to other paths.
        if (response.ok) expect(['extensions', 'models']).toContain(await lastKey(response));
        else expect([404, 405]).toContain(response.status);
      }
    }
  });
});

async function lastKey(response: Response): Promise<string | undefined> {
  return Object.keys((await response.json()) as object).at(-1);
}
