/**
 * A version out of the store, loaded as the edge loads it.
 */
import { createServable, type Servable } from '../../shared/model/run/predictor.ts';
import { createRuntime } from '../../shared/model/run/runtime.ts';
import { loadBase, loadHead } from '../../shared/model/run/servable.ts';
import { loadWasmModule } from '../../shared/model/run/wasm-node.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import { loadChampion } from '../../shared/registry/champion/alias.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';
import { err, ok, type Result } from '../../shared/result.ts';

export interface OpenVersion {
  readonly version: number;
  readonly predict: Servable['predict'];
  close(): void;
}

/**
 * Loads a version, verified against its manifest.
 *
 * @param asked  null: the champion
 * @returns an error where it is not there or damaged, or where nothing serves
 */
export async function openVersion(
  store: ObjectStore,
  spec: Spec,
  asked: number | null,
): Promise<Result<OpenVersion, string>> {
  const version = asked === null ? await championOf(store, spec.name) : ok(asked);
  if (!version.ok) return version;
  const manifest = await loadManifest(store, spec.name, version.value);
  if (!manifest.ok) return err(manifest.error.detail);
  const runtime = createRuntime(await loadWasmModule());
  const head = await loadHead(store, runtime, manifest.value);
  if (!head.ok) return err(head.error.detail);
  const { base: digest } = manifest.value;
  const base = digest === null ? null : await loadBase(store, runtime, digest);
  if (base !== null && !base.ok) return err(base.error.detail);
  const servable = createServable(spec, manifest.value, base?.value ?? null, head.value);
  return ok({
    version: version.value,
    predict: (rows) => servable.predict(rows),
    close() {
      head.value.dispose();
      base?.value.program.dispose();
    },
  });
}

async function championOf(store: ObjectStore, model: string): Promise<Result<number, string>> {
  const champion = await loadChampion(store, model);
  if (!champion.ok) return err(champion.error.detail);
  return champion.value === null
    ? err(`${model} has no champion: name a version, holdfast versions ${model} lists them`)
    : ok(champion.value.move.to);
}
