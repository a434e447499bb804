/**
 * What a model is, before anything is written: its input, its outputs, its layers, what of them can't run at the edge,
 * what its exporter says beside it, and how it would be imported.
 */
import { compileModel } from '../compile/compile.ts';
import { SUPPORTED_OPS } from '../compile/lower-graph.ts';
import { SUPPORTED_LAYERS } from '../compile/layers.ts';
import { outputShapeOf } from '../../shared/model/plan/plan.ts';
import { splitHead } from './split-head.ts';
import { sizeOf, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';
import { isLayersModel, outputsOf, type TfjsModel } from '../compile/tfjs-model.ts';
import { byteLengthOf, decodeWeights } from '../compile/weights.ts';
import { ok, type Result } from '../../shared/result.ts';
import { loadBaseSource, type SourceOptions } from './base-source.ts';
import { type ExportFacts, readExportFacts } from './export-facts.ts';
import { isPicture } from './model-input.ts';
import { choosePixels, leadingScaling, type PixelChoice } from './pixel-scaling.ts';

export interface InspectedOutput {
  /** Its layer or node. */
  readonly name: string;
  /** Without the batch; null where it can't run at the edge. */
  readonly shape: Shape | null;
  /** How a classification by it would end; null where it is none. */
  readonly ending: string | null;
  /** Why it can't run at the edge, by the first layer that can't; null where it can. */
  readonly problem: string | null;
}

export interface InspectedModel {
  readonly source: string;
  readonly format: 'LayersModel' | 'GraphModel';
  readonly parameters: number;
  /** Of the weights as they are stored. */
  readonly weightBytes: number;
  /** Without the batch; null where nothing of it can run. */
  readonly inputShape: Shape | null;
  readonly outputs: readonly InspectedOutput[];
  /** How many of each class of layer, or operation, in the order in which they first come. */
  readonly parts: readonly { readonly kind: string; readonly count: number; readonly supported: boolean }[];
  /** Every one that can't run at the edge, by name. */
  readonly unsupported: readonly string[];
  /** What it would get of a pixel; null where it reads no picture. */
  readonly pixels: PixelChoice | null;
  readonly exported: ExportFacts | null;
  /** What the exporter's files say against it; null where nothing. */
  readonly exportProblem: string | null;
}

const NOT_COMPUTING = new Set(['InputLayer', 'Placeholder', 'Const', 'NoOp']);

/** @returns what it is; why its files can't be read */
export async function inspectModel(
  from: string,
  options: SourceOptions = {},
): Promise<Result<InspectedModel, string>> {
  const source = await loadBaseSource(from, options);
  if (!source.ok) return source;
  const { model, url } = source.value;
  const weights = decodeWeights(model, source.value.weights);
  const facts = await readExportFacts(source.value);
  const exported = facts.ok ? facts.value : null;
  const tensors = weights.ok ? weights.value : new Map<string, Tensor>();
  const specs = model.weightGroups.flatMap((group) => group.weights);
  const outputs = outputsOf(model).map((name) => inspectOutput(model, tensors, name));
  const front = outputs
    .map(({ name }) => compileModel(model, tensors, { output: name }))
    .find((compiled) => compiled.ok);
  const plan = front?.ok === true ? front.value : null;
  const image = plan !== null && exported?.input == null && isPicture(plan.plan.inputShape);
  return ok({
    source: url,
    format: isLayersModel(model) ? 'LayersModel' : 'GraphModel',
    parameters: specs.reduce((total, { shape }) => total + sizeOf(shape), 0),
    weightBytes: specs.reduce((total, spec) => total + byteLengthOf(spec), 0),
    inputShape: plan?.plan.inputShape ?? null,
    outputs,
    ...countParts(model),
    pixels: image && plan !== null ? choosePixels({}, exported, leadingScaling(plan)) : null,
    exported,
    exportProblem: facts.ok ? null : facts.error,
  });
}

function inspectOutput(
  model: TfjsModel,
  weights: ReadonlyMap<string, Tensor>,
  name: string,
): InspectedOutput {
  const compiled = compileModel(model, weights, { output: name });
  if (!compiled.ok) return { name, shape: null, ending: null, problem: compiled.error.message };
  const split = splitHead(compiled.value, 'classification');
  const shape = outputShapeOf(compiled.value.plan);
  return { name, shape, ending: split.ok ? split.value.ending : null, problem: null };
}

function countParts(model: TfjsModel): Pick<InspectedModel, 'parts' | 'unsupported'> {
  const known = new Set(isLayersModel(model) ? ['InputLayer', ...SUPPORTED_LAYERS] : SUPPORTED_OPS);
  const all = isLayersModel(model)
    ? model.layers.map(({ name, className: kind }) => ({ name, kind }))
    : model.nodes.map(({ name, op: kind }) => ({ name, kind }));
  const counts = new Map<string, number>();
  for (const { kind } of all) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return {
    parts: [...counts]
      .filter(([kind]) => !NOT_COMPUTING.has(kind))
      .map(([kind, count]) => ({ kind, count, supported: known.has(kind) })),
    unsupported: all.filter(({ kind }) => !known.has(kind)).map(({ name, kind }) => `'${name}' (${kind})`),
  };
}
