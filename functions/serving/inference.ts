/**
 * An inference, whatever protocol asked for it: examples in, probabilities and labels (or numbers) out, and a note for
 * the log. The
 * protocols read their requests into an `InferenceRequest` and write its answer from a `Prediction`.
 */
import { hideGroup } from '../../shared/events/group.ts';
import { createPredictionId, instanceId } from '../collect/prediction-id.ts';
import type { Servable } from '../../shared/model/run/predictor.ts';
import type { ServingSpec } from '../../shared/model/spec/serving-spec.ts';
import type { InputSpec } from '../../shared/model/spec/spec.ts';
import { outputWidth } from '../../shared/model/spec/task.ts';
import type { Result } from '../../shared/result.ts';
import type { AppError } from '../http/errors.ts';
import type { Groups } from './groups.ts';
import type { EncodedImage } from './image-reader.ts';
import type { LoggedPrediction } from '../collect/prediction-log.ts';
import { shortestFloat } from './shortest-float.ts';

/** Raw numbers, [rawSize]; or what they are decoded from. */
export type Example = Float32Array | EncodedImage;

export interface InferenceRequest {
  readonly examples: readonly Example[];
  /** Of each example, where the request says so. */
  readonly groups?: Groups;
  /** Writes the answer in the form that the request asked for. */
  readonly answer: (prediction: Prediction) => EncodedResponse;
}

/** Reads a request for a model: everything but the spec was known before. */
export type RequestParser = (spec: ServingSpec) => Result<InferenceRequest, AppError>;

export interface Prediction {
  readonly id: string;
  readonly spec: ServingSpec;
  readonly version: number;
  /** [examples, labels]; of a regression [examples, 1] */
  readonly outputs: Float32Array;
  /** One an example: the index of the most probable label, or the number; null for what is not finite. */
  readonly predicted: readonly (number | null)[];
}

export interface EncodedResponse {
  readonly type: 'application/json' | 'application/octet-stream';
  readonly body: string | Uint8Array<ArrayBuffer>;
  /** How many bytes of the body are JSON, where bytes of tensors follow it. */
  readonly jsonBytes?: number;
}

export interface InferenceContext {
  readonly nowMs: number;
  /** Uniform in [0, 1): below the spec's logging rate the prediction is logged. */
  readonly sample: number;
  /** 8 bytes that no other prediction has */
  readonly random: Uint8Array;
  readonly groups: Groups;
}

export interface Inference {
  readonly prediction: Prediction;
  /** One an example; none when the request is not logged. */
  readonly logged: readonly LoggedPrediction[];
  /** Values of categories that were not known, and so served as "other". */
  readonly unseen: number;
}

/**
 * Predicts. Synchronous, so a model is never disposed of under it.
 *
 * What is not finite, in an example or in what the model makes of it, is answered and not logged: nothing can be learnt
 * from it.
 *
 * @param rows  raw examples, each [rawSize]
 */
export function infer(
  spec: ServingSpec,
  servable: Servable,
  rows: readonly Float32Array[],
  context: InferenceContext,
): Inference {
  const outputs = servable.predict(rows);
  const predicted = choose(outputs, outputWidth(spec), spec.task === 'classification' ? argmax : onlyOne);
  const { version } = servable.manifest;
  const learnable = (row: Float32Array): boolean => isFinite(row) || isRowWithGaps(spec, row);
  const logged = context.sample < spec.logging.rate && !predicted.includes(null) && rows.every(learnable);
  const facts = { version, atMs: context.nowMs, instances: rows.length, logged };
  const id = createPredictionId(spec.salt, spec.name, facts, context.random);
  const prediction = { id, spec, version, outputs, predicted };
  const unseen = countUnseen(spec.input, rows);
  return { prediction, logged: logged ? toLogged(prediction, rows, context) : [], unseen };
}

function toLogged(
  { id, spec, version, predicted }: Prediction,
  rows: readonly Float32Array[],
  { nowMs, groups }: InferenceContext,
): LoggedPrediction[] {
  const hidden = hideGroups(spec.salt, groups);
  return rows.map((raw, i) => {
    const group = groups?.[i] ?? null;
    return {
      id: instanceId(id, i),
      at: nowMs,
      version,
      raw,
      predicted: predicted[i] as number,
      ...(group !== null && { group: hidden.get(group) as string }),
    };
  });
}

function countUnseen(input: InputSpec, rows: readonly Float32Array[]): number {
  if (input.kind !== 'tabular') return 0;
  let count = 0;
  for (const [i, feature] of input.features.entries()) {
    if (feature.type !== 'category' || feature.rare === undefined) continue;
    for (const row of rows) if (row[i] === feature.values.length) count += 1;
  }
  return count;
}

/** Each hashed once, however many examples it has. */
function hideGroups(salt: string, groups: Groups): Map<string, string> {
  const names = new Set(groups?.filter((group) => group !== null) ?? []);
  return new Map([...names].map((name) => [name, hideGroup(salt, name)]));
}

/** What is not finite is missing, and may be. */
function isRowWithGaps({ input }: ServingSpec, row: Float32Array): boolean {
  return (
    input.kind === 'tabular' &&
    row.every((value, i) => Number.isFinite(value) || (Number.isNaN(value) && input.features[i]?.missing))
  );
}

/** Whether all examples are numbers already. */
export function areRows(examples: readonly Example[]): examples is readonly Float32Array[] {
  return examples.every((example) => example instanceof Float32Array);
}

/** What each row of the outputs says; null where one of its numbers is not finite. */
function choose(
  outputs: Float32Array,
  width: number,
  decide: (row: Float32Array) => number,
): (number | null)[] {
  const chosen: (number | null)[] = [];
  for (let at = 0; at < outputs.length; at += width) {
    const row = outputs.subarray(at, at + width);
    chosen.push(isFinite(row) ? decide(row) : null);
  }
  return chosen;
}

/** The first of the largest. */
function argmax(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if ((row[i] as number) > (row[best] as number)) best = i;
  return best;
}

/** The number that a regression says, as it is answered. */
function onlyOne(row: Float32Array): number {
  return shortestFloat(row[0] as number);
}

function isFinite(values: Float32Array): boolean {
  // By index: an iterator makes an object for every number.
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}
