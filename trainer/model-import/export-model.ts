/**
 * A version as files that TensorFlow.js loads, base and all, and that are imported again whole.
 */
import { describeDamage } from '../../shared/registry/versions/find-version.ts';
import { loadBaseManifest } from '../../shared/registry/versions/base-manifest.ts';
import { loadSpec } from '../../shared/model/spec/load-spec.ts';
import { describeReadError, encodeJson } from '../../shared/registry/store/json.ts';
import { keys, type VersionFile } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { loadManifest, loadVersionFile } from '../../shared/registry/versions/versions.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { graphOf } from '../compile/compile.ts';
import { isLayersModel, parseTfjsModel } from '../compile/tfjs-model.ts';
import { decodeWeights } from '../compile/weights.ts';
import { layersOf } from '../model/graph-layers.ts';
import { joinModels, type ModelPart } from '../model/join-models.ts';
import { toLayersModel } from '../model/trunk.ts';

const FILES = ['model.json', 'weights.bin'] as const satisfies readonly VersionFile[];

export interface ExportedModel {
  /** By path within the folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Why there is no model.json of the whole; null where there is one. */
  readonly apart: string | null;
}

interface Failed {
  readonly kind: string;
  readonly detail: string;
}

/**
 * `model.json` and `weights.bin` are the whole model; `manifest.json` says labels, target, constants and input. Where there
 * is a base, it stands in `base/` and the version's own layers in `head/`, too.
 */
export async function exportModel(
  store: ObjectStore,
  model: string,
  version: number,
): Promise<Result<ExportedModel, Failed>> {
  const manifest = await loadManifest(store, model, version);
  if (!manifest.ok) return manifest;
  const spec = await loadSpec(store, model);
  if (!spec.ok) return spec;
  const own = new Map<string, Uint8Array>();
  for (const file of FILES) {
    const bytes = await loadVersionFile(store, manifest.value, file);
    if (!bytes.ok) return bytes;
    own.set(file, bytes.value);
  }
  const described = encodeJson({ ...manifest.value, input: spec.value.spec.input });
  const { base } = manifest.value;
  if (base === null) return ok({ files: new Map([...own, ['manifest.json', described]]), apart: null });
  const front = await loadBaseFiles(store, base);
  if (!front.ok) return front;
  const files = new Map<string, Uint8Array>();
  const joined = join(front.value, own);
  if (joined.ok) for (const [name, bytes] of joined.value) files.set(name, bytes);
  for (const [name, bytes] of own) files.set(`head/${name}`, bytes);
  for (const [name, bytes] of front.value) files.set(`base/${name}`, bytes);
  files.set('manifest.json', described);
  return ok({ files, apart: joined.ok ? null : joined.error });
}

async function loadBaseFiles(
  store: ObjectStore,
  digest: string,
): Promise<Result<Map<string, Uint8Array>, Failed>> {
  const manifest = await loadBaseManifest(store, digest);
  if (!manifest.ok) return err({ kind: 'damaged', detail: describeReadError(manifest.error) });
  const files = new Map<string, Uint8Array>();
  for (const file of FILES) {
    const key = keys.base(digest, file);
    const bytes = (await store.get(key))?.bytes;
    const damage = await describeDamage(key, manifest.value.value.files[file], bytes);
    if (damage !== null || bytes === undefined) return err({ kind: 'damaged', detail: damage ?? key });
    files.set(file, bytes);
  }
  return ok(files);
}

function join(
  front: ReadonlyMap<string, Uint8Array>,
  back: ReadonlyMap<string, Uint8Array>,
): Result<Map<string, Uint8Array>, string> {
  const base = readPart(front);
  if (!base.ok) return err(`the base: ${base.error}`);
  const own = readPart(back);
  if (!own.ok) return own;
  const { modelJson, weights } = toLayersModel(joinModels(base.value, own.value));
  return ok(
    new Map([
      ['model.json', encodeJson(modelJson)],
      ['weights.bin', weights],
    ]),
  );
}

/** A GraphModel as layers. */
function readPart(files: ReadonlyMap<string, Uint8Array>): Result<ModelPart, string> {
  const json: unknown = JSON.parse(new TextDecoder().decode(files.get('model.json')));
  const model = parseTfjsModel(json);
  if (!model.ok) return err(model.error.message);
  const tensors = decodeWeights(model.value, files.get('weights.bin') ?? new Uint8Array());
  if (!tensors.ok) return err(tensors.error.message);
  if (isLayersModel(model.value)) return ok({ model: model.value, tensors: tensors.value });
  const graph = graphOf(model.value, tensors.value);
  return graph.ok ? layersOf(graph.value) : err(graph.error.message);
}
