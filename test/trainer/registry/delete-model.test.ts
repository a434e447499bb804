import { describe, expect, it } from 'vitest';
import { listModels } from '../../../shared/model/spec/find-spec.ts';
import { createModel, loadSpec } from '../../../shared/model/spec/load-spec.ts';
import { loadChampion } from '../../../shared/registry/champion/alias.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import {
  deleteModel,
  listDeletions,
  purgeModel,
  undeleteModel,
} from '../../../trainer/registry/delete-model.ts';
import { barSpec } from '../../support/image-model.ts';

const REQUEST = { by: 'ann', reason: 'wrong scale', at: new Date('2026-11-30T12:00:00Z') };
const MOVE = {
  sequence: 1,
  from: null,
  to: 3,
  at: '2026-11-29T12:00:00.000Z',
  by: 'ann',
  reason: 'first',
  action: 'promote',
  forced: false,
  verdict: 'promote',
  run: null,
};

async function everything(store: ObjectStore): Promise<Record<string, string>> {
  const entries = (await store.list('')).map(async (key) => [
    key,
    new TextDecoder().decode((await store.get(key))?.bytes),
  ]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>;
}

async function served(): Promise<ObjectStore> {
  const store = createMemoryStore();
  await createModel(store, barSpec('bars'));
  await createModel(store, barSpec('bars2'));
  await store.put(keys.alias('bars', 'champion'), new TextEncoder().encode(JSON.stringify(MOVE)));
  await store.put(keys.events('bars', '2026-11-30', 'x'), new Uint8Array([1]));
  await store.put(keys.events('bars2', '2026-11-30', 'x'), new Uint8Array([2]));
  return store;
}

describe('a model that is deleted', () => {
  it('is found by nobody, and its name is not free', async () => {
    const store = await served();
    expect(await deleteModel(store, 'bars', REQUEST)).toMatchObject({
      ok: true,
      value: { champion: { to: 3 } },
    });
    expect(await listModels(store)).toEqual(['bars2']);
    expect(await loadSpec(store, 'bars')).toMatchObject({ error: { kind: 'unknown-model' } });
    expect(await loadChampion(store, 'bars')).toMatchObject({ value: null });
    expect(await createModel(store, barSpec('bars'))).toBe(false);
    expect(await listDeletions(store)).toMatchObject([{ model: 'bars', by: 'ann', reason: 'wrong scale' }]);
  });

  it('comes back as it was', async () => {
    const store = await served();
    const before = await everything(store);
    await deleteModel(store, 'bars', REQUEST);
    expect(await undeleteModel(store, 'bars')).toMatchObject({ ok: true });
    const after = await everything(store);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    for (const [key, text] of Object.entries(before))
      if (key.endsWith('.json')) expect(JSON.parse(after[key] ?? '')).toEqual(JSON.parse(text));
    expect(await loadSpec(store, 'bars')).toMatchObject({ ok: true });
  });

  it.each([1, 2, 3])('goes on where a crash came before write %i', async (nth) => {
    const store = await served();
    const before = await everything(store);
    let writes = 0;
    const crash = async () => {
      writes += 1;
      if (writes === nth) throw new Error('killed');
    };
    const dying: ObjectStore = {
      ...store,
      put: async (...args) => (await crash(), store.put(...args)),
      delete: async (key) => (await crash(), store.delete(key)),
    };
    await expect(deleteModel(dying, 'bars', REQUEST)).rejects.toThrow('killed');
    expect(await deleteModel(store, 'bars', REQUEST)).toMatchObject({ value: { champion: { to: 3 } } });
    await undeleteModel(store, 'bars');
    expect(Object.keys(await everything(store))).toEqual(Object.keys(before));
  });

  it('leaves nothing once it is purged, and touches nobody else', async () => {
    const store = await served();
    await deleteModel(store, 'bars', REQUEST);
    expect(await purgeModel(store, 'bars')).toMatchObject({ ok: true });
    expect((await store.list('')).filter((key) => !key.startsWith('models/bars2/'))).toEqual([]);
    expect(await store.list('models/bars2/')).toHaveLength(2);
    expect(await createModel(store, barSpec('bars'))).toBe(true);
  });

  it('was one: others are refused by name', async () => {
    const store = await served();
    expect(await deleteModel(store, 'nobody', REQUEST)).toMatchObject({ error: { kind: 'unknown-model' } });
    expect(await undeleteModel(store, 'bars')).toMatchObject({ error: { kind: 'not-deleted' } });
    expect(await purgeModel(store, 'bars')).toMatchObject({ error: { kind: 'not-deleted' } });
    expect(await listModels(store)).toEqual(['bars', 'bars2']);
  });
});
