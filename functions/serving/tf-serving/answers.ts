/**
 * Predictions as TF Serving's handler writes them. The `labels` beside the rows are ours: a client of TF Serving reads the
 * keys it knows.
 */
import { floatsText, floatText, rowsText } from '../float-text.ts';
import type { EncodedResponse, Prediction } from '../inference.ts';
import { labelsOf } from '../model-signature.ts';

/** How the answer names its rows: `predictions`, or `outputs`. */
export type Format = 'row' | 'columnar';

/**
 * `{"predictions": [[0.9,0.1]], "labels": ["yes"]}`; of a regression `{"predictions": [[12.3]]}`, as an output of shape
 * [n, 1] is written, which is what the exported model has.
 *
 * @param bare  whether the instances were values outside any list: a regression's predictions then are so, too
 */
export function predictAnswer(
  format: Format,
  bare: boolean,
  { spec, outputs, predicted }: Prediction,
): EncodedResponse {
  const key = format === 'row' ? 'predictions' : 'outputs';
  if (spec.task === 'regression') {
    return json(`{"${key}":${bare ? floatsText(outputs) : rowsText(outputs, 1)}}`);
  }
  const labels = predicted.map((label) => (label === null ? null : spec.labels[label]));
  return json(`{"${key}":${rowsText(outputs, spec.labels.length)},"labels":${JSON.stringify(labels)}}`);
}

/**
 * `{"results": [[["yes",0.9],["no",0.1]]]}`, every label with its score, in the spec's order.
 *
 * The key is `results`: so the server has always answered, and so its documentation's example reads; `result` stands
 * only in the prose above that example (tensorflow/serving, pull request 3652), and no client can have been written to it.
 */
export function classifyAnswer({ spec, outputs }: Prediction): EncodedResponse {
  const names = labelsOf(spec).map((label) => JSON.stringify(label));
  const results: string[] = [];
  for (let at = 0; at < outputs.length; at += names.length) {
    const pairs = names.map((name, i) => `[${name},${floatText(outputs[at + i] as number)}]`);
    results.push(`[${pairs.join(',')}]`);
  }
  return json(`{"results":[${results.join(',')}]}`);
}

/** `{"results": [12.3]}` */
export function regressAnswer({ outputs }: Prediction): EncodedResponse {
  return json(`{"results":${floatsText(outputs)}}`);
}

function json(body: string): EncodedResponse {
  return { type: 'application/json', body };
}
