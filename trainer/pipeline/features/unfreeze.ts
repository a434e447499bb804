/**
 * Unfreezing the end of a base: what comes before it becomes a base of its own, whose features are cached as any
 * other's; the end becomes the trunk that versions carry. The base itself never changes.
 */
import { describeFiles } from '../../model/file-facts.ts';
import * as z from 'zod';
import type { LayerJson, ModelJson } from '../../compile/artifacts.ts';
import { graphOf } from '../../compile/compile.ts';
import { layersOf } from '../../model/graph-layers.ts';
import { encodedSize } from '../../../shared/model/spec/input.ts';
import { sha256Hex } from '../../../shared/digest.ts';
import { outputShapeOf } from '../../../shared/model/plan/plan.ts';
import { sizeOf, type Shape, type Tensor } from '../../../shared/model/plan/tensor.ts';
import { isLayersModel, parseTfjsModel } from '../../compile/tfjs-model.ts';
import { sortParts } from '../../compile/topology.ts';
import type { TrainingRecipe, Unfreeze } from '../../../shared/model/spec/training.ts';
import {
  type Composed,
  inputLayer,
  planModel,
  shapeRead,
  toLayersModel,
  type Trunk,
  type Unfrozen,
  withoutDropout,
} from '../../model/trunk.ts';
import { decodeWeights } from '../../compile/weights.ts';
import { describeReadError, encodeJson, parseJson } from '../../../shared/registry/store/json.ts';
import { keys, VERSION_FILES, type VersionFile } from '../../../shared/registry/store/keys.ts';
import { type BaseManifest, loadBaseManifest } from '../../../shared/registry/versions/base-manifest.ts';
import { describeDamage } from '../../../shared/registry/versions/find-version.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { nearestNames } from '../../nearest-names.ts';
import { describeUntrainable } from '../../training/models/layer-forward.ts';
import type { LoopData } from '../../training/loop.ts';
import type { Dataset, ValidationWindow } from '../../training/dataset.ts';
import type { Host, RunContext, RunData, RunFiles } from '../../run/context.ts';
import { RunFailure } from '../../run-failure.ts';

/**
 * The run as it goes on: reading what comes before the unfrozen layers, which is stored where it is not there yet. As
 * it is where the recipe unfreezes nothing.
 *
 * @throws RunFailure when the base can't be unfrozen like this
 */
export async function applyUnfreeze(ctx: RunContext): Promise<RunContext> {
  const { spec } = ctx;
  const { unfreeze } = spec.training;
  if (unfreeze === undefined || spec.base === null || ctx.unfrozen !== undefined) return ctx;
  const whole = await loadWholeBase(ctx, spec.base);
  const cut = cutBase(whole.model, whole.tensors, unfreeze);
  if (!cut.ok) throw new RunFailure(`training.unfreeze: ${cut.error}`);
  const { from, trunk } = cut.value;
  const base = await storePrefix(ctx, whole.manifest, cut.value);
  return { ...ctx, base, unfrozen: { base: spec.base, from, trunk, size: whole.manifest.featureSize } };
}

/** Reading what a version reads that is trained by this recipe, whatever the run's own is. */
export async function readingRecipe(ctx: RunContext, training: TrainingRecipe): Promise<RunContext> {
  const { unfrozen: _, ...whole } = ctx;
  const { spec } = ctx;
  const applied = await applyUnfreeze({ ...whole, base: spec.base, spec: { ...spec, training } });
  return { ...applied, spec };
}

/** What this run's candidate and its champion read: what features are computed for. */
export async function basesRead({ store, run, base }: RunData): Promise<(string | null)[]> {
  if (run.championAtStart === null || run.championAtStart === undefined) return [base];
  const champion = await loadManifest(store, run.model, run.championAtStart);
  return champion.ok ? [...new Set([base, champion.value.base])] : [base];
}

