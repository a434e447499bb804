/**
 * One operation of the contract, said shortly, and written out as OpenAPI wants it.
 */
import type { Scope } from '../config.ts';
import {
  type ErrorCode,
  type ErrorForm,
  errorResponses,
  JSON_TYPE,
  type Json,
  type JsonObject,
  ref,
  schemaRef,
} from './components.ts';
import type { SchemaName } from './schemas.ts';

export interface Operation {
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  /** The key needs one of them; none: it needs no key. */
  readonly scopes: readonly Scope[];
  /** Names of parameters beside those of the path. */
  readonly parameters?: readonly string[];
  readonly body?: BodyDoc;
  readonly answers: Readonly<Record<number, ResponseDoc>>;
  readonly errors: readonly ErrorCode[];
  readonly form: ErrorForm;
}

export interface BodyDoc {
  readonly schema: SchemaName;
  readonly example: Json;
  /** Bodies that are no JSON, by media type. */
  readonly others?: Readonly<Record<string, string>>;
  readonly required?: boolean;
}

export interface ResponseDoc {
  readonly description: string;
  /** null: `others` alone */
  readonly schema: SchemaName | null;
  readonly others?: Readonly<Record<string, string>>;
  /** by header, the name of a component */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation as OpenAPI's operation object; parameters in the path are read off the path. */
export function describeOperation(path: string, operation: Operation): JsonObject {
  const { id, tag, summary, scopes, body, answers, errors, form } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string);
  const parameters = [...inPath, ...(operation.parameters ?? [])].map((name) => ref('parameters', name));
  const described = Object.entries(answers).map(([status, answer]) => [status, describeAnswer(answer)]);
  return {
    operationId: id,
    tags: [tag],
    summary,
    security: scopes.map((scope) => ({ bearer: [scope] })),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: describeBody(body) }),
    responses: { ...errorResponses(errors, form), ...Object.fromEntries(described) },
  };
}

function describeBody({ schema, example, others = {}, required = true }: BodyDoc): JsonObject {
  return {
    required,
    content: { [JSON_TYPE]: { schema: schemaRef(schema), example }, ...describeOthers(others) },
  };
}

function describeAnswer({ description, schema, others = {}, headers = {} }: ResponseDoc): JsonObject {
  const named = Object.entries(headers).map(([header, name]) => [header, ref('headers', name)]);
  const json = schema === null ? {} : { [JSON_TYPE]: { schema: schemaRef(schema) } };
  return {
    description,
    ...(named.length === 0 ? {} : { headers: Object.fromEntries(named) }),
    content: { ...json, ...describeOthers(others) },
  };
}

/** Bytes have no schema in OpenAPI 3.1, only words. */
function describeOthers(others: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(
    Object.entries(others).map(([type, description]) => [type, { schema: { description } }]),
  );
}
