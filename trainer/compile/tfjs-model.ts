/**
 * A tfjs model of either format.
 */
import type { Result } from '../../shared/result.ts';
import { parseModelJson, type ModelJson } from './artifacts.ts';
import type { ModelError } from '../../shared/model/plan/error.ts';
import { isGraphModel, onlyOutputOf, parseGraphModelJson, type GraphModelJson } from './graph-model.ts';

export type TfjsModel = ModelJson | GraphModelJson;

/** Whether the model was saved as layers, and not as a graph of TensorFlow's ops. */
export function isLayersModel(model: TfjsModel): model is ModelJson {
  return 'layers' in model;
}

/** Reads a `model.json` of either format. */
export function parseTfjsModel(json: unknown): Result<TfjsModel, ModelError> {
  return isGraphModel(json) ? parseGraphModelJson(json) : parseModelJson(json);
}

/** Where a model can be cut: its layers, or the nodes of its graph that compute something. */
export function listParts(model: TfjsModel): string[] {
  if (isLayersModel(model)) return model.layers.map(({ name }) => name);
  return model.nodes.filter(({ op }) => op !== 'Const' && op !== 'NoOp').map(({ name }) => name);
}

/** The layer or node whose output is the model's; an error where there are several. */
export function outputOf(model: TfjsModel): Result<string, ModelError> {
  return onlyOutputOf({ outputs: outputsOf(model) });
}

/** All layers or nodes whose outputs are the model's. */
export function outputsOf(model: TfjsModel): readonly string[] {
  return isLayersModel(model) ? (model.outputs ?? [model.output]) : model.outputs;
}
