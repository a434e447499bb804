import { beforeAll, describe, expect, test } from 'vitest';
import { encodeJson } from '../../../shared/registry/store/json.ts';
import { keys, VERSION_FILES } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { Reproduction } from '../../../shared/registry/jobs/reproductions.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import { sha256Hex } from '../../../shared/digest.ts';
import { runJob } from '../../../trainer/node/job.ts';
import { reproduceHere, type ReproduceOptions } from '../../../trainer/node/reproduce-job.ts';
import { ENGINE } from '../../../trainer/pipeline/fine-tune/engine.ts';
import type { VersionFiles } from '../../../trainer/run/candidate-files.ts';
import { copyOf } from '../../support/copy-of.ts';
import { Crash, countWrites, crashAtWrite } from '../../support/faulty-store.ts';
import { type Case, CASES } from './cases.ts';

async function retrain(store: ObjectStore, model: string): Promise<void> {
  const run = await runJob({ store, model, by: 'a test', promote: true });
  if (!run.ok) throw new Error(run.error.detail);
  expect(run.value).toMatchObject({ status: 'complete', error: null });
}

/** With the case's version trained, and nothing left of any run. */
async function makeVersion({ model, prepare }: Case): Promise<ObjectStore> {
  const store = createMemoryStore();
  await prepare(store, () => retrain(store, model));
  await retrain(store, model);
  for (const key of await store.list(keys.jobs('run', model))) await store.delete(key);
  return store;
}

async function reproduce(
  store: ObjectStore,
  { model, version }: Case,
  options: Partial<ReproduceOptions> = {},
): Promise<Reproduction> {
  const ended = await reproduceHere({ store, model, version, recompute: false, by: 'a test', ...options });
  if (!ended.ok) throw new Error(ended.error.detail);
  return ended.value;
}

async function listEtags(store: ObjectStore): Promise<Map<string, string>> {
  const listed = new Map<string, string>();
  for (const key of await store.list('')) listed.set(key, (await store.get(key))?.etag ?? 'none');
  return listed;
}

const [fresh, , , retried] = CASES as [Case, Case, Case, Case];
const copies = CASES.find(({ model }) => model === 'copies') as Case;

describe.each(CASES)('a version made of $name', (made) => {
  let store: ObjectStore;

  beforeAll(async () => {
    store = await makeVersion(made);
  });

  test('is trained again to the same digests, and nothing but the record is written', async () => {
    const before = await listEtags(store);
    let files: VersionFiles | undefined;
    const ended = await reproduce(store, made, { onFiles: async (given) => void (files = given) });
    expect(ended).toMatchObject({ status: 'complete', otherBinaries: [], error: null });
    expect(ended.outcome).toMatchObject({ same: true, difference: null });
    expect(ended.outcome?.files.map(({ file }) => file)).toEqual(VERSION_FILES);
    const after = await listEtags(store);
    const own = [...after.keys()].filter((key) => !before.has(key));
    expect(own).toEqual([keys.job('reproduction', made.model, ended.id, 'reproduction.json')]);
    for (const key of own) after.delete(key);
    expect(after).toEqual(before);
    const manifest = await loadManifest(store, made.model, made.version);
    expect(manifest.ok && manifest.value.files['edge.bin'].sha256).toBe(sha256Hex(files?.['edge.bin'] ?? ''));
    expect(ended.outcome?.metrics.length).toBeGreaterThan(0);
  });
});

describe('features and copies that are gone, or not to be trusted', () => {
  let store: ObjectStore;

  beforeAll(async () => {
    store = await makeVersion(copies);
  });

  test('are computed again', async () => {
    const emptied = await copyOf(store);
    for (const cache of [keys.featuresOf(copies.model), keys.copiesOf(copies.model)])
      for (const key of await emptied.list(cache)) await emptied.delete(key);
    const before = (await emptied.list('')).length;
    expect((await reproduce(emptied, copies)).outcome).toMatchObject({ same: true });
    expect(await emptied.list('')).toHaveLength(before + 1);
  });

  test('are computed again where that is asked for', async () => {
    const altered = await copyOf(store);
    for (const key of await altered.list(keys.featuresOf(copies.model)))
      await altered.put(key, new TextEncoder().encode('nothing that could be read'));
    expect(await reproduce(altered, copies)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('was truncated or altered') as string,
    });
    expect((await reproduce(altered, copies, { recompute: true })).outcome).toMatchObject({ same: true });
  });
});

