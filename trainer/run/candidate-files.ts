/**
 * The candidate's four files, first under the run, then (unchanged) under its version.
 */
import { encodeJson } from '../../shared/registry/store/json.ts';
import { type VersionFile, VERSION_FILES } from '../../shared/registry/store/keys.ts';
import { type DenseLayer, headToLayersModel, planHead } from '../model/head.ts';
import {
  composeModel,
  type ModelLayers,
  planModel,
  toLayersModel,
  type Trunk,
  withoutDropout,
} from '../model/trunk.ts';
import { sha256Hex } from '../../shared/digest.ts';
import { attemptKey, type RunFiles } from './context.ts';
import { RunFailure } from '../run-failure.ts';

export type VersionFiles = Readonly<Record<VersionFile, Uint8Array>>;

/** Compiles a model to its edge plan, and exports it as a tfjs LayersModel. */
export function encodeModel({ trunk, head }: ModelLayers): VersionFiles {
  return trunk === null ? encodeHead(head) : encodeWhole(trunk, head);
}

function encodeWhole(trunk: Trunk, head: readonly DenseLayer[]): VersionFiles {
  const whole = composeModel({ ...trunk, layers: withoutDropout(trunk.layers) }, head);
  const edge = planModel(whole);
  if (!edge.ok) throw new RunFailure(`the model does not compile: ${edge.error.message}`);
  const { modelJson, weights } = toLayersModel(whole);
  return {
    'model.json': encodeJson(modelJson),
    'weights.bin': weights,
    'edge.json': encodeJson(edge.value.plan),
    'edge.bin': edge.value.weights,
  };
}

/** The same of a head by itself. */
export function encodeHead(layers: readonly DenseLayer[]): VersionFiles {
  const edge = planHead(layers);
  if (!edge.ok) throw new RunFailure(`the head does not compile: ${edge.error.message}`);
  const exported = headToLayersModel(layers);
  if (!exported.ok) throw new RunFailure(`the head can't be exported: ${exported.error.message}`);
  return {
    'model.json': encodeJson(exported.value.modelJson),
    'weights.bin': exported.value.weights,
    'edge.json': encodeJson(edge.value.plan),
    'edge.bin': edge.value.weights,
  };
}

/** Writes the four files of the attempt under way. */
export async function saveCandidate(ctx: RunFiles, files: VersionFiles): Promise<void> {
  for (const name of VERSION_FILES) await ctx.store.put(candidateKey(ctx, name), files[name]);
}

/** The four files of the attempt under way. Throws a RunFailure that names the first that is not there. */
export async function loadCandidate(ctx: RunFiles): Promise<VersionFiles> {
  const read = async (name: VersionFile): Promise<Uint8Array> => {
    const key = candidateKey(ctx, name);
    const object = await ctx.store.get(key);
    if (object === null) throw new RunFailure(`${key} is not there`);
    return object.bytes;
  };
  return {
    'model.json': await read('model.json'),
    'weights.bin': await read('weights.bin'),
    'edge.json': await read('edge.json'),
    'edge.bin': await read('edge.bin'),
  };
}

/** What tells two candidates apart: the digest of the weights that serve. */
export function candidateDigest(files: VersionFiles): string {
  return sha256Hex(files['edge.bin']);
}

function candidateKey(ctx: RunFiles, name: VersionFile): string {
  return attemptKey(ctx, `candidate-${name}`);
}
