/**
 * From a tfjs LayersModel to an edge plan: order the layers, lower each to ops, fuse, write.
 */
import * as z from 'zod';
import { err, ok, type Result } from '../result.ts';
import type { LayerJson, ModelJson } from './artifacts.ts';
import { emitPlan, type CompiledPlan } from './emit.ts';
import { invalid, unsupported, type ModelError } from './error.ts';
import { fuse, type Graph } from './fuse.ts';
import { lowerLayer, nameLayer } from './layers.ts';
import type { Node, Op } from './ops.ts';
import { inferShape } from './shapes.ts';
import type { Shape, Tensor } from './tensor.ts';

export interface CompileOptions {
  /** The layer whose output becomes the plan's: cuts off what follows, as for a feature extractor. */
  readonly output?: string;
}

/**
 * Compiles a LayersModel for the edge. Outputs agree with tfjs within 1e-5 relative: folding changes rounding.
 *
 * @param model    as parseModelJson gives it
 * @param weights  by name, as decodeWeights gives them
 * @returns plan and weights file; an error that names the first layer that can't run at the edge
 */
export function compileLayersModel(
  model: ModelJson,
  weights: ReadonlyMap<string, Tensor>,
  { output = model.output }: CompileOptions = {},
): Result<CompiledPlan, ModelError> {
  const layers = sortLayers(model.layers, output);
  if (!layers.ok) return layers;
  const graph = lowerLayers(layers.value, weights);
  if (!graph.ok) return graph;
  if (graph.value.nodes.length === 0)
    return unsupported(`layer '${output}' computes nothing: there is no plan to make`);
  return emitPlan(fuse(graph.value));
}

/** The layers that `output` depends on, each after its inputs. */
function sortLayers(layers: readonly LayerJson[], output: string): Result<LayerJson[], ModelError> {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const sorted = new Set<LayerJson>();
  const open = new Set<string>();
  const visit = (name: string, reader: string): string | undefined => {
    const layer = byName.get(name);
    if (layer === undefined) return `${reader} takes layer '${name}', which the model does not have`;
    if (sorted.has(layer)) return undefined;
    if (open.has(name)) return `layer '${name}' depends on itself`;
    open.add(name);
    for (const input of layer.inputs) {
      const problem = visit(input, `layer '${name}'`);
      if (problem !== undefined) return problem;
    }
    sorted.add(layer);
    return undefined;
  };
  const problem = visit(output, 'the output');
  return problem === undefined ? ok([...sorted]) : invalid(`modelTopology: ${problem}`);
}

function lowerLayers(
  layers: readonly LayerJson[],
  weights: ReadonlyMap<string, Tensor>,
): Result<Graph, ModelError> {
  const [inputLayer, ...others] = layers;
  const inputShape = parseInputShape(inputLayer);
  if (!inputShape.ok) return inputShape;
  const nodes: Node<Tensor>[] = [];
  const shapes: Shape[] = [inputShape.value];
  /** The value that each layer's output is. */
  const values = new Map([[inputLayer?.name, 0]]);
  for (const layer of others) {
    const inputs = layer.inputs.map((name) => values.get(name) ?? 0);
    const ops = lowerLayer(
      layer,
      inputs.map((input) => shapes[input] ?? []),
      weights,
    );
    if (!ops.ok) return ops;
    const output = appendOps(layer.name, ops.value, inputs, nodes, shapes);
    if (!output.ok) return invalid(`${nameLayer(layer)}: ${output.error}`);
    values.set(layer.name, output.value);
  }
  return ok({ inputShape: inputShape.value, nodes });
}

/** Chains a layer's ops and returns the value that the last one makes. */
function appendOps(
  name: string,
  ops: readonly Op<Tensor>[],
  layerInputs: readonly number[],
  nodes: Node<Tensor>[],
  shapes: Shape[],
): Result<number, string> {
  let pending = layerInputs;
  for (const op of ops) {
    const inputs = pending.slice(0, arityOf(op));
    const shape = inferShape(
      op,
      inputs.map((input) => shapes[input] ?? []),
    );
    if (!shape.ok) return shape;
    nodes.push({ ...op, name, inputs, shape: shape.value });
    shapes.push(shape.value);
    pending = [nodes.length, ...pending.slice(inputs.length)];
  }
  const [output, ...unused] = pending;
  if (output === undefined || unused.length > 0)
    return err(`takes ${layerInputs.length} inputs, expected one`);
  return ok(output);
}

function arityOf(op: Op<Tensor>): number {
  if (op.op === 'concat') return Infinity;
  return op.op === 'add' || op.op === 'multiply' ? 2 : 1;
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
