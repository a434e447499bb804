import { describe, expect, test } from 'vitest';
import { loadChampion } from '../../../../shared/registry/champion/alias.ts';
import { loadBaseManifest } from '../../../../shared/registry/versions/base-manifest.ts';
import { encodeJson } from '../../../../shared/registry/store/json.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { loadChampionVersion, loadServingManifest } from '../../../../shared/registry/champion/serving.ts';
import { loadManifest } from '../../../../shared/registry/versions/versions.ts';
import { makeManifest } from '../../../support/version.ts';

const MODEL = makeManifest(1).model;

describe('what serving reads of a manifest', () => {
  test('is what the whole says, and what is wrong with one is said alike', async () => {
    const store = createMemoryStore();
    const same = async (version: number) => {
      const whole = await loadManifest(store, MODEL, version);
      const serving = await loadServingManifest(store, MODEL, version);
      if (whole.ok && serving.ok) return expect(whole.value).toMatchObject(serving.value);
      expect(serving).toEqual(whole);
    };
    await same(1);
    const manifest = { ...makeManifest(1), constants: { mean: [1.5], scale: [2] }, base: 'cd'.repeat(32) };
    await store.put(keys.manifest(MODEL, 1), encodeJson(manifest));
    await same(1);
    await same(2);
    await store.put(keys.claim(MODEL, 2), encodeJson({ run: 'r' }));
    await same(2);
    await store.put(keys.manifest(MODEL, 3), encodeJson(manifest));
    await same(3);
    await store.put(keys.manifest(MODEL, 4), new Uint8Array(3));
    await same(4);
  });

  test.each([
    [{ base: 'x' }, 'base: expected a SHA-256 in hexadecimal, got "x"'],
    [{ constants: { mean: [1], scale: ['2'] } }, 'constants.scale.0: expected a finite number, got "2"'],
    [{ files: {} }, 'files.model.json: expected an object, got nothing'],
  ])('is refused with its place: %j', async (changes, problem) => {
    const store = createMemoryStore();
    await store.put(keys.manifest(MODEL, 1), encodeJson({ ...makeManifest(1), ...changes }));
    expect(await loadServingManifest(store, MODEL, 1)).toMatchObject({
      ok: false,
      error: { kind: 'damaged', detail: `${keys.manifest(MODEL, 1)}: ${problem}` },
    });
  });
});

describe('what serving reads of an alias', () => {
  const move = {
    sequence: 2,
    action: 'promote',
    from: 3,
    to: 4,
    at: '2026-11-01T00:00:00Z',
    by: 'a test',
    reason: 'because',
    verdict: 'promote',
    forced: false,
    run: null,
  };

  test('is the version that it names, or that there is none', async () => {
    const store = createMemoryStore();
    expect(await loadChampionVersion(store, MODEL)).toEqual({ ok: true, value: null });
    await store.put(keys.alias(MODEL, 'champion'), encodeJson(move));
    expect(await loadChampionVersion(store, MODEL)).toEqual({ ok: true, value: 4 });
    expect(await loadChampion(store, MODEL)).toMatchObject({ ok: true, value: { move: { to: 4 } } });
  });

  test.each([[{ ...move, to: 0 }], [{ ...move, to: null }], [[]], [{}]])(
    'is refused where it names none: %j',
    async (stored) => {
      const store = createMemoryStore();
      await store.put(keys.alias(MODEL, 'champion'), encodeJson(stored));
      expect(await loadChampionVersion(store, MODEL)).toMatchObject({
        ok: false,
        error: { kind: 'alias-unreadable' },
      });
    },
  );
});

describe('the manifest of a base', () => {
  const DIGEST = 'ef'.repeat(32);
  const file = { sha256: DIGEST, bytes: 1 };
  const base = {
    format: 'holdfast-base/1',
    digest: DIGEST,
    source: 'a test',
    createdAt: '2026-11-01T00:00:00.000Z',
    output: 'dense_1',
    pooling: 'average',
    inputShape: [4, 4, 1],
    featureSize: 2,
    files: { 'model.json': file, 'weights.bin': file, 'edge.json': file, 'edge.bin': file },
  };
  const load = async (stored: unknown) => {
    const store = createMemoryStore();
    await store.put(keys.base(DIGEST, 'manifest.json'), encodeJson(stored));
    return loadBaseManifest(store, DIGEST);
  };

  test.each([[base], [{ ...base, partOf: DIGEST }]])('is read: %j', async (stored) => {
    expect(await load(stored)).toMatchObject({ ok: true, value: { value: stored } });
  });

  test.each([
    [{ format: 'holdfast-base/2' }, 'format: expected one of holdfast-base/1, got "holdfast-base/2"'],
    [{ pooling: 'max' }, 'pooling: expected one of none, average, flatten, got "max"'],
    [{ inputShape: [4, 0] }, 'inputShape.1: expected an integer from 1 to 9007199254740991, got 0'],
    [{ featureSize: 1.5 }, 'featureSize: expected an integer from 1 to 9007199254740991, got 1.5'],
    [{ partOf: 'x' }, 'partOf: expected a SHA-256 in hexadecimal, got "x"'],
    [{ files: { ...base.files, 'edge.bin': { ...file, bytes: -1 } } }, 'files.edge.bin.bytes: expected an'],
  ])('is refused with its place: %j', async (changes, problem) => {
    expect(await load({ ...base, ...changes })).toMatchObject({
      ok: false,
      error: { kind: 'unreadable', detail: expect.stringContaining(problem) as string },
    });
  });
});
