/**
 * `POST /v1/models/{m}:predict`: examples in, probabilities and labels out, and a note for the log.
 */
import { createPredictionId, instanceId } from '../shared/events/prediction-id.ts';
import type { Servable } from '../shared/model/predictor.ts';
import type { Spec } from '../shared/model/spec.ts';
import { ok, type Result } from '../shared/result.ts';
import { type AppError, invalid } from './errors.ts';
import type { LoggedPrediction } from './prediction-log.ts';
import { parsePredictRequest, parseRows, type PredictRequest } from './predict-request.ts';

export interface Prediction {
  readonly id: string;
  readonly version: number;
  readonly answer: PredictAnswer;
  /** One an instance; none when sampling left this request out. */
  readonly logged: readonly LoggedPrediction[];
}

/** TF Serving's answer, with the predicted labels beside it. */
export type PredictAnswer = ({ predictions: number[][] } | { outputs: number[][] }) & { labels: string[] };

export interface PredictContext {
  readonly nowMs: number;
  readonly maxInstances: number;
  /** Uniform in [0, 1): below the spec's logging rate the prediction is logged. */
  readonly sample: number;
  /** 8 bytes that no other prediction has */
  readonly random: Uint8Array;
}

/** Everything between the parsed body and the answer; synchronous, so a model is never disposed of under it. */
export function predict(
  spec: Spec,
  servable: Servable,
  body: unknown,
  context: PredictContext,
): Result<Prediction, AppError> {
  const request = parsePredictRequest(body, spec, context.maxInstances);
  if (!request.ok) return request;
  const rows = parseRows(request.value, spec);
  if (!rows.ok) return rows;

  const outputs = splitRows(servable.predict(rows.value), spec.labels.length);
  const broken = outputs.findIndex((row) => !row.every(Number.isFinite));
  if (broken !== -1) return invalid(`instances[${broken}]: the numbers are too large for this model`);

  const { version } = servable.manifest;
  const logged = context.sample < spec.logging.rate;
  const facts = { version, atMs: context.nowMs, instances: rows.value.length, logged };
  const id = createPredictionId(spec.salt, spec.name, facts, context.random);
  const predicted = outputs.map(argmax);
  return ok({
    id,
    version,
    answer: toAnswer(request.value.format, outputs, predicted, spec.labels),
    logged: logged
      ? rows.value.map((raw, i) => ({
          id: instanceId(id, i),
          at: context.nowMs,
          version,
          raw,
          predicted: predicted[i] as number,
        }))
      : [],
  });
}

function toAnswer(
  format: PredictRequest['format'],
  outputs: readonly Float32Array[],
  predicted: readonly number[],
  names: readonly string[],
): PredictAnswer {
  const rows = outputs.map((row) => Array.from(row, shortestFloat));
  const labels = predicted.map((label) => names[label] as string);
  return format === 'row' ? { predictions: rows, labels } : { outputs: rows, labels };
}

/** @param flat  [rows, width] */
function splitRows(flat: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: flat.length / width }, (_, i) => flat.subarray(i * width, (i + 1) * width));
}

/** The first of the largest. */
function argmax(row: Float32Array): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if ((row[i] as number) > (row[best] as number)) best = i;
  return best;
}

/**
 * The double with the shortest text that is still this float32: 0.1, not 0.10000000149011612. A client that reads it
 * as float32 has the very bits the model gave. Nine significant digits are always enough (IEEE 754-2019, 5.12.2).
 */
export function shortestFloat(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}
