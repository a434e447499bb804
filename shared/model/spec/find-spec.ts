/**
 * Finding a model: which there are, and what may be wrong with a spec, whoever reads how much of it.
 */
import { describeReadError, type Loaded, type ReadError } from '../../registry/store/json.ts';
import { keys } from '../../registry/store/keys.ts';
import type { ObjectStore } from '../../registry/store/store.ts';
import { err, type Result } from '../../result.ts';

export type SpecError =
  | { readonly kind: 'unknown-model'; readonly model: string; readonly detail: string }
  | { readonly kind: 'spec-unreadable'; readonly model: string; readonly detail: string };

/** Names of all models, ascending; not of those that were deleted and wait to be purged. */
export async function listModels(store: ObjectStore): Promise<string[]> {
  const [names, deleted] = await Promise.all([store.folders(keys.models), store.list(keys.deletedModels)]);
  const gone = new Set(deleted);
  return names.filter((name) => !gone.has(keys.deleted(name)));
}

/** What was read in the place of a model's spec, as that model's or as what is wrong with it. */
export function toSpec<S extends { readonly name: string }>(
  model: string,
  read: Result<Loaded<S>, ReadError>,
): Result<Loaded<S>, SpecError> {
  if (!read.ok && read.error.kind === 'missing') {
    return err({ kind: 'unknown-model', model, detail: `there is no model ${JSON.stringify(model)}` });
  }
  if (!read.ok) return err({ kind: 'spec-unreadable', model, detail: describeReadError(read.error) });
  const { name } = read.value.value;
  if (name === model) return read;
  const detail = `${keys.spec(model)}: expected the spec of ${model}, got that of ${name}`;
  return err({ kind: 'spec-unreadable', model, detail });
}
