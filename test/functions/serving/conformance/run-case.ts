/**
 * Puts a case to the edge, and compares the answer with what its source says. A comparison that fails throws.
 */
import { expect } from 'vitest';
import type { LoggedPrediction } from '../../../../functions/collect/prediction-log.ts';
import type { Edge } from '../../support.ts';
import { bodyOf, expectationOf, type ProtocolCase } from './cases.ts';
import { type Plan, planOf, readWord } from './plans.ts';

export interface Outcome {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** The JSON, or what of the body is JSON. */
  readonly json: JsonAnswer;
  /** Raw numbers of the examples, as they were logged. */
  readonly decoded: readonly number[];
  /** The request's bytes behind its JSON. */
  readonly sent: Uint8Array | null;
}

interface JsonAnswer {
  readonly error?: string;
  readonly id?: string;
  readonly predictions?: readonly unknown[];
  readonly outputs?: readonly OutputJson[];
}

interface OutputJson {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data?: readonly unknown[];
  readonly parameters?: { readonly binary_data_size: number };
}

/** Of a case that is about its path. */
const A_REQUEST = '{"instances": [1]}';

const HEADER_LENGTH = 'Inference-Header-Content-Length';

/** @param logged  what the edge logs; emptied before the request */
export async function runCase(edge: Edge, given: ProtocolCase, logged: LoggedPrediction[]): Promise<Outcome> {
  const plan = planOf(given.id);
  const { body, headers } = adaptBody(given, plan);
  logged.length = 0;
  const method = given.method ?? 'POST';
  const response = await edge.call(adaptPath(given.path ?? '', plan), {
    method,
    key: 'predict',
    headers,
    ...(method === 'GET' ? {} : { body: body ?? (given.body === null ? '' : A_REQUEST) }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const jsonBytes = Number(response.headers.get(HEADER_LENGTH) ?? bytes.byteLength);
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    json: JSON.parse(readTokens(new TextDecoder().decode(bytes.subarray(0, jsonBytes)))) as JsonAnswer,
    decoded: logged.flatMap(({ raw }) => [...raw]),
    sent: body instanceof Uint8Array ? body : null,
  };
}

/** NaN and infinities as strings, which the cases have for them. */
function readTokens(text: string): string {
  return text.replaceAll(/(?<=[[,])(-?Infinity|NaN)(?=[\],])/g, '"$1"');
}

function adaptPath(path: string, { model, rename = {} }: Plan): string {
  if (model === undefined) return path;
  const adapted = path
    .replace(/\/models\/[^/:]+/, `/models/${model}`)
    .replace('/versions/v1.2.3', '/versions/1')
    .replace('/labels/<label>', '/labels/champion');
  return renamed(adapted, rename);
}

function adaptBody(given: ProtocolCase, plan: Plan) {
  const body = bodyOf(given);
  const headers = given.headers ?? {};
  const length = headers[HEADER_LENGTH];
  if (typeof body === 'string' || body === undefined) {
    return { body: body === undefined ? body : adaptJson(body, plan), headers };
  }
  if (plan.rename === undefined || length === undefined) return { body, headers };
  const json = new TextEncoder().encode(
    adaptJson(new TextDecoder().decode(body.subarray(0, Number(length))), plan),
  );
  const binary = body.subarray(Number(length));
  // One of the two tensors, of the same size, is left out.
  const kept = plan.without === undefined ? binary : binary.subarray(0, binary.byteLength / 2);
  return {
    body: Uint8Array.from([...json, ...kept]),
    headers: { ...headers, [HEADER_LENGTH]: String(json.byteLength) },
  };
}

function adaptJson(text: string, { rename = {}, replace, without }: Plan): string {
  if (replace !== undefined) return renamed(text.replace(...replace), rename);
  if (without === undefined) return renamed(text, rename);
  const body = JSON.parse(text) as { inputs: { name: string }[] };
  const inputs = body.inputs.filter(({ name }) => name !== without);
  return renamed(JSON.stringify({ ...body, inputs }), rename);
}

/** Textually: some bodies are no JSON. */
function renamed(text: string, rename: Readonly<Record<string, string>>): string {
  let adapted = text;
  for (const [from, to] of Object.entries(rename)) adapted = adapted.replaceAll(`"${from}"`, `"${to}"`);
  return adapted;
}

export async function checkCase(edge: Edge, given: ProtocolCase, outcome: Outcome): Promise<void> {
  const expected = expectationOf(given);
  checkStatus(given, outcome);
  if (expected.content_type !== undefined) {
    expect(outcome.headers.get('content-type')).toContain(expected.content_type);
  }
  if (outcome.status >= 400) {
    expect(outcome.json).toEqual({ error: expect.any(String) });
    checkNames(given, outcome.json.error ?? '');
  } else {
    checkValues(given, outcome);
    checkOutputs(given, outcome);
    if (expected.response_shape !== undefined) checkShape(outcome.json, expected.response_shape);
  }
  for (const [request, status] of Object.entries(expected.then ?? {})) {
    const path = adaptPath(request.split(' ')[1] ?? '', planOf(given.id));
    expect((await edge.call(path, { key: 'predict' })).status).toBe(status);
  }
}

/** A valid path of a model that is not here: its status says so, and what was read of it is checked by the message. */
function checkStatus(given: ProtocolCase, { status }: Outcome): void {
  const expected = expectationOf(given);
  const exact = expected.http_status ?? given.http_status ?? (expected.parses === true ? 200 : undefined);
  if (exact !== undefined) expect(status).toBe(exact);
  else if (given.valid === true) expect([200, 400, 404]).toContain(status);
  else expect(expected.http_status_any_of).toContain(status);
}

function checkNames({ parsed, expect: expected }: ProtocolCase, error: string): void {
  if (parsed === undefined || expected !== undefined) return;
  expect(error).toContain(parsed.label ?? parsed.model);
}

function checkValues(given: ProtocolCase, { json, decoded }: Outcome): void {
  const { tensors, decoded_with_content_type: texts, response } = expectationOf(given);
  const tensor = Object.values(tensors ?? {});
  expect(tensor.length, 'models here take one tensor of each case').toBeLessThanOrEqual(1);
  const wanted = texts ?? tensor[0]?.values;
  if (wanted !== undefined) expect(toComparable(given.id, decoded, json)).toEqual(wanted.map(toFloat));
  if (response !== undefined) expect(json).toMatchObject(response);
  if (given.response !== undefined) expect(json).toEqual(given.response);
}

/** What was logged; where that is nothing, as of numbers that are not finite, what the identity answered. */
function toComparable(id: string, decoded: readonly number[], { predictions = [] }: JsonAnswer): unknown[] {
  if (decoded.length === 0) return predictions.map(toFloat);
  const model = planOf(id).model ?? '';
  return decoded.map((value) => (model.startsWith('words') ? readWord(model, value) : value + 0));
}

/** As float32; true and false as 1 and 0. */
function toFloat(value: unknown): unknown {
  if (value === '-0') return 0;
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'number' ? Math.fround(value) + 0 : value;
}

function checkOutputs(given: ProtocolCase, { json, headers, bytes, sent }: Outcome): void {
  const expected = expectationOf(given);
  const { rename = {} } = planOf(given.id);
  const ours = (name: string): string => rename[name] ?? 'prediction';
  const outputs = Array.isArray(json.outputs) ? json.outputs : [];
  const binary = bytes.subarray(Number(headers.get(HEADER_LENGTH) ?? bytes.byteLength));
  if (expected.response_id !== undefined) expect(json.id).toBe(expected.response_id);
  if (expected.outputs_count !== undefined) expect(outputs).toHaveLength(expected.outputs_count);
  if (expected.outputs_only !== undefined) {
    expect(outputs.map(({ name }) => name)).toEqual(expected.outputs_only.map(ours));
  }
  if (expected.output_data !== undefined) {
    expect(valuesOf(outputs[0], binary)).toEqual(expected.output_data.map(toFloat));
  }
  if (expected.output !== undefined) {
    const { name: _, ...output } = expected.output;
    expect(outputs[0]).toMatchObject(output);
  }
  for (const [name, values] of Object.entries(expected.outputs ?? {})) {
    const output = outputs.find((each) => each.name === ours(name));
    // A label in place of a tensor of numbers: of the second output of "simple" only its form is looked at.
    if (ours(name) === 'label') continue;
    expect(valuesOf(output, binary)).toEqual(values.map(toFloat));
  }
  for (const [name, form] of Object.entries(expected.encoding ?? {})) {
    const output = outputs.find((each) => each.name === ours(name));
    expect(output === undefined || 'data' in output ? 'json' : 'binary').toBe(form.split(' ')[0]);
  }
  if (expected.response_binary_equals_request === true) expect(binary).toEqual(sent);
}

/** Without the label that is added to a class: `3.3:1:name` as `3.3:1`. */
function valuesOf(output: OutputJson | undefined, binary: Uint8Array): unknown[] {
  if (output?.data !== undefined) {
    return output.data.map((value) =>
      typeof value === 'string' ? value.split(':').slice(0, 2).join(':') : toFloat(value),
    );
  }
  const size = output?.parameters?.binary_data_size ?? 0;
  return [...new Float32Array(binary.slice(0, size).buffer)];
}

/** @param shape  `"string"`, `["number"]`, or an object of those */
function checkShape(value: unknown, shape: unknown): void {
  if (Array.isArray(shape)) {
    expect(value).toBeInstanceOf(Array);
    for (const item of value as unknown[]) checkShape(item, shape[0]);
  } else if (typeof shape === 'object' && shape !== null) {
    for (const [key, inner] of Object.entries(shape)) {
      expect(value).toHaveProperty(key);
      checkShape((value as Record<string, unknown>)[key], inner);
    }
  } else expect(typeof value).toBe(shape);
}
