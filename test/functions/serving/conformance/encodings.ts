/**
 * Cases that say how an answer's values are written: put to the encoders themselves, as far as a model here can answer
 * such values at all. A comparison that fails throws.
 */
import { expect } from 'vitest';
import { toInferenceError } from '../../../../functions/http/errors.ts';
import { floatsText, rowsText } from '../../../../functions/serving/float-text.ts';
import type { EncodedResponse, Prediction } from '../../../../functions/serving/inference.ts';
import { classifyAnswer, regressAnswer } from '../../../../functions/serving/tf-serving/answers.ts';
import type { EncodingCase } from './cases.ts';
import { numbers, toSpec } from './linear-model.ts';

export function checkEncoding(given: EncodingCase): void {
  if (given.result !== undefined) return checkResult(given);
  if (given.error_message !== undefined) {
    return expectText(JSON.stringify(toInferenceError(given.error_message)), given.row_text);
  }
  const [tensor, ...others] = Object.values(given.tensors ?? {});
  if (tensor === undefined || given.error_contains !== undefined) {
    throw new Error('a model here always has outputs, and all of them have the batch');
  }
  if (others.length > 0 && given.row_text !== '{ "predictions": [] }') {
    throw new Error('a model here has one output of numbers');
  }
  const values = Float32Array.from(tensor.values, Number);
  const width = tensor.shape?.[1];
  const text = width === undefined ? floatsText(values) : rowsText(values, width);
  expectText(`{"predictions":${text}}`, given.row_text);
}

function checkResult({ result, response_text: text }: EncodingCase): void {
  const { classifications, regressions } = result ?? {};
  if (regressions !== undefined) {
    expectText(regressAnswer(toPrediction(null, regressions)).body, text);
  }
  const labels = classifications?.[0]?.map(([label]) => label) ?? [];
  const scores = classifications?.flatMap((row) => row.map(([, score]) => score)) ?? [];
  if (classifications !== undefined) expectText(classifyAnswer(toPrediction(labels, scores)).body, text);
}

function toPrediction(labels: readonly string[] | null, values: readonly (number | string)[]): Prediction {
  const spec = toSpec({ name: 'written', input: numbers('x'), labels });
  return { id: 'id', spec, version: 1, outputs: Float32Array.from(values, Number), predicted: [] };
}

/** But for white space. */
function expectText(body: EncodedResponse['body'], expected: string | undefined): void {
  const compact = (text: string): string => text.replaceAll(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/g, '');
  expect(compact(String(body))).toBe(compact(expected ?? ''));
}
