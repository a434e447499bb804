/**
 * What a version was trained on that is not what it was any more. What is gone is another matter: it fails by name.
 */
import { sha256Hex } from '../../shared/digest.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { loadManifest, loadVersionFile } from '../../shared/registry/versions/versions.ts';
import { loadSnapshot, readShard, shardsOf } from '../pipeline/data/snapshot-file.ts';
import type { TrainingRecipe } from '../../shared/model/spec/training.ts';
import type { Difference } from './differences.ts';
import type { TrainingOrigin } from './origin.ts';
import { RunFailure } from '../run-failure.ts';

/**
 * @returns the first thing that was altered, in the order in which a training comes by them; null where nothing was
 * @throws RunFailure where something is not there
 */
export async function findAltered(store: ObjectStore, origin: TrainingOrigin): Promise<Difference | null> {
  if (origin.altered !== null) return { stage: 'spec', detail: origin.altered };
  return (await findOtherSnapshot(store, origin)) ?? findOtherChampion(store, origin);
}

async function findOtherSnapshot(
  store: ObjectStore,
  { manifest: { model, version, snapshot }, provenance }: TrainingOrigin,
): Promise<Difference | null> {
  const key = keys.snapshot(model, snapshot);
  const index = await store.get(key);
  if (index === null)
    throw new RunFailure(`version ${version} was trained on snapshot ${snapshot}: ${key} is not there`);
  const digest = sha256Hex(index.bytes);
  if (digest !== provenance.snapshot) {
    return { stage: 'snapshot', detail: `${key}: expected SHA-256 ${provenance.snapshot}, got ${digest}` };
  }
  for (const shard of shardsOf(await loadSnapshot(store, model, snapshot))) {
    const examples = await readShard(store, model, shard);
    if (!examples.ok && examples.error.kind === 'altered') {
      return { stage: 'snapshot', detail: examples.error.detail };
    }
    if (!examples.ok) throw new RunFailure(`snapshot ${snapshot}: ${examples.error.detail}`);
  }
  return null;
}

async function findOtherChampion(
  store: ObjectStore,
  { manifest: { model, version }, provenance: { champion, training } }: TrainingOrigin,
): Promise<Difference | null> {
  if (champion === null || !asksChampion(training.recipe)) return null;
  const manifest = await loadManifest(store, model, champion.version);
  const role = `version ${version} learned from version ${champion.version}, which served then`;
  if (!manifest.ok) throw new RunFailure(`${role}: ${manifest.error.detail}`);
  const weights = manifest.value.files['weights.bin'].sha256;
  if (weights !== champion.weights) {
    const detail = `${role}: its weights.bin had the SHA-256 ${champion.weights}, and has ${weights}`;
    return { stage: 'champion', detail };
  }
  for (const file of ['model.json', 'weights.bin', 'edge.json', 'edge.bin'] as const) {
    const loaded = await loadVersionFile(store, manifest.value, file);
    if (!loaded.ok) return { stage: 'champion', detail: `${role}: ${loaded.error.detail}` };
  }
  return null;
}

/** A training that starts afresh and listens to nobody takes no more of the champion than its number. */
function asksChampion({ start, distillation }: TrainingRecipe): boolean {
  return start !== 'fresh' || distillation.kind !== 'none';
}