describe('what has changed since the version was trained is named', () => {
  let store: ObjectStore;

  beforeAll(async () => {
    store = await makeVersion(retried);
  });

  const provenanceKey = keys.provenance(retried.model, retried.version);
  const manifestKey = keys.manifest(retried.model, retried.version);

  async function readJson(from: ObjectStore, key: string): Promise<Record<string, unknown>> {
    const object = await from.get(key);
    return JSON.parse(new TextDecoder().decode(object?.bytes)) as Record<string, unknown>;
  }

  /** Another provenance, which the manifest vouches for. */
  async function withProvenance(
    change: (provenance: Record<string, unknown>) => object,
  ): Promise<ObjectStore> {
    const altered = await copyOf(store);
    const bytes = encodeJson(change(await readJson(store, provenanceKey)));
    await altered.put(provenanceKey, bytes);
    const manifest = await readJson(store, manifestKey);
    const provenance = { sha256: sha256Hex(bytes), bytes: bytes.length };
    await altered.put(manifestKey, encodeJson({ ...manifest, provenance }));
    return altered;
  }

  async function differenceIn(altered: ObjectStore) {
    const { outcome } = await reproduce(altered, retried);
    expect(outcome?.same).toBe(false);
    return outcome?.difference;
  }

  test('the provenance itself', async () => {
    const altered = await copyOf(store);
    const provenance = await readJson(store, provenanceKey);
    await altered.put(provenanceKey, encodeJson({ ...provenance, run: 'another' }));
    const difference = await differenceIn(altered);
    expect(difference).toMatchObject({ stage: 'spec' });
    expect(difference?.detail).toMatch(/^models\/retried\/versions\/2\/provenance\.json: expected .* got /);
  });

  test('the spec, where the provenance is vouched for', async () => {
    const altered = await withProvenance(({ spec, ...rest }) => ({
      ...rest,
      spec: { ...(spec as object), description: 'x' },
    }));
    const difference = await differenceIn(altered);
    expect(difference).toMatchObject({ stage: 'spec' });
    expect(difference?.detail).toContain(
      'the spec in models/retried/versions/2/provenance.json: expected SHA-256',
    );
  });

  test('the snapshot, its index and its shards', async () => {
    const altered = await copyOf(store);
    const manifest = await readJson(store, manifestKey);
    const index = keys.snapshot(retried.model, String(manifest['snapshot']));
    await altered.put(index, encodeJson({ ...(await readJson(store, index)), cutoffMs: 1 }));
    expect(await differenceIn(altered)).toMatchObject({
      stage: 'snapshot',
      detail: expect.stringContaining(index) as string,
    });
    const shards = await copyOf(store);
    const [shard] = await shards.list(`models/${retried.model}/snapshots/shards/`);
    await shards.put(shard as string, new TextEncoder().encode('no examples'));
    expect(await differenceIn(shards)).toEqual({
      stage: 'snapshot',
      detail: `${shard} was truncated or altered`,
    });
  });

  test('the champion that it learned from', async () => {
    const altered = await copyOf(store);
    const key = keys.versionFile(retried.model, 1, 'weights.bin');
    const { bytes } = (await store.get(key)) ?? { bytes: new Uint8Array(1) };
    bytes[0] = (bytes[0] as number) ^ 1;
    await altered.put(key, bytes);
    const difference = await differenceIn(altered);
    expect(difference).toMatchObject({ stage: 'champion' });
    expect(difference?.detail).toContain('version 2 learned from version 1, which served then');
  });

  test('the binaries, before anything else is said', async () => {
    const altered = await withProvenance((provenance) => ({
      ...provenance,
      engine: { ...ENGINE, 'kernels.wasm': 'ab'.repeat(32) },
    }));
    const ended = await reproduce(altered, retried);
    expect(ended.otherBinaries).toEqual([
      { file: 'kernels.wasm', recorded: 'ab'.repeat(32), here: ENGINE['kernels.wasm'] },
    ]);
    expect(ended.outcome).toMatchObject({ same: true });
  });

  test('what was drawn', async () => {
    const altered = await withProvenance((provenance) => ({ ...provenance, split: 'cd'.repeat(32) }));
    await breakFile(altered);
    expect(await differenceIn(altered)).toMatchObject({ stage: 'split' });
  });

  test('the course of the training, by its first other number', async () => {
    const altered = await withProvenance(({ training, ...rest }) => {
      const { epochs, ...course } = training as { epochs: { epoch: number; loss: number }[] };
      const others = epochs.map((epoch) => (epoch.epoch < 3 ? epoch : { ...epoch, loss: epoch.loss + 1 }));
      return { ...rest, training: { ...course, epochs: others } };
    });
    await breakFile(altered);
    const difference = await differenceIn(altered);
    expect(difference).toMatchObject({ stage: 'training' });
    expect(difference?.detail).toMatch(/^epoch 3: loss \d\.\d+ became \d\.\d+$/);
  });

  test('the weights, by the one that is furthest away', async () => {
    const altered = await copyOf(store);
    await breakFile(altered, (bytes) => new DataView(bytes.buffer, bytes.byteOffset).setFloat32(8, 77, true));
    const difference = await differenceIn(altered);
    expect(difference).toMatchObject({ stage: 'weights' });
    expect(difference?.detail).toMatch(
      /^the largest difference is 7[67]\.\d, in .*kernel, whose weights are up to 77/,
    );
  });

  /** Another weights.bin, which the manifest vouches for. */
  async function breakFile(
    altered: ObjectStore,
    change: (bytes: Uint8Array) => void = (bytes) => bytes.fill(1, 0, 4),
  ): Promise<void> {
    const key = keys.versionFile(retried.model, retried.version, 'weights.bin');
    const { bytes } = (await altered.get(key)) ?? { bytes: new Uint8Array() };
    change(bytes);
    await altered.put(key, bytes);
    const manifest = await readJson(altered, manifestKey);
    const files = {
      ...(manifest['files'] as object),
      'weights.bin': { sha256: sha256Hex(bytes), bytes: bytes.length },
    };
    await altered.put(manifestKey, encodeJson({ ...manifest, files }));
  }

  test('what is gone fails by name', async () => {
    const altered = await copyOf(store);
    const manifest = await readJson(store, manifestKey);
    const index = keys.snapshot(retried.model, String(manifest['snapshot']));
    await altered.delete(index);
    expect(await reproduce(altered, retried)).toMatchObject({
      status: 'failed',
      error: `version 2 was trained on snapshot ${String(manifest['snapshot'])}: ${index} is not there`,
    });
    const orphan = await copyOf(store);
    await orphan.delete(keys.manifest(retried.model, 1));
    expect(await reproduce(orphan, retried)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining(
        'version 2 learned from version 1, which served then: version 1 of retried is not',
      ) as string,
    });
  });

  test('versions that came trained, older ones and unknown ones are refused', async () => {
    const altered = await copyOf(store);
    const ask = async () => {
      const ended = await reproduceHere({
        store: altered,
        model: retried.model,
        version: 2,
        recompute: false,
        by: 'a test',
      });
      return ended.ok ? 'begun' : ended.error.detail;
    };
    const { provenance: _, ...older } = await readJson(store, manifestKey);
    await altered.put(manifestKey, encodeJson({ ...older, snapshot: null, run: 'import-1' }));
    expect(await ask()).toBe(
      'version 2 of retried came trained (import-1): there is no training to do again',
    );
    await altered.put(manifestKey, encodeJson(older));
    expect(await ask()).toContain('was published before versions kept what their training depended on');
    await altered.delete(manifestKey);
    expect(await ask()).toContain('version 2 of retried is not completely published');
    expect(await altered.list(keys.jobs('reproduction', retried.model))).toEqual([]);
  });
});

describe('a reproduction that is killed', () => {
  test('goes on where it was, and leaves nothing behind but its record', async () => {
    const store = await makeVersion(fresh);
    const counted = countWrites(await copyOf(store));
    await reproduce(counted, fresh);
    for (let k = 1; k <= counted.writes(); k++) {
      const world = await copyOf(store);
      const before = await world.list('');
      let id = '';
      const crashing = reproduce(crashAtWrite(world, k, 'after'), fresh, {
        onStart: (begun) => (id = begun),
      });
      await expect(crashing).rejects.toThrow(Crash);
      const begun = await world.folders(keys.jobs('reproduction', fresh.model));
      const ended = await reproduce(world, fresh, { resume: id === '' ? (begun[0] as string) : id });
      expect(ended).toMatchObject({ status: 'complete', outcome: { same: true } });
      const own = (await world.list('')).filter((key) => !before.includes(key));
      expect(own).toEqual([keys.job('reproduction', fresh.model, ended.id, 'reproduction.json')]);
    }
  });
});
