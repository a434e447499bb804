/**
 * What the pipeline's steps read of a run, where there is none: nothing is recorded, judged or timed.
 */
import { loadSpec } from '../../shared/model/spec/load-spec.ts';
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { RunContext, Host } from '../run/context.ts';
import { loadRecipe } from '../recipes/recipe.ts';
import type { Recipe } from '../run/split-backend.ts';

export interface ComparedVersions {
  readonly ctx: RunContext;
  /** in the order in which they were named */
  readonly recipes: readonly [Recipe, Recipe];
  /** the later version's, on which they are compared unless another is named */
  readonly snapshot: string;
}

/** Errors are for whoever asked: an unknown model or version, a recipe that is gone. */
export async function openVersions(
  host: Host,
  model: string,
  versions: readonly [number, number],
): Promise<Result<ComparedVersions, string>> {
  const { store } = host;
  const spec = await loadSpec(store, model);
  if (!spec.ok) return err(spec.error.detail);
  const first = await loadRecipe(store, model, versions[0]);
  if (!first.ok) return first;
  const second = await loadRecipe(store, model, versions[1]);
  if (!second.ok) return second;
  const later = first.value.version > second.value.version ? first.value : second.value;
  const run = { model, id: 'comparison' } as RunRecord;
  return ok({
    ctx: { ...host, run, spec: spec.value.spec, base: spec.value.spec.base },
    recipes: [first.value, second.value],
    snapshot: later.snapshot,
  });
}
