/**
 * A base and what a version puts behind it, as one model.
 */
import type { LayerJson, ModelJson } from '../compile/artifacts.ts';
import { sortParts } from '../compile/topology.ts';
import type { Tensor } from '../../shared/model/plan/tensor.ts';
import type { Composed } from './trunk.ts';

export interface ModelPart {
  readonly model: ModelJson;
  /** By `layer/weight`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * @param front  the base: its output is what `back` reads
 * @param back   a version's own layers, with an input of their own; a name that the base has taken gets a `head_` in front
 */
export function joinModels(front: ModelPart, back: ModelPart): Composed {
  const before = inOrder(front.model);
  const after = inOrder(back.model);
  const taken = new Set(before.map(({ name }) => name));
  const names = new Map<string, string>();
  for (const { name, className } of after) {
    const own = className === 'InputLayer' ? front.model.output : freeName(name, taken);
    names.set(name, own);
    taken.add(own);
  }
  const renamed = (name: string): string => names.get(name) ?? name;
  const behind = after
    .filter(({ className }) => className !== 'InputLayer')
    .map(({ className, name, config, inputs }): LayerJson => {
      const { batch_input_shape: _, ...own } = config;
      const to = renamed(name);
      return { className, name: to, config: { ...own, name: to }, inputs: inputs.map(renamed) };
    });
  const tensors = ownTensors(before, front.tensors);
  for (const [key, tensor] of ownTensors(after, back.tensors)) {
    const at = key.lastIndexOf('/');
    tensors.set(`${renamed(key.slice(0, at))}${key.slice(at)}`, tensor);
  }
  return { layers: [...before, ...behind], tensors, output: renamed(back.model.output) };
}

function inOrder(model: ModelJson): readonly LayerJson[] {
  const sorted = sortParts(model.layers, model.output, 'layer');
  return sorted.ok ? sorted.value : model.layers;
}

/** Of a layer in a nested model, `container/layer`, the files name the weights by the layer alone. */
function ownTensors(layers: readonly LayerJson[], tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const owners = new Map(
    layers.flatMap(({ name }) => [[name.slice(name.lastIndexOf('/') + 1), name] as const]),
  );
  for (const { name } of layers) owners.set(name, name);
  const own = new Map<string, Tensor>();
  for (const [key, tensor] of tensors) {
    const at = key.lastIndexOf('/');
    const owner = owners.get(key.slice(0, at));
    if (owner !== undefined) own.set(`${owner}${key.slice(at)}`, tensor);
  }
  return own;
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  while (taken.has(name)) name = `head_${name}`;
  return name;
}