interface WholeBase {
  readonly manifest: BaseManifest;
  readonly model: ModelJson;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

async function loadWholeBase({ store }: RunFiles, digest: string): Promise<WholeBase> {
  const fail = (detail: string): never => {
    throw new RunFailure(`base ${digest}: ${detail}`);
  };
  const loaded = await loadBaseManifest(store, digest);
  if (!loaded.ok) return fail(describeReadError(loaded.error));
  const manifest = loaded.value.value;
  const read = async (file: VersionFile): Promise<Uint8Array> => {
    const key = keys.base(digest, file);
    const bytes = (await store.get(key))?.bytes;
    return bytes === undefined ? fail(`${key} is not there`) : bytes;
  };
  const [json, weights] = [await read('model.json'), await read('weights.bin')];
  for (const [file, bytes] of [
    ['model.json', json],
    ['weights.bin', weights],
  ] as const) {
    const damage = await describeDamage(keys.base(digest, file), manifest.files[file], bytes);
    if (damage !== null) fail(damage);
  }
  const parsed = parseJson(json, z.unknown());
  if (!parsed.ok) return fail(parsed.error);
  const model = parseTfjsModel(parsed.value);
  if (!model.ok) return fail(model.error.message);
  const tensors = decodeWeights(model.value, weights);
  if (!tensors.ok) return fail(tensors.error.message);
  if (isLayersModel(model.value)) return { manifest, model: model.value, tensors: tensors.value };
  const graph = graphOf(model.value, tensors.value);
  if (!graph.ok) return fail(graph.error.message);
  const layers = layersOf(graph.value);
  return layers.ok
    ? { manifest, ...layers.value }
    : fail(`a GraphModel that can't be unfrozen: ${layers.error}`);
}

export interface CutBase {
  /** The first layer that is trained. */
  readonly from: string;
  readonly prefix: Composed;
  readonly trunk: Trunk;
  /** Of what the trunk reads. */
  readonly shape: Shape;
}

/** What learns: a block begins with one, and what follows it belongs to it. */
const LEARNING = ['Conv2D', 'DepthwiseConv2D', 'Dense'];

/**
 * Divides a base before the first layer that is to be trained.
 *
 * @returns an error that names the layer that isn't there, can't be trained, or is passed by
 */
export function cutBase(
  model: ModelJson,
  tensors: ReadonlyMap<string, Tensor>,
  unfreeze: Pick<Unfreeze, 'from' | 'blocks'>,
): Result<CutBase, string> {
  const sorted = sortParts(model.layers, model.output, 'layer');
  if (!sorted.ok) return err(sorted.error.message);
  const first = chooseFirst(sorted.value, unfreeze);
  if (!first.ok) return first;
  const { name: from, inputs } = first.value;
  const [cut] = inputs;
  if (cut === undefined || inputs.length > 1)
    return err(`layer '${from}' takes ${inputs.length} inputs: expected one that takes one`);
  const before = sortParts(model.layers, cut, 'layer');
  if (!before.ok) return err(before.error.message);
  if (before.value.length < 2)
    return err(`layer '${from}' reads the image itself: nothing of the base would stay frozen`);
  const tail = sorted.value.filter((layer) => !before.value.some(({ name }) => name === layer.name));
  const problem = findTailProblem(tail, cut, from);
  if (problem !== undefined) return err(problem);
  const prefix = { layers: before.value, output: cut, tensors: tensorsOf(before.value, tensors) };
  const plan = planModel(prefix);
  if (!plan.ok) return err(plan.error.message);
  const shape = outputShapeOf(plan.value.plan);
  const input = inputLayer(shape);
  const rewired = tail.map((layer) => ({
    ...layer,
    inputs: layer.inputs.map((name) => (name === cut ? input.name : name)),
  }));
  return ok({
    from,
    prefix,
    shape,
    trunk: { layers: [input, ...rewired], tensors: tensorsOf(tail, tensors) },
  });
}

function chooseFirst(
  layers: readonly LayerJson[],
  { from, blocks = 1 }: Pick<Unfreeze, 'from' | 'blocks'>,
): Result<LayerJson, string> {
  const learning = layers.filter(({ className }) => LEARNING.includes(className));
  if (from === undefined) {
    const first = learning.at(-blocks);
    if (first !== undefined && blocks <= learning.length) return ok(first);
    return err(`blocks: expected at most ${learning.length}, which the base has, got ${blocks}`);
  }
  const first = layers.find(({ name }) => name === from);
  if (first !== undefined) return ok(first);
  const nearest = nearestNames(
    from,
    layers.map(({ name }) => name),
  );
  return err(`from: there is no layer ${JSON.stringify(from)}; the nearest names are ${nearest.join(', ')}`);
}

function findTailProblem(tail: readonly LayerJson[], cut: string, from: string): string | undefined {
  const names = new Set([...tail.map(({ name }) => name), cut]);
  for (const layer of tail) {
    const untrainable = describeUntrainable(layer);
    if (untrainable !== undefined) return untrainable;
    const passing = layer.inputs.find((name) => !names.has(name));
    if (passing !== undefined)
      return `layer '${layer.name}' also reads '${passing}', which is before '${from}': unfreeze from a layer that everything after it passes through`;
  }
  return undefined;
}

function tensorsOf(layers: readonly LayerJson[], tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const names = new Set(layers.map(({ name }) => name));
  return new Map([...tensors].filter(([weight]) => names.has(weight.slice(0, weight.lastIndexOf('/')))));
}

/** @returns the digest: same base and layer, same digest */
async function storePrefix(
  { store, now }: Pick<Host, 'store' | 'now'>,
  whole: BaseManifest,
  { prefix, shape }: CutBase,
): Promise<string> {
  const digest = sha256Hex(`prefix of ${whole.digest} to ${prefix.output}`);
  const present = await loadBaseManifest(store, digest);
  if (present.ok) return digest;
  const plan = planModel(prefix);
  if (!plan.ok) throw new RunFailure(`base ${whole.digest}: ${plan.error.message}`);
  const { modelJson, weights } = toLayersModel(prefix);
  const files: Record<VersionFile, Uint8Array> = {
    'model.json': encodeJson(modelJson),
    'weights.bin': weights,
    'edge.json': encodeJson(plan.value.plan),
    'edge.bin': plan.value.weights,
  };
  const manifest: BaseManifest = {
    format: 'holdfast-base/1',
    digest,
    source: whole.source,
    createdAt: now().toISOString(),
    output: prefix.output,
    pooling: 'none',
    inputShape: whole.inputShape,
    featureSize: sizeOf(shape),
    partOf: whole.digest,
    files: describeFiles(files),
  };
  for (const name of VERSION_FILES) await store.put(keys.base(digest, name), files[name]);
  await store.put(keys.base(digest, 'manifest.json'), encodeJson(manifest));
  return digest;
}

const MEGABYTE = 1_000_000;

/**
 * What a trunk reads of an example, a picture or what comes before the end of a base, takes more room than features do.
 *
 * @param examples  to train on and to watch
 * @throws RunFailure where they do not fit
 */
export function checkMemory(
  { spec, unfrozen, memoryBudgetBytes }: Pick<RunData, 'spec' | 'unfrozen'> & Pick<Host, 'memoryBudgetBytes'>,
  examples: number,
): void {
  const numbers = unfrozen ? sizeOf(shapeRead(unfrozen.trunk)) : spec.network ? encodedSize(spec.input) : 0;
  const bytes = numbers * Float32Array.BYTES_PER_ELEMENT;
  if (memoryBudgetBytes === undefined || examples * bytes <= memoryBudgetBytes) return;
  const what = unfrozen ? `training.unfreeze: from '${unfrozen.from}' on` : 'network';
  throw new RunFailure(
    `${what}: ${examples} examples of ${numbers} numbers take ${Math.ceil((examples * bytes) / MEGABYTE)} MB, and here is room for ${Math.floor(memoryBudgetBytes / MEGABYTE)} MB: lower training.maxExamples, to leave ${Math.floor(memoryBudgetBytes / bytes)} with those that watch, or train with npx holdfast train`,
  );
}

/** Rows that pass through the trunk at once. */
const TRUNK_BATCH = 32;

/** Shows examples as the frozen trunk shows them to the head. */
export interface TrunkRunner {
  run(set: Dataset): Dataset;
  close(): void;
}

/**
 * The unfrozen end as it stands in the base, run on its inputs: what it would answer if nothing were trained. Without
 * dropout, which only training has.
 */
export function openTrunkRunner({ runtime }: Pick<Host, 'runtime'>, { trunk }: Unfrozen): TrunkRunner {
  const layers = withoutDropout(trunk.layers);
  const plan = planModel({ ...trunk, layers, output: layers.at(-1)?.name ?? '' });
  if (!plan.ok) throw new RunFailure(`training.unfreeze: ${plan.error.message}`);
  const program = runtime.load(plan.value.plan, plan.value.weights);
  if (!program.ok) throw new RunFailure(`training.unfreeze: ${program.error.message}`);
  const { inputSize, outputSize } = program.value;
  return {
    run: (set) => {
      const n = set.labels.length;
      const features = new Float32Array(n * outputSize);
      for (let at = 0; at < n; at += TRUNK_BATCH) {
        const rows = Math.min(TRUNK_BATCH, n - at);
        const inputs = set.features.subarray(at * inputSize, (at + rows) * inputSize);
        features.set(program.value.run(inputs, rows), at * outputSize);
      }
      return { ...set, features };
    },
    close: () => program.value.dispose(),
  };
}

/** Sets in memory, shown so. */
export function runThroughTrunk(
  ctx: Pick<Host, 'runtime'>,
  unfrozen: Unfrozen,
  data: DataInMemory,
): DataInMemory {
  const trunkRunner = openTrunkRunner(ctx, unfrozen);
  try {
    const watched = data.watched.map((window) => ({ ...window, set: trunkRunner.run(window.set) }));
    return { train: trunkRunner.run(data.train), watched };
  } finally {
    trunkRunner.close();
  }
}

interface DataInMemory extends LoopData {
  readonly train: Dataset;
  readonly watched: readonly (ValidationWindow & { readonly set: Dataset })[];
}
