/**
 * A version's recipe: how its run trained it. The data it was trained on is not part of it.
 */
import { type Spec, specSchema } from '../../shared/model/spec.ts';
import { describeReadError, loadJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { loadManifest } from '../../shared/registry/versions.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { describeAugmentation } from '../augment/describe.ts';

export interface Recipe {
  readonly version: number;
  /** the snapshot that the version was trained on */
  readonly snapshot: string;
  readonly head: Spec['head'];
  readonly training: Spec['training'];
}

/** What of a spec decides how a head is trained. */
export type RecipeSettings = Pick<Recipe, 'head' | 'training'>;

/** Whether two heads were trained alike; the seed is the draw, not the recipe. */
export function sameRecipe(a: RecipeSettings, b: RecipeSettings): boolean {
  const settings = ({ head, training: { seed: _seed, ...training } }: RecipeSettings): string =>
    JSON.stringify({ head, training });
  return settings(a) === settings(b);
}

/** From the copy of the spec that the version's run went by: the error says when that run has been removed. */
export async function loadRecipe(
  store: ObjectStore,
  model: string,
  version: number,
): Promise<Result<Recipe, string>> {
  const manifest = await loadManifest(store, model, version);
  if (!manifest.ok) return err(manifest.error.detail);
  const { run, snapshot } = manifest.value;
  if (snapshot === null) return err(`version ${version} came trained: it has no recipe to compare`);
  const spec = await loadJson(store, keys.run(model, run, 'spec.json'), specSchema);
  if (!spec.ok) return err(`the recipe of version ${version} is not known: ${describeReadError(spec.error)}`);
  const { head, training } = spec.value.value;
  return ok({ version, snapshot, head, training });
}

/** `64 relu; 20 epochs of 32, step 0.001`. */
export function describeRecipe({ head, training }: RecipeSettings): string {
  const layers = head.map(({ units, activation }) => `${units} ${activation}`).join(', ');
  const { epochs, batchSize, learningRate, augmentation } = training;
  const augmented = augmentation === null ? '' : `; ${describeAugmentation(augmentation)}`;
  return `${layers === '' ? 'no hidden layer' : layers}; ${epochs} epochs of ${batchSize}, step ${learningRate}${augmented}`;
}
