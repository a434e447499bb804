/**
 * What a training may start from: the champion's head with its preprocessing, which belong together.
 */
import * as z from 'zod';
import type { TrainingRecipe } from '../../../shared/model/spec/training.ts';
import type { ModelLayers } from '../../model/trunk.ts';
import { parseJson } from '../../../shared/registry/store/json.ts';
import type { Constants } from '../../../shared/registry/versions/manifest.ts';
import { loadManifest, loadVersionFile } from '../../../shared/registry/versions/versions.ts';
import type { RunData } from '../../run/context.ts';
import { publishedModel } from '../../model/head-layers.ts';
import { trunkSize, wantedTrunk } from '../../model/trunk-layers.ts';
import { RunFailure } from '../../run-failure.ts';

export interface Start {
  readonly version: number;
  readonly constants: Constants | null;
  /** The champion's layers where they are the spec's and read `size` numbers; null to start afresh. */
  readonly model: (size: number) => ModelLayers | null;
}

/** Null where the recipe wants a fresh head, there is no champion, or it reads another base. */
export async function chooseStart(ctx: RunData, recipe: TrainingRecipe): Promise<Start | null> {
  const { store, run, spec, unfrozen } = ctx;
  if (recipe.start === 'fresh' || run.championAtStart === null) return null;
  const manifest = await loadManifest(store, run.model, run.championAtStart);
  if (!manifest.ok) throw new RunFailure(`the champion: ${manifest.error.detail}`);
  const { base, version, constants } = manifest.value;
  if (base !== ctx.base && base !== unfrozen?.base) return null;
  const read = async (file: 'model.json' | 'weights.bin'): Promise<Uint8Array> => {
    const loaded = await loadVersionFile(store, manifest.value, file);
    if (!loaded.ok) throw new RunFailure(`the champion: ${loaded.error.detail}`);
    return loaded.value;
  };
  const json = parseJson(await read('model.json'), z.unknown());
  if (!json.ok) throw new RunFailure(`the champion's model.json: ${json.error}`);
  const weights = await read('weights.bin');
  // A head on the whole base is one that the end of the base can be trained with.
  const trunk = base === ctx.base ? wantedTrunk(ctx) : null;
  return {
    version,
    constants,
    model: (size) => publishedModel(spec, trunk, trunkSize(ctx, size), json.value, weights),
  };
}
