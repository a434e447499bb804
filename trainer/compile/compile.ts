/**
 * From a tfjs model to an edge plan: order its parts, draw each as ops, fuse, write.
 */
import * as z from 'zod';
import { ok, type Result } from '../../shared/result.ts';
import type { LayerJson, ModelJson } from './artifacts.ts';
import { lowerGraph } from './lower-graph.ts';
import { emitPlan, type CompiledPlan } from './emit.ts';
import { invalid, unsupported, type ModelError } from '../../shared/model/plan/error.ts';
import { fuse, type Graph } from './fuse.ts';
import type { GraphModelJson } from './graph-model.ts';
import { addGlobalPooling, lowerLayer, nameLayer } from './layers.ts';
import { createGraphBuilder, type BuiltGraph, type Value } from './graph-builder.ts';
import { sizeOf, type Shape, type Tensor } from '../../shared/model/plan/tensor.ts';
import { isLayersModel, outputOf, type TfjsModel } from './tfjs-model.ts';
import { sortParts } from './topology.ts';

/** How [height, width, channels] becomes one flat row: not at all, one mean a channel, or all of it. */
export type FeaturePooling = 'none' | 'average' | 'flatten';

export interface CompileOptions {
  /** The layer or node whose output becomes the plan's: cuts off what follows, as for a feature extractor. */
  readonly output?: string;
  /** Added behind the output. Default: none. */
  readonly pooling?: FeaturePooling;
}

/**
 * Compiles a tfjs model for the edge. Outputs agree with tfjs within 1e-5 relative: folding changes rounding.
 *
 * @param model    as parseModelJson or parseGraphModelJson gives it
 * @param weights  by name, as decodeWeights gives them
 * @returns plan and weights file; an error that names the first layer or node that can't run at the edge
 */
export function compileModel(
  model: TfjsModel,
  weights: ReadonlyMap<string, Tensor>,
  options: CompileOptions = {},
): Result<CompiledPlan, ModelError> {
  return isLayersModel(model)
    ? compileLayersModel(model, weights, options)
    : compileGraphModel(model, weights, options);
}

/**
 * A LayersModel's plan up to one of its layers.
 *
 * @param weights  by `layer/weight`, as weights.ts reads them
 * @param output   the layer to end with (default: the model's output)
 * @param pooling  what is done to an output that has height and width
 * @returns an error that names the layer that can't be drawn
 */
export function compileLayersModel(
  model: ModelJson,
  weights: ReadonlyMap<string, Tensor>,
  { output: named, pooling = 'none' }: CompileOptions = {},
): Result<CompiledPlan, ModelError> {
  const output = named === undefined ? outputOf(model) : ok(named);
  if (!output.ok) return output;
  const layers = sortParts(model.layers, output.value, 'layer');
  if (!layers.ok) return layers;
  const drawn = lowerLayers(layers.value, weights);
  return drawn.ok ? finishPlan(drawn.value, 'layer', output.value, pooling) : drawn;
}

function compileGraphModel(
  model: GraphModelJson,
  weights: ReadonlyMap<string, Tensor>,
  { output: named, pooling = 'none' }: CompileOptions,
): Result<CompiledPlan, ModelError> {
  const output = named === undefined ? outputOf(model) : ok(named);
  if (!output.ok) return output;
  const drawn = lowerGraph(model, weights, output.value);
  return drawn.ok ? finishPlan(drawn.value, 'node', output.value, pooling) : drawn;
}

/** What a GraphModel computes, operation by operation. Parameters and errors as of `compileModel`. */
export function graphOf(
  model: GraphModelJson,
  weights: ReadonlyMap<string, Tensor>,
): Result<Graph, ModelError> {
  const output = outputOf(model);
  if (!output.ok) return output;
  const drawn = lowerGraph(model, weights, output.value);
  return drawn.ok ? ok(drawn.value.builder.finish(drawn.value.output)) : drawn;
}

function finishPlan(
  { builder, output }: BuiltGraph,
  noun: string,
  name: string,
  pooling: FeaturePooling,
): Result<CompiledPlan, ModelError> {
  const shape = builder.shapeOf(output);
  if (pooling === 'average' && shape.length !== 3)
    return unsupported(
      `${noun} '${name}' gives the shape [${shape.join(',')}], which has no height and width to pool`,
    );
  builder.startNode(`${name}/pooling`);
  const pooled = {
    none: () => output,
    average: () => addGlobalPooling(builder, output, 'averagePool'),
    flatten: () => builder.reshape(output, [sizeOf(shape)]),
  }[pooling]();
  const graph = builder.finish(pooled);
  if (graph.nodes.length === 0)
    return unsupported(`${noun} '${name}' computes nothing: there is no plan to make`);
  return emitPlan(fuse(graph));
}

function lowerLayers(
  layers: readonly LayerJson[],
  weights: ReadonlyMap<string, Tensor>,
): Result<BuiltGraph, ModelError> {
  const [inputLayer, ...others] = layers;
  const inputShape = parseInputShape(inputLayer);
  if (!inputShape.ok) return inputShape;
  const builder = createGraphBuilder(inputShape.value);
  /** The value that each layer's output is. */
  const values = new Map<string | undefined, Value>([[inputLayer?.name, 0]]);
  let output: Value = 0;
  for (const layer of others) {
    const inputs = layer.inputs.map((name) => values.get(name) ?? 0);
    const lowered = lowerLayer(layer, inputs, builder, weights);
    if (!lowered.ok) return lowered;
    output = lowered.value;
    values.set(layer.name, output);
  }
  return ok({ builder, output });
}

const inputSchema = z.object({ batch_input_shape: z.tuple([z.null()]).rest(z.int().positive()) });

function parseInputShape(layer: LayerJson | undefined): Result<Shape, ModelError> {
  if (layer?.className !== 'InputLayer') return invalid('modelTopology: expected an InputLayer first');
  const config = inputSchema.safeParse(layer.config);
  if (config.success) return ok(config.data.batch_input_shape.slice(1) as number[]);
  const got = JSON.stringify(layer.config['batch_input_shape']);
  return unsupported(
    `${nameLayer(layer)}: expected a fixed batch_input_shape such as [null,224,224,3], got ${got}`,
  );
}
