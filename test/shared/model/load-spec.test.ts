import { beforeEach, expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/digest.ts';
import { createModel, listModels, loadSpec, specDigest } from '../../../shared/model/load-spec.ts';
import { encodeJson, putJson } from '../../../shared/registry/json.ts';
import { keys } from '../../../shared/registry/keys.ts';
import { createMemoryStore } from '../../../shared/registry/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store.ts';
import { blobSpec } from '../../support/tabular-model.ts';

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
