/**
 * Weights of a Keras model under the names that Keras 2 gave them: `dense/kernel`, whatever model the layer is in.
 */
import { err, ok, type Result } from '../../../shared/result.ts';
import type { Json } from '../json-object.ts';
import type { TopologyNotes } from './keras-topology.ts';

/** One weight as `weightsManifest` describes it, with its bytes. */
export interface NamedWeight {
  readonly spec: { readonly name: string } & Json;
  readonly bytes: Uint8Array;
}

/** Layers whose weights Keras 3 names otherwise. */
const OLDER_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  DepthwiseConv2D: { kernel: 'depthwise_kernel' },
};

/**
 * @param weights  as the files name them
 * @param notes    of the topology that they belong to
 * @returns the same by Keras 2's names, those that a layer's config held with them
 */
export function renameWeights(
  weights: readonly NamedWeight[],
  notes: TopologyNotes,
): Result<NamedWeight[], string> {
  const renamed: NamedWeight[] = [];
  for (const weight of weights) {
    const owned = findOwner(weight.spec.name, notes);
    if (owned === null) renamed.push(weight);
    else {
      const named = nameOf(owned, notes);
      if (named === null) continue;
      const spread = spreadScalar(weight, notes.affine.get(owned.layer)?.channels ?? null);
      if (!spread.ok) return err(`weight '${weight.spec.name}': ${spread.error}`);
      renamed.push({ ...spread.value, spec: { ...spread.value.spec, name: `${owned.layer}/${named}` } });
    }
  }
  for (const [layer, { own }] of notes.affine) {
    for (const [name, numbers] of own) {
      const spec = { name: `${layer}/${name}`, shape: [numbers.length], dtype: 'float32' };
      renamed.push({ spec, bytes: new Uint8Array(numbers.buffer) });
    }
  }
  return ok(renamed);
}

interface Owned {
  readonly layer: string;
  readonly weight: string;
}

/** `rows/dense/kernel` and `dense/dense/kernel` belong to the layer `dense`; a layer's own name may have slashes. */
function findOwner(name: string, { classes }: TopologyNotes): Owned | null {
  const parts = name.split('/');
  const weight = parts.at(-1) ?? name;
  for (let from = 0; from < parts.length - 1; from++) {
    const layer = parts.slice(from, -1).join('/');
    if (classes.has(layer)) return { layer, weight };
  }
  return null;
}

/** null: nothing reads it. */
function nameOf({ layer, weight }: Owned, { affine, classes }: TopologyNotes): string | null {
  const renamed = affine.get(layer)?.renamed.get(weight);
  if (renamed !== undefined) return renamed;
  return OLDER_NAMES[classes.get(layer) ?? '']?.[weight] ?? weight;
}

/** A mean of everything, for every channel. */
function spreadScalar(weight: NamedWeight, channels: number | null): Result<NamedWeight, string> {
  const { shape, dtype } = weight.spec;
  const scalar = Array.isArray(shape) && shape.every((size) => size === 1);
  if (channels === null || !scalar || channels === 1)
    return ok(scalar && channels === 1 ? { ...weight, spec: { ...weight.spec, shape: [1] } } : weight);
  if (dtype !== 'float32' || weight.bytes.byteLength !== 4)
    return err(`expected one float32 number, got ${String(dtype)} of ${weight.bytes.byteLength} bytes`);
  const bytes = new Uint8Array(4 * channels);
  for (let i = 0; i < channels; i++) bytes.set(weight.bytes, 4 * i);
  return ok({ spec: { ...weight.spec, shape: [channels] }, bytes });
}
