/**
 * Taking a model away, and bringing it back. Deleting moves two objects: spec and champion go into `deleted/<name>.json`,
 * so that nobody finds or serves the model, and all it ever collected stays where it is until it is purged.
 */
import * as z from '../../shared/zod.ts';
import { moveSchema, type Move } from '../../shared/registry/champion/alias.ts';
import { describeReadError, encodeJson, loadJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';

const deletionSchema = z.object({
  format: z.literal('holdfast-deleted/1'),
  model: z.string(),
  at: z.iso.datetime(),
  by: z.string(),
  reason: z.string(),
  /** As it stood: it is put back byte for byte. */
  spec: z.record(z.string(), z.unknown()),
  champion: z.nullable(moveSchema),
});
export type Deletion = z.infer<typeof deletionSchema>;

export interface DeleteRequest {
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
}

export interface Refused {
  readonly kind: 'unknown-model' | 'not-deleted' | 'model-exists' | 'unreadable';
  readonly detail: string;
}

/**
 * The record first, then the alias, then the spec. After a crash in between the same call goes on: the record that is
 * there keeps what it has.
 *
 * @returns the record; an error where there is no such model
 */
export async function deleteModel(
  store: ObjectStore,
  model: string,
  { by, reason, at }: DeleteRequest,
): Promise<Result<Deletion, Refused>> {
  const begun = await loadDeletion(store, model);
  if (!begun.ok && begun.error.kind !== 'not-deleted') return begun;
  const spec = await loadJson(store, keys.spec(model), z.record(z.string(), z.unknown()));
  if (!begun.ok) {
    if (!spec.ok) {
      return spec.error.kind === 'missing'
        ? err({ kind: 'unknown-model', detail: `there is no model ${JSON.stringify(model)}` })
        : err({ kind: 'unreadable', detail: describeReadError(spec.error) });
    }
    const champion = await loadAlias(store, model);
    if (!champion.ok) return champion;
    const record: Deletion = {
      format: 'holdfast-deleted/1',
      model,
      at: at.toISOString(),
      by,
      reason,
      spec: spec.value.value,
      champion: champion.value,
    };
    await store.put(keys.deleted(model), encodeJson(record), { absent: true });
  }
  await store.delete(keys.alias(model, 'champion'));
  await store.delete(keys.spec(model));
  return loadDeletion(store, model);
}

async function loadAlias(store: ObjectStore, model: string): Promise<Result<Move | null, Refused>> {
  const alias = await loadJson(store, keys.alias(model, 'champion'), moveSchema);
  if (alias.ok) return ok(alias.value.value);
  if (alias.error.kind === 'missing') return ok(null);
  return err({ kind: 'unreadable', detail: describeReadError(alias.error) });
}

/** @returns what was deleted; `not-deleted` where nothing of that name was */
export async function loadDeletion(store: ObjectStore, model: string): Promise<Result<Deletion, Refused>> {
  const record = await loadJson(store, keys.deleted(model), deletionSchema);
  if (record.ok) return ok(record.value.value);
  if (record.error.kind !== 'missing')
    return err({ kind: 'unreadable', detail: describeReadError(record.error) });
  return err({
    kind: 'not-deleted',
    detail: `no model ${JSON.stringify(model)} was deleted, or it has been purged`,
  });
}

/** Why a model of this name can't be made: one is there, or was deleted and waits. */
export async function describeTaken(store: ObjectStore, model: string): Promise<string> {
  const deleted = await loadDeletion(store, model);
  if (!deleted.ok) return `there is a model ${model} already; holdfast spec set ${model} changes it`;
  return `a model ${model} was deleted on ${deleted.value.at.slice(0, 10)} (${deleted.value.reason}) and waits: holdfast undelete ${model} brings it back, holdfast purge ${model} frees its name`;
}

/** All that were deleted and not purged, by name. */
export async function listDeletions(store: ObjectStore): Promise<Deletion[]> {
  const found: Deletion[] = [];
  for (const key of await store.list(keys.deletedModels)) {
    const record = await loadDeletion(store, key.slice(keys.deletedModels.length, -'.json'.length));
    if (record.ok) found.push(record.value);
  }
  return found;
}

/** Spec and champion back, then the record away: it serves again within the time that an alias is remembered. */
export async function undeleteModel(store: ObjectStore, model: string): Promise<Result<Deletion, Refused>> {
  const record = await loadDeletion(store, model);
  if (!record.ok) return record;
  const { spec, champion } = record.value;
  const bytes = encodeJson(spec);
  const put = await store.put(keys.spec(model), bytes, { absent: true });
  const present = put === null ? await store.get(keys.spec(model)) : null;
  if (present !== null && !sameBytes(present.bytes, bytes))
    return err({
      kind: 'model-exists',
      detail: `there is another model ${model} by now: delete that one first`,
    });
  if (champion !== null)
    await store.put(keys.alias(model, 'champion'), encodeJson(champion), { absent: true });
  await store.delete(keys.deleted(model));
  return record;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

/**
 * Removes all that a deleted model left, for good; its name is free then. Bases stay: others may have them.
 *
 * @param onProgress  objects removed, of how many
 * @returns how many objects were removed
 */
export async function purgeModel(
  store: ObjectStore,
  model: string,
  onProgress: (done: number, of: number) => void = () => {},
): Promise<Result<number, Refused>> {
  const record = await loadDeletion(store, model);
  if (!record.ok) return record;
  const left = await store.list(`${keys.models}${model}/`);
  const together = 20;
  for (let at = 0; at < left.length; at += together) {
    await Promise.all(left.slice(at, at + together).map((key) => store.delete(key)));
    onProgress(Math.min(at + together, left.length), left.length);
  }
  await store.delete(keys.deleted(model));
  return ok(left.length);
}
