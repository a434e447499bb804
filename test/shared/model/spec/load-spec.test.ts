import { beforeEach, describe, expect, test } from 'vitest';
import { sha256Hex } from '../../../../shared/digest.ts';
import { listModels } from '../../../../shared/model/spec/find-spec.ts';
import {
  createModel,
  type LoadedSpec,
  loadSpec,
  replaceSpec,
  specDigest,
} from '../../../../shared/model/spec/load-spec.ts';
import { encodeJson, putJson } from '../../../../shared/registry/store/json.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { blobSpec } from '../../../support/tabular-model.ts';

let store: ObjectStore;
beforeEach(() => {
  store = createMemoryStore();
});

test('a model that was created is loaded with its digest', async () => {
  const spec = blobSpec('blobs');
  expect(await createModel(store, spec)).toBe(true);
  expect(await loadSpec(store, 'blobs')).toMatchObject({
    ok: true,
    value: { spec, digest: specDigest(spec) },
  });
  expect(specDigest(spec)).toBe(sha256Hex((await store.get(keys.spec('blobs')))?.bytes ?? ''));
});

test('a name that is taken is not taken again', async () => {
  await createModel(store, blobSpec('blobs'));
  expect(await createModel(store, blobSpec('blobs', { description: 'another one' }))).toBe(false);
  expect(await loadSpec(store, 'blobs')).toMatchObject({ value: { spec: { description: '' } } });
});

test('the digest does not depend on the order of keys, on white space or on defaults that were left out', async () => {
  const spec = blobSpec('blobs');
  const { description: _left, scheduled: _out, ...rest } = spec;
  const reversed = Object.fromEntries(Object.entries(rest).toReversed());
  await store.put(keys.spec('blobs'), new TextEncoder().encode(JSON.stringify(reversed)));
  expect(await loadSpec(store, 'blobs')).toMatchObject({ ok: true, value: { digest: specDigest(spec) } });
  expect(specDigest({ ...spec, description: 'x' })).not.toBe(specDigest(spec));
});

test('an unknown model is refused by name', async () => {
  expect(await loadSpec(store, 'nope')).toEqual({
    ok: false,
    error: { kind: 'unknown-model', model: 'nope', detail: 'there is no model "nope"' },
  });
});

test('a spec that can not be read is named with its place', async () => {
  await putJson(store, keys.spec('blobs'), { ...blobSpec('blobs'), labels: ['a', 'a'] });
  expect(await loadSpec(store, 'blobs')).toEqual({
    ok: false,
    error: {
      kind: 'spec-unreadable',
      model: 'blobs',
      detail: 'models/blobs/spec.json: labels: expected different labels',
    },
  });
});

test('a spec that was copied from another model is refused: it would share its salt', async () => {
  await store.put(keys.spec('copy'), encodeJson(blobSpec('blobs')));
  expect(await loadSpec(store, 'copy')).toEqual({
    ok: false,
    error: {
      kind: 'spec-unreadable',
      model: 'copy',
      detail: 'models/copy/spec.json: expected the spec of copy, got that of blobs',
    },
  });
});

test('models are listed by name', async () => {
  for (const name of ['moons', 'blobs']) await createModel(store, blobSpec(name));
  expect(await listModels(store)).toEqual(['blobs', 'moons']);
});

describe('replacing a spec', () => {
  const spec = blobSpec('blobs', { holdout: { fraction: 0.2 } });

  async function created(): Promise<LoadedSpec> {
    await createModel(store, spec);
    const loaded = await loadSpec(store, 'blobs');
    if (!loaded.ok) throw new Error(loaded.error.detail);
    return loaded.value;
  }

  test('stores what may change', async () => {
    const wanted = { ...spec, description: 'three blobs', holdout: { fraction: 0.3 } };
    expect(await replaceSpec(store, await created(), wanted)).toEqual({ ok: true, value: wanted });
    expect(await loadSpec(store, 'blobs')).toMatchObject({ value: { spec: wanted } });
  });

  test('of which somebody else changed the original meanwhile loses', async () => {
    const seen = await created();
    await replaceSpec(store, seen, { ...spec, description: 'first' });
    expect(await replaceSpec(store, seen, { ...spec, description: 'second' })).toEqual({
      ok: false,
      error: {
        kind: 'lost-race',
        detail: 'blobs: somebody else changed the spec meanwhile; read it again',
      },
    });
    expect(await loadSpec(store, 'blobs')).toMatchObject({ value: { spec: { description: 'first' } } });
  });

  test.each([
    ['salt', { salt: 'cd'.repeat(32) }],
    ['name', { name: 'moons' }],
    [
      'input',
      {
        input: {
          kind: 'tabular' as const,
          features: spec.input.kind === 'tabular' ? spec.input.features.toReversed() : [],
        },
      },
    ],
  ])('is refused where it would change what examples mean: %s', async (field, changes) => {
    const seen = await created();
    expect(await replaceSpec(store, seen, { ...spec, ...changes })).toEqual({
      ok: false,
      error: {
        kind: 'fixed',
        detail: `blobs: ${field} can't change, because examples and versions depend on it; create another model instead`,
      },
    });
    expect((await store.get(keys.spec('blobs')))?.etag).toBe(seen.etag);
  });

  test('takes labels that are added, and refuses to move or take away one that is there', async () => {
    const seen = await created();
    expect(await replaceSpec(store, seen, { ...spec, labels: ['blue', 'green', 'red'] })).toEqual({
      ok: false,
      error: {
        kind: 'fixed',
        detail:
          'blobs: labels[0]: expected "red", got "blue": examples and versions know a label by its place, so new ones come after those that are there',
      },
    });
    const fewer = await replaceSpec(store, seen, { ...spec, labels: ['red', 'green'] });
    expect(fewer).toMatchObject({
      error: { detail: expect.stringContaining('labels[2]: expected "blue", got nothing') as string },
    });
    const more = { ...spec, labels: [...spec.labels, 'violet'] };
    expect(await replaceSpec(store, seen, more)).toEqual({ ok: true, value: more });
  });

  test('is refused where it would give held-out examples back to training', async () => {
    expect(await replaceSpec(store, await created(), { ...spec, holdout: { fraction: 0.1 } })).toEqual({
      ok: false,
      error: {
        kind: 'fixed',
        detail:
          'blobs: holdout.fraction: expected at least 0.2, got 0.1: what was held out once is never trained on',
      },
    });
  });
});
