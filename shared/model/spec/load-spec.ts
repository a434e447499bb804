/**
 * Reading and saving a spec.
 */
import { sha256Hex } from '../../digest.ts';
import { encodeJson, loadJson } from '../../registry/store/json.ts';
import { keys } from '../../registry/store/keys.ts';
import type { ObjectStore } from '../../registry/store/store.ts';
import { err, ok, type Result } from '../../result.ts';
import { type SpecError, toSpec } from './find-spec.ts';
import { type Spec, specSchema } from './spec.ts';

export interface LoadedSpec {
  readonly spec: Spec;
  readonly etag: string;
  /** SHA-256 of the spec's canonical JSON: what a manifest records. */
  readonly digest: string;
}

/**
 * The spec with its ETag, for a conditional put, and its digest; an error where there is none or it does not validate.
 */
export async function loadSpec(store: ObjectStore, model: string): Promise<Result<LoadedSpec, SpecError>> {
  const found = toSpec(model, await loadJson(store, keys.spec(model), specSchema));
  if (!found.ok) return found;
  const { value: spec, etag } = found.value;
  return ok({ spec, etag, digest: specDigest(spec) });
}

/** SHA-256 in hexadecimal over the spec as it is stored: what a run says it went by. */
export function specDigest(spec: Spec): string {
  return sha256Hex(encodeJson(spec));
}

/** Writes a new model's spec; false when the name is taken, also by what is left of a model that was deleted. */
export async function createModel(store: ObjectStore, spec: Spec): Promise<boolean> {
  if ((await store.get(keys.deleted(spec.name))) !== null) return false;
  return (await store.put(keys.spec(spec.name), encodeJson(spec), { absent: true })) !== null;
}

/** Facts that give stored examples and versions their meaning. */
const FIXED = ['name', 'task', 'input', 'target', 'base', 'salt'] as const;
type Facts = Readonly<Partial<Record<(typeof FIXED)[number], unknown>>>;

export type ReplaceError =
  | { readonly kind: 'fixed'; readonly detail: string }
  | { readonly kind: 'lost-race'; readonly detail: string };

/**
 * Replaces the spec that was read. What the bytes of an example mean can't change: that would be another model. Labels may
 * be added after those that are there; the holdout only grows.
 */
export async function replaceSpec(
  store: ObjectStore,
  seen: LoadedSpec,
  wanted: Spec,
): Promise<Result<Spec, ReplaceError>> {
  const { name } = seen.spec;
  const moved = movedLabel(seen.spec, wanted);
  if (moved !== null) return err({ kind: 'fixed', detail: `${name}: ${moved}` });
  const changed = changedFact(seen.spec, wanted);
  if (changed !== undefined) {
    const detail = `${name}: ${changed} can't change, because examples and versions depend on it; create another model instead`;
    return err({ kind: 'fixed', detail });
  }
  const { fraction } = seen.spec.holdout;
  if (wanted.holdout.fraction < fraction) {
    const detail = `${name}: holdout.fraction: expected at least ${fraction}, got ${wanted.holdout.fraction}: what was held out once is never trained on`;
    return err({ kind: 'fixed', detail });
  }
  const written = await store.put(keys.spec(name), encodeJson(wanted), { etag: seen.etag });
  return written === null
    ? err({ kind: 'lost-race', detail: `${name}: somebody else changed the spec meanwhile; read it again` })
    : ok(wanted);
}

/** Versions and stored examples know a label by its place. */
function movedLabel(before: Spec, after: Spec): string | null {
  if (before.task !== 'classification' || after.task !== 'classification') return null;
  const at = before.labels.findIndex((label, i) => after.labels[i] !== label);
  if (at === -1) return null;
  const [was, is] = [before.labels[at], after.labels[at]].map((label) => JSON.stringify(label) ?? 'nothing');
  return `labels[${at}]: expected ${was}, got ${is}: examples and versions know a label by its place, so new ones come after those that are there`;
}

function changedFact(before: Facts, after: Facts): string | undefined {
  return FIXED.find((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
}
