/**
 * The parts of the contract that its operations refer to: schemas, headers, parameters, errors.
 */
import * as z from 'zod';
import { JOB_ID } from '../../shared/registry/jobs/jobs.ts';
import { MODEL_NAME } from '../../shared/registry/store/keys.ts';
import { SCHEMAS, type SchemaName } from './schemas.ts';

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export const JSON_TYPE = 'application/json';
export const PROBLEM_TYPE = 'application/problem+json';

/** A reference to one of the contract's schemas. */
export function schemaRef(name: SchemaName): JsonObject {
  return ref('schemas', name);
}

/** A reference to a component, as OpenAPI writes it: `{"$ref": "#/components/<kind>/<name>"}`. */
export function ref(kind: 'schemas' | 'headers' | 'parameters' | 'responses', name: string): JsonObject {
  return { $ref: `#/components/${kind}/${name}` };
}

/** JSON Schema 2020-12, which is what OpenAPI 3.1 speaks. Of requests and answers alike, unknown keys may be there. */
export function describeSchemas(): JsonObject {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => tidy(jsonSchema),
  });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, withoutIds(schema)]));
}

/** Leaves out what says nothing to a reader: a pattern beside a format, the largest integer, that anything may follow. */
function tidy(schema: z.core.JSONSchema.BaseSchema): void {
  if (schema.format === 'date-time') delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.const !== undefined) delete schema.type;
  delete schema.propertyNames;
  if (isEmpty(schema.additionalProperties)) delete schema.additionalProperties;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function withoutIds(schema: z.core.JSONSchema.BaseSchema): JsonObject {
  const plain = JSON.parse(JSON.stringify(schema)) as Record<string, Json>;
  delete plain['$schema'];
  delete plain['$id'];
  return plain;
}

const text = { type: 'string' };
const count = { type: 'integer', minimum: 1 };

export const HEADERS: JsonObject = {
  Version: { description: 'the version that answered', required: true, schema: count },
  PredictionId: {
    description: 'what feedback is given for; instance i of the request is `<id>.<i>`',
    required: true,
    schema: text,
  },
  Warning: { description: 'what is probably a mistake in a request that was answered', schema: text },
  BinaryLength: {
    description: 'how many bytes of the body are JSON, where bytes of tensors follow it',
    schema: { type: 'integer', minimum: 0 },
  },
  RetryAfter: { description: 'seconds', required: true, schema: count },
  RequestId: { description: 'leads to the cause in the log', required: true, schema: text },
  Location: { description: 'where it can be read', required: true, schema: text },
  Authenticate: { required: true, schema: { const: 'Bearer' } },
};

export const PARAMETERS: JsonObject = {
  model: {
    name: 'model',
    in: 'path',
    required: true,
    schema: { type: 'string', pattern: MODEL_NAME.source },
    example: 'digits',
  },
  version: { name: 'version', in: 'path', required: true, schema: count, example: 1 },
  label: { name: 'label', in: 'path', required: true, schema: { const: 'champion' }, example: 'champion' },
  run: {
    name: 'run',
    in: 'path',
    required: true,
    schema: { type: 'string', pattern: JOB_ID.source },
    example: '20261123T030000-cron',
  },
  id: {
    name: 'id',
    in: 'path',
    required: true,
    description: 'of a comparison or a reproduction',
    schema: { type: 'string', pattern: JOB_ID.source },
    example: '20261123T101502417-api-0a1b2c',
  },
  time: {
    name: 'time',
    in: 'path',
    required: true,
    description: 'with its zone',
    schema: { type: 'string', format: 'date-time' },
    example: '2026-11-23T10:00:00Z',
  },
  timeout: {
    name: 'Holdfast-Timeout-Ms',
    in: 'header',
    description: "how long the client waits; it can lower the deployment's limit and not raise it",
    schema: count,
  },
  binaryLength: {
    name: 'Inference-Header-Content-Length',
    in: 'header',
    description:
      'how many bytes of the body are JSON, where bytes of tensors follow it; 0: the body is the one tensor, float32',
    schema: { type: 'integer', minimum: 0 },
  },
};

interface ErrorKind {
  readonly description: string;
  readonly headers?: JsonObject;
}

const retry = { 'Retry-After': ref('headers', 'RetryAfter') };

/** By status. */
export const ERRORS = {
  400: { description: 'what is wrong with the request, and where' },
  401: {
    description: 'no key, or one that is not known',
    headers: { 'WWW-Authenticate': ref('headers', 'Authenticate') },
  },
  403: { description: 'the key lacks the scope' },
  404: { description: 'no such model, version, run, comparison or reproduction' },
  405: { description: 'another method is expected' },
  409: { description: 'what is there now stands against it: a lost race, a version that did not pass' },
  413: { description: 'the body is larger than this deployment allows' },
  429: { description: 'the key asks more often than this deployment allows', headers: retry },
  500: {
    description: 'a bug or an outage; the log names its cause',
    headers: { 'Holdfast-Request-Id': ref('headers', 'RequestId') },
  },
  503: { description: 'too many requests are under way, or the model can not serve now', headers: retry },
  504: { description: 'no answer in time' },
} as const satisfies Record<number, ErrorKind>;
export type ErrorCode = keyof typeof ERRORS;

/** `{"error"}` under /v1 and /v2, RFC 9457 elsewhere. */
export type ErrorForm = 'inference' | 'problem';

/**
 * An operation's error answers by status, each as a reference to the component that describes it in the protocol's
 * form.
 */
export function errorResponses(codes: readonly ErrorCode[], form: ErrorForm): JsonObject {
  return Object.fromEntries(codes.map((code) => [code, ref('responses', errorName(code, form))]));
}

/** Every error in both forms, as the `responses` of the contract's components. */
export function describeErrors(): JsonObject {
  const responses: Record<string, JsonObject> = {};
  for (const [code, error] of Object.entries(ERRORS)) {
    const content = {
      inference: { [JSON_TYPE]: { schema: schemaRef('InferenceError') } },
      problem: { [PROBLEM_TYPE]: { schema: schemaRef('Problem') } },
    };
    for (const form of ['inference', 'problem'] as const) {
      responses[errorName(Number(code) as ErrorCode, form)] = { ...error, content: content[form] };
    }
  }
  return responses;
}

function errorName(code: ErrorCode, form: ErrorForm): string {
  return `${form}-${code}`;
}
