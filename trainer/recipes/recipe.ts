/**
 * A version's recipe: how its run trained it. The data it was trained on is not part of it.
 */
import { describeLayer } from '../../shared/model/spec/network.ts';
import { type Spec, specSchema } from '../../shared/model/spec/spec.ts';
import { describeReadError, loadJson, parseJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { Manifest } from '../../shared/registry/versions/manifest.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { describeDamage } from '../../shared/registry/versions/find-version.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { describeAugmentation } from '../augment/describe.ts';
import { provenanceSchema } from '../pipeline/fine-tune/provenance.ts';
import type { Recipe, RecipeSettings } from '../run/split-backend.ts';

/**
 * Whether two heads were trained alike; the seed is the draw, not the recipe, and a retry is for a candidate that has
 * one champion to agree with.
 */
export function sameRecipe(a: RecipeSettings, b: RecipeSettings): boolean {
  const settings = ({
    head,
    network,
    training: { seed: _seed, retry: _retry, ...training },
  }: RecipeSettings): string => JSON.stringify({ head, network, training });
  return settings(a) === settings(b);
}

/** The error says which version's recipe is not known, and why. */
export async function loadRecipe(
  store: ObjectStore,
  model: string,
  version: number,
): Promise<Result<Recipe, string>> {
  const manifest = await loadManifest(store, model, version);
  if (!manifest.ok) return err(manifest.error.detail);
  const { snapshot } = manifest.value;
  if (snapshot === null) return err(`version ${version} came trained: it has no recipe to compare`);
  const spec = await loadSpecOf(store, manifest.value);
  if (!spec.ok) return err(`the recipe of version ${version} is not known: ${spec.error}`);
  const { head, network, training } = spec.value;
  return ok({ version, snapshot, head, ...(network && { network }), training });
}

/** The spec that a version was trained by. One from before versions kept it has only its run's copy. */
async function loadSpecOf(
  store: ObjectStore,
  { model, version, run, provenance }: Manifest,
): Promise<Result<Spec, string>> {
  if (provenance === undefined) {
    const copy = await loadJson(store, keys.run(model, run, 'spec.json'), specSchema);
    return copy.ok ? ok(copy.value.value) : err(describeReadError(copy.error));
  }
  const key = keys.provenance(model, version);
  const bytes = (await store.get(key))?.bytes;
  const damage = await describeDamage(key, provenance, bytes);
  if (damage !== null || bytes === undefined) return err(damage ?? key);
  const kept = parseJson(bytes, provenanceSchema);
  return kept.ok ? ok(kept.value.spec) : err(`${key}: ${kept.error}`);
}

/** `64 relu; 20 epochs of 32, step 0.001`. */
export function describeRecipe({ head, network = [], training }: RecipeSettings): string {
  const hidden = head.map(({ units, activation }) => `${units} ${activation}`);
  const layers = [...network.map(describeLayer), ...hidden].join(', ');
  const { epochs, batchSize, learningRate, augmentation } = training;
  const augmented = augmentation === null ? '' : `; ${describeAugmentation(augmentation)}`;
  return `${layers === '' ? 'no hidden layer' : layers}; ${epochs} epochs of ${batchSize}, step ${learningRate}${augmented}`;
}
