/**
 * The published contract, read as a client's tools read it.
 */
import { readFileSync } from 'node:fs';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { CONTRACT_FILE } from './contract-file.ts';

export interface MediaType {
  readonly schema: object;
  readonly example?: unknown;
}

export interface ContractResponse {
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly content: Readonly<Record<string, MediaType>>;
}

export interface ContractOperation {
  readonly operationId: string;
  readonly security: readonly { readonly bearer: readonly string[] }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, ContractResponse | { readonly $ref: string }>>;
}

interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ContractOperation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, ContractResponse>>;
    readonly headers: Readonly<Record<string, { readonly required?: boolean; readonly schema: object }>>;
  };
}

export const contract = JSON.parse(readFileSync(CONTRACT_FILE, 'utf8')) as Contract;

export const OPERATIONS = Object.entries(contract.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);

const ROOT = 'contract';
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ $id: ROOT, ...contract });

/** Of answers, closed: a key that the contract does not name is an error here, though clients ignore it. */
const closed = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(closed);
closed.addSchema({
  $id: ROOT,
  components: { ...contract.components, schemas: close(contract.components.schemas) },
});

/** A schema of the contract by its name, as it is published. */
export function validatorOf(name: string): ValidateFunction {
  const validate = ajv.getSchema(`${ROOT}#/components/schemas/${name}`);
  if (validate === undefined) throw new Error(`the contract has no schema ${name}`);
  return validate;
}

/** What is wrong with an answer by a schema of the contract; empty when nothing is. */
export function describeMismatch(schema: object, value: unknown): string {
  const text = JSON.stringify(close(schema)).replaceAll('"#/', `"${ROOT}#/`);
  const validate = closed.compile(JSON.parse(text) as object);
  return validate(value) ? '' : closed.errorsText(validate.errors);
}

export function resolve<T extends object>(
  parts: Readonly<Record<string, T>>,
  part: T | { readonly $ref: string },
): T {
  if (!('$ref' in part)) return part;
  const found = parts[part.$ref.slice(part.$ref.lastIndexOf('/') + 1)];
  if (found === undefined) throw new Error(`the contract has no ${part.$ref}`);
  return found;
}

function close<T>(value: T): T {
  if (Array.isArray(value)) return value.map(close) as T;
  if (typeof value !== 'object' || value === null) return value;
  const copied = Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, close(part) as unknown]),
  );
  const open = 'properties' in value && copied['type'] === 'object' && !('additionalProperties' in value);
  return (open ? { ...copied, additionalProperties: false } : copied) as T;
}
