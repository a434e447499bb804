/**
 * Bodies that the edge reads by hand are put to both, the route and the contract: what one takes, the other must take.
 * What depends on the model alone (how many features, which labels) is right in all of them.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { diagonal, numbers, serveLinearModel } from '../serving/conformance/linear-model.ts';
import { createEdge, type Edge } from '../support.ts';
import { validatorOf } from './contract.ts';

let edge: Edge;
const seen = { taken: 0, refused: 0 };

beforeAll(async () => {
  const store = createMemoryStore();
  const pair = { input: numbers('x', 'y'), labels: ['left', 'right'], kernel: diagonal(2, 1) };
  await serveLinearModel(store, { name: 'pair', ...pair });
  await serveLinearModel(store, { name: 'line', input: numbers('x'), labels: null, kernel: [2] });
  edge = createEdge(store, await loadWasmModule(), { maxBodyBytes: 10_000 });
});
afterAll(() => {
  // Both sides were seen, or the tests above say nothing.
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(100);
});

async function compare(path: string, schema: string, key: 'predict' | 'feedback', body: unknown) {
  const response = await edge.call(path, { key, body: JSON.stringify(body) });
  const taken = response.status < 300;
  const said = await response.text();
  seen[taken ? 'taken' : 'refused'] += 1;
  const validate = validatorOf(schema);
  if (validate(JSON.parse(JSON.stringify(body))) === taken) return;
  const contract = taken ? JSON.stringify(validate.errors?.slice(0, 3)) : 'takes it';
  throw new Error(
    `${JSON.stringify(body)}: the edge says ${response.status} ${said}, the contract ${contract}`,
  );
}

/** A key with one of these, or without it. */
function maybe<T>(value: fc.Arbitrary<T>) {
  return fc.option(value, { nil: undefined, freq: 3 });
}

const junk = fc.constantFrom<unknown>(null, 0, 1.5, '', 'no', true, [], {}, [null], { a: 1 });
/** Mostly what is right, so that bodies which are right as a whole are found too. */
function mostly<T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: junk });
}

const number = fc.constantFrom(-1, 0, 0.5, 7);
const row = fc.tuple(number, number);
const named = fc.record({ x: number, y: number });

