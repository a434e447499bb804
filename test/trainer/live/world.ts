/**
 * A model that serves its second version, which is worse than the first or as good, and predictions whose labels come.
 */
import { writeEvents } from '../../../shared/events/inbox.ts';
import type { Event, ExampleEvent } from '../../../shared/events/schema.ts';
import { sha256Hex } from '../../../shared/digest.ts';
import type { Manifest } from '../../../shared/registry/versions/manifest.ts';
import { loadManifest, loadVersionFile, publishVersion } from '../../../shared/registry/versions/versions.ts';
import { VERSION_FILES, type VersionFile } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { promote } from '../../../shared/registry/champion/promotion.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { loadInput } from '../../../shared/events/stored-input.ts';
import { loadSpec } from '../../../shared/model/spec/load-spec.ts';
import { createNodeHost } from '../../../trainer/node/node-host.ts';
import { openAnswering } from '../../../trainer/referee/answering.ts';
import { decide } from '../../../trainer/referee/replay.ts';
import type { LookHost } from '../../../trainer/live/open-look.ts';
import { blobEvents, type BlobNight, createBlobModel } from '../../support/tabular-model.ts';
import { retrain } from '../open-run.ts';

export const MODEL = 'blobs';
export const HISTORY: BlobNight = { n: 1_500, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
/** When version 2 is promoted. */
export const PROMOTED_AT = Date.parse('2026-11-10T00:00:00Z');

/** Version 1 serves; it was trained on the history. */
export async function createWorld(): Promise<ObjectStore> {
  const store = createMemoryStore();
  await createBlobModel(store, MODEL, HISTORY);
  await retrain(store, MODEL);
  return store;
}

/** Publishes another version with the same files, `weights` of which may be changed, and makes it champion. */
export async function serveCopy(
  store: ObjectStore,
  version: number,
  change: (bin: Uint8Array) => Uint8Array,
  atMs: number,
): Promise<void> {
  const manifest = await loadManifest(store, MODEL, 1);
  if (!manifest.ok) throw new Error(manifest.error.detail);
  const files = {} as Record<VersionFile, Uint8Array>;
  for (const name of VERSION_FILES) {
    const file = await loadVersionFile(store, manifest.value, name);
    if (!file.ok) throw new Error(file.error.detail);
    files[name] = name === 'edge.bin' ? change(file.value.slice()) : file.value;
  }
  const described = Object.fromEntries(
    VERSION_FILES.map((name) => [name, { bytes: files[name].byteLength, sha256: sha256Hex(files[name]) }]),
  ) as Manifest['files'];
  const { provenance: _, ...rest } = manifest.value;
  await publishVersion(
    store,
    {
      ...rest,
      version,
      run: `run-${version}`,
      snapshot: null,
      parent: 1,
      files: described,
    },
    files,
  );
  const at = new Date(atMs);
  const moved = await promote(store, MODEL, version, { by: 'ada', reason: 'a test', at, force: true });
  if (!moved.ok) throw new Error(moved.error.detail);
}

/** Lowers the bias of one class by so much: at 3 and a drift of 0.8 some 5 points worse, at 1.5 some 2. */
export function spoil(by: number, classId = 2): (bin: Uint8Array) => Uint8Array {
  return (bin) => {
    const weights = new Float32Array(bin.buffer, bin.byteOffset, bin.byteLength / 4);
    // Biases of the last layer: 2 x 16, 16, 16 x 3 numbers come before them.
    const at = 96 + classId;
    weights[at] = (weights[at] ?? 0) - by;
    return bin;
  };
}

/** As good as version 1, and not the same weights. */
export const AS_GOOD = spoil(0.001);

export async function hostAt(store: ObjectStore, ms: number): Promise<LookHost> {
  const host = await createNodeHost({ store, threads: 1 });
  return { ...host, now: () => new Date(ms) };
}

export interface Traffic {
  readonly n: number;
  readonly seed: number;
  readonly fromMs: number;
  /** which predictions get a label: all when left out */
  readonly labelled?: (i: number, right: boolean) => boolean;
  readonly delayMs?: number;
  readonly drift?: number;
  readonly poisoned?: boolean;
}

/** Predictions as a version makes them, and their labels, one a second. */
export async function trafficOf(store: ObjectStore, version: number, traffic: Traffic): Promise<Event[]> {
  const { n, seed, fromMs, labelled = () => true, delayMs = 60_000, drift = 0, poisoned = false } = traffic;
  const spec = await loadSpec(store, MODEL);
  if (!spec.ok) throw new Error(spec.error.detail);
  const wholes = blobEvents({ n, seed, fromMs, drift, poisoned });
  const raw = await Promise.all(wholes.map((event) => rawOf(store, event)));
  const versions = await openAnswering(await hostAt(store, fromMs), spec.value.spec, [version]);
  const outputs = versions.answer(raw).get(version);
  versions.close();
  if (outputs === undefined) throw new Error(`version ${version} does not answer`);
  const said = decide(spec.value, outputs, n);
  return wholes.flatMap(({ input, label, at }, i): Event[] => {
    const id = `p-${seed}-${i}`;
    const predicted = said[i] as number;
    const prediction: Event = { kind: 'prediction', id, at, version, input, predicted };
    const came: Event = { kind: 'label', id: `l-${id}`, at: at + delayMs, prediction: id, label };
    return labelled(i, predicted === label) ? [prediction, came] : [prediction];
  });
}

async function rawOf(store: ObjectStore, { input }: ExampleEvent): Promise<Float32Array> {
  const raw = await loadInput(store, MODEL, input, 2);
  if (!raw.ok) throw new Error(raw.error);
  return raw.value;
}

export async function collect(store: ObjectStore, events: readonly Event[], ms: number): Promise<void> {
  await writeEvents(store, MODEL, events, new Date(ms));
}
