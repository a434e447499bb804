import { beforeAll, describe, expect, test } from 'vitest';
import { loadInput } from '../../../shared/events/stored-input.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { loadSpec } from '../../../shared/model/spec/load-spec.ts';
import { openAnswering } from '../../../trainer/referee/answering.ts';
import { shadowVersion } from '../../../trainer/live/shadow.ts';
import { createEdge } from '../../functions/support.ts';
import { blobEvents } from '../../support/tabular-model.ts';
import { copyOf } from '../../support/copy-of.ts';
import { collect, createWorld, hostAt, MODEL, PROMOTED_AT, serveCopy, spoil, trafficOf } from './world.ts';

const HOUR_MS = 3_600_000;
const TRAFFIC = { n: 300, seed: 9, fromMs: PROMOTED_AT + HOUR_MS, drift: 0.8 };
const NOW = PROMOTED_AT + 6 * HOUR_MS;
let world: ObjectStore;

beforeAll(async () => {
  world = await createWorld();
  await serveCopy(world, 2, spoil(3), PROMOTED_AT);
  const half = { ...TRAFFIC, labelled: (i: number) => i % 2 === 0 };
  await collect(world, await trafficOf(world, 2, half), NOW);
});

async function rawRows(): Promise<Float32Array[]> {
  return Promise.all(
    blobEvents(TRAFFIC).map(async ({ input }) => {
      const raw = await loadInput(world, MODEL, input, 2);
      if (!raw.ok) throw new Error(raw.error);
      return raw.value;
    }),
  );
}

/** As many instances a request as an edge takes. */
const AT_ONCE = 16;

async function askOverHttp(version: number): Promise<{ rows: number[][]; labels: string[] }> {
  const edge = createEdge(await copyOf(world), await loadWasmModule());
  const instances = (await rawRows()).map((row) => [...row]);
  const said: { rows: number[][]; labels: string[] } = { rows: [], labels: [] };
  for (let at = 0; at < instances.length; at += AT_ONCE) {
    const answer = await edge.predict(MODEL, { instances: instances.slice(at, at + AT_ONCE) }, version);
    const body = (await answer.json()) as { predictions: number[][]; labels: string[] };
    expect(answer.status).toBe(200);
    said.rows.push(...body.predictions);
    said.labels.push(...body.labels);
  }
  return said;
}

describe('what a version would have answered', () => {
  test.each([1, 2])('is what version %i answers over HTTP, bit for bit', async (version) => {
    const spec = await loadSpec(world, MODEL);
    if (!spec.ok) throw new Error(spec.error.detail);
    const versions = await openAnswering(await hostAt(world, NOW), spec.value.spec, [version]);
    const outputs = versions.answer(await rawRows()).get(version);
    const { rows } = await askOverHttp(version);
    expect([...(outputs ?? [])]).toEqual([...Float32Array.from(rows.flat())]);
    versions.close();
  });

  test('is counted beside what was served, by class, and beside the labels', async () => {
    const [mine, served] = [(await askOverHttp(1)).labels, (await askOverHttp(2)).labels];
    const truth = blobEvents(TRAFFIC).map(({ label }) => ['red', 'green', 'blue'][label]);
    const shadow = await shadowVersion(await hostAt(world, NOW), MODEL, 1, PROMOTED_AT);
    const same = mine.filter((said, i) => said === served[i]).length;
    expect(same).toBeLessThan(300);
    expect(shadow).toMatchObject({ predictions: 300, same, unreadable: 0, difference: null });
    for (const { name, n, same: agreed } of shadow.classes) {
      const own = [...served.keys()].filter((i) => served[i] === name);
      expect({ n, agreed }).toEqual({ n: own.length, agreed: own.filter((i) => mine[i] === name).length });
    }
    const labelled = [...truth.keys()].filter((i) => i % 2 === 0);
    expect(shadow.labels).toMatchObject({
      n: 150,
      onlyShadow: labelled.filter((i) => mine[i] === truth[i] && served[i] !== truth[i]).length,
      onlyServed: labelled.filter((i) => mine[i] !== truth[i] && served[i] === truth[i]).length,
    });
  });

  test('agrees with itself on everything it served', async () => {
    const shadow = await shadowVersion(await hostAt(world, NOW), MODEL, 2, PROMOTED_AT);
    expect(shadow).toMatchObject({ predictions: 300, same: 300, labels: { onlyServed: 0, onlyShadow: 0 } });
  });

  test('leaves out what was asked before', async () => {
    const since = TRAFFIC.fromMs + 100_000;
    expect(await shadowVersion(await hostAt(world, NOW), MODEL, 2, since)).toMatchObject({
      predictions: 200,
    });
  });

  test('of a version that is damaged or is none is said by name', async () => {
    const store = await copyOf(world);
    await store.put(keys.versionFile(MODEL, 1, 'edge.bin'), new Uint8Array(10));
    const host = await hostAt(store, NOW);
    await expect(shadowVersion(host, MODEL, 1, PROMOTED_AT)).rejects.toThrow(/expected 448 bytes, got 10/);
    await expect(shadowVersion(host, MODEL, 9, PROMOTED_AT)).rejects.toThrow(/version 9/);
  });
});