describe('what the routes take is what the contract says', () => {
  const signature = maybe(
    mostly(fc.constantFrom('', 'serving_default', 'tensorflow/serving/predict', 'other')),
  );

  test(':predict', async () => {
    const instances = fc.oneof(
      fc.array(row, { minLength: 1, maxLength: 3 }),
      fc.array(named, { minLength: 1, maxLength: 3 }),
      fc.constantFrom<unknown[]>([], [[1, 2], { x: 1, y: 2 }], [[1, 2], 3], [null], [true]),
    );
    const inputs = fc.oneof(
      fc.array(row, { minLength: 1, maxLength: 3 }),
      fc.constantFrom<unknown>({ x: [1], y: [2] }, { input: [[1, 2]] }, []),
    );
    const body = fc.oneof(
      fc.record({ signature_name: signature, instances: mostly(instances), more: junk }),
      fc.record({ signature_name: signature, inputs: mostly(inputs) }),
      fc.record({ instances: maybe(instances), inputs: maybe(inputs) }),
      junk,
    );
    // Objects are named inputs, and empty ones name none: that is the model's business.
    const judged = body.filter((body) => !/"inputs":\{("a"|\})|\[\{"a"/.test(JSON.stringify(body)));
    await fc.assert(
      fc.asyncProperty(judged, (body) =>
        compare('/v1/models/pair:predict', 'PredictRequest', 'predict', body),
      ),
      { numRuns: 300 },
    );
  });

  test.each([
    ['classify', 'pair', 'ClassifyRequest'],
    ['regress', 'line', 'RegressRequest'],
  ])(':%s', async (verb, model, schema) => {
    const cell = fc.oneof(number, fc.tuple(number), fc.boolean());
    const stray = fc.constantFrom<unknown>('text', [1, 'a'], { b64: 'AA==' }, [], null, [null], {}, [[1]], {
      b64: 1,
    });
    const example = fc.record({ x: cell, y: cell, stray: maybe(stray) });
    const body = fc.record({
      signature_name: maybe(mostly(fc.constantFrom('', 'serving_default', `tensorflow/serving/${verb}`))),
      context: maybe(fc.oneof(fc.constantFrom<unknown>({}, { z: 1 }, { z: null }, [], 'no'))),
      examples: mostly(fc.array(example, { minLength: 1, maxLength: 3 })),
    });
    // An example without features is an example of another model.
    const judged = body.filter((body) => !JSON.stringify(body.examples)?.startsWith('[{"a"'));
    await fc.assert(
      fc.asyncProperty(judged, (body) => compare(`/v1/models/${model}:${verb}`, schema, 'predict', body)),
      { numRuns: 300 },
    );
  });

  test('infer, in JSON', async () => {
    const parameters = maybe(
      fc.constantFrom<unknown>(
        {},
        { binary_data_size: null },
        { binary_data_size: 8 },
        { more: 1 },
        [],
        'no',
        null,
      ),
    );
    const tensor = fc.record({
      name: mostly(fc.constant('input')),
      datatype: mostly(fc.constantFrom('FP32', 'FP64')),
      shape: mostly(fc.constant([1, 2])),
      data: maybe(mostly(fc.constantFrom([1, 2], [[1, 2]]))),
      parameters,
    });
    const output = fc.record({
      name: mostly(fc.constant('probabilities')),
      parameters: maybe(
        fc.constantFrom<unknown>(
          {},
          { binary_data: true },
          { classification: 1 },
          { classification: null },
          { classification: -1 },
          { classification: 'a' },
          [],
          null,
        ),
      ),
    });
    const body = fc.record({
      id: maybe(mostly(fc.constant('42'))),
      inputs: mostly(fc.tuple(tensor)),
      outputs: maybe(mostly(fc.oneof(fc.constant([]), fc.tuple(output)))),
      parameters: maybe(fc.constantFrom<unknown>({}, { binary_data_output: true }, { more: [] }, [], null)),
    });
    await fc.assert(
      fc.asyncProperty(body.filter(isOfThisModel), async (body) => {
        const path = '/v2/models/pair/infer';
        return compare(path, 'InferRequest', 'predict', body);
      }),
      { numRuns: 400 },
    );
  });

  test('feedback, item by item', async () => {
    const predicted = await edge.predict('pair', { instances: [[1, 2]] });
    const id = predicted.headers.get('holdfast-prediction-id') ?? '';
    const flip = maybe(fc.constantFrom<unknown>(true, false, 1));
    const label = maybe(fc.constantFrom<unknown>('left', 'right', null, [], {}));
    const item = fc.oneof(
      fc.record({
        prediction_id: fc.constantFrom<unknown>(id, `${id}.0`, 1, null),
        label,
        flip,
        more: maybe(junk),
      }),
      fc.record({
        instance: fc.constantFrom([1, 2], { x: 1, y: 2 }),
        label,
        timestamp: maybe(
          fc.constantFrom<unknown>('2026-11-20T10:00:00Z', '2026-11-20T10:00:00+01:00', 'then', 1),
        ),
        group: maybe(fc.constantFrom<unknown>('g', '', 'g'.repeat(128), 'g'.repeat(129), 1)),
        id: maybe(fc.constantFrom<unknown>('i', '', 'i'.repeat(129), null)),
        more: maybe(fc.constant(1)),
        flip,
      }),
      junk,
    );
    await fc.assert(
      fc.asyncProperty(item, (item) =>
        compare('/v1/models/pair:feedback', 'FeedbackRequest', 'feedback', { items: [item] }),
      ),
      { numRuns: 300 },
    );
  });
});

/** Names of tensors and bytes behind the JSON are no part of what a schema says. */
function isOfThisModel(body: { readonly inputs: unknown; readonly outputs?: unknown }): boolean {
  const text = JSON.stringify(body);
  if (text.includes('"binary_data_size":8')) return false;
  const [tensor] = Array.isArray(body.inputs) ? (body.inputs as { shape?: unknown; data?: unknown }[]) : [];
  const shape = tensor?.shape;
  const isOtherShape = Array.isArray(shape) && shape.length !== 2 && !shape.includes(null);
  const isOtherData =
    Array.isArray(tensor?.data) && JSON.stringify(tensor.data.flat()) !== JSON.stringify([1, 2]);
  const isOtherOutput = /"outputs":\[\{"name":"(no)?"/.test(text);
  return !isOtherShape && !isOtherData && !isOtherOutput;
}
