/**
 * What the edge Worker is told by its environment. Nothing here has a default that opens anything: keys that are
 * absent or malformed mean that nobody is let in.
 */
import { fields, findProblem, list, oneOf, text } from '../shared/checks.ts';
import { isDigest } from '../shared/registry/versions/base-manifest.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { ANY_ORIGIN } from './http/cors.ts';

export const SCOPES = ['predict', 'feedback', 'operate'] as const;
export type Scope = (typeof SCOPES)[number];

export interface ApiKey {
  /** Who acts, as the history records it. */
  readonly name: string;
  /** SHA-256 of the bearer token; the token itself is stored nowhere. */
  readonly sha256: string;
  readonly scopes: readonly Scope[];
}

export interface Config {
  readonly keys: readonly ApiKey[];
  /** Whether the known local keys work, for loopback only. Set by the local launcher, never by a deployment. */
  readonly localKeys: boolean;
  /** What whoever has no key may do. Nothing, unless HOLDFAST_PUBLIC names it. */
  readonly publicScopes: readonly Scope[];
  readonly aliasTtlMs: number;
  readonly maxBodyBytes: number;
  readonly maxInstances: number;
  /** How long a request may take, waiting and loading included. */
  readonly timeoutMs: number;
  /** Requests an isolate works on at once, and how many more may wait for their turn. */
  readonly maxInFlight: number;
  readonly maxWaiting: number;
  /** Web pages that may call from a browser; `*` for all, none when empty. */
  readonly corsOrigins: readonly string[];
}

export interface ConfigProblem {
  readonly variable: string;
  /** Says what was expected; never repeats a secret's value. */
  readonly problem: string;
}

const MILLISECONDS = 1_000;

/** @returns what a variable says; the error says what was expected, and never what is there */
type Parse<T> = (text: string) => Result<T, string>;

/**
 * Reads the variables, and names every bad one at once.
 *
 * @param env  the Worker's environment: text variables and secrets, beside bindings, which are not looked at
 */
export function parseConfig(env: object): Result<Config, ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const read = <T>(variable: string, parse: Parse<T>, absent: T): T => {
    const value: unknown = (env as Readonly<Record<string, unknown>>)[variable];
    if (value === undefined) return absent;
    const parsed = typeof value === 'string' ? parse(value) : err('expected text');
    if (parsed.ok) return parsed.value;
    problems.push({ variable, problem: parsed.error });
    return absent;
  };
  const config: Config = {
    keys: read('HOLDFAST_KEYS', parseKeys, []),
    localKeys: read('HOLDFAST_LOCAL_KEYS', parseSwitch, false),
    publicScopes: read('HOLDFAST_PUBLIC', parsePublic, []),
    aliasTtlMs: read('HOLDFAST_ALIAS_TTL_SECONDS', number(0.1, 3_600), 5) * MILLISECONDS,
    maxBodyBytes: read('HOLDFAST_MAX_BODY_BYTES', wholeNumber(1_024, 67_108_864), 8_388_608),
    maxInstances: read('HOLDFAST_MAX_INSTANCES', wholeNumber(1, 65_536), 1_024),
    timeoutMs: read('HOLDFAST_TIMEOUT_MS', wholeNumber(10, 300_000), 10_000),
    maxInFlight: read('HOLDFAST_MAX_IN_FLIGHT', wholeNumber(1, 10_000), 64),
    maxWaiting: read('HOLDFAST_MAX_WAITING', wholeNumber(0, 10_000), 64),
    corsOrigins: read('HOLDFAST_CORS_ORIGINS', parseOrigins, []),
  };
  // Everybody knows the local keys: with them, any page that is open in this machine's browser could operate.
  if (config.localKeys && config.corsOrigins.includes(ANY_ORIGIN)) {
    const problem = 'expected the origins by name while HOLDFAST_LOCAL_KEYS is on, got *';
    problems.push({ variable: 'HOLDFAST_CORS_ORIGINS', problem });
  }
  return problems.length === 0 ? ok(config) : err(problems);
}

const apiKeys = list(
  fields({
    name: text(/^.{1,128}$/su, '1 to 128 characters'),
    sha256: isDigest,
    scopes: list(oneOf(...SCOPES), 1, SCOPES.length),
  }),
  0,
  10_000,
);

function parseKeys(json: string): Result<ApiKey[], string> {
  let keys: unknown;
  try {
    keys = JSON.parse(json);
  } catch {
    keys = null;
  }
  if (!Array.isArray(keys)) return err('expected a JSON array of {name, sha256, scopes}');
  const problem = findProblem(apiKeys, keys);
  return problem === undefined ? ok(keys as ApiKey[]) : err(withoutValue(problem));
}

/** `0.sha256: expected a SHA-256, got "…"` without what could be a secret. */
function withoutValue(problem: string): string {
  return problem.replace(/, got .*$/s, '');
}

function parseSwitch(value: string): Result<boolean, string> {
  return value === 'on' || value === 'off' ? ok(value === 'on') : err('expected on or off');
}

/** Feedback trains models and operators move them: neither is ever for everybody. */
function parsePublic(value: string): Result<Scope[], string> {
  return value === 'predict'
    ? ok(['predict'])
    : err('expected predict, the one thing that may be for everybody');
}

function number(min: number, max: number): Parse<number> {
  return (digits) => {
    const value = /^\d+(\.\d+)?$/.test(digits) ? Number(digits) : Number.NaN;
    return value >= min && value <= max ? ok(value) : err(`expected a number from ${min} to ${max}`);
  };
}

function wholeNumber(min: number, max: number): Parse<number> {
  return (digits) => {
    const parsed = number(min, max)(digits);
    return parsed.ok && !Number.isInteger(parsed.value) ? err('expected a whole number') : parsed;
  };
}

function parseOrigins(value: string): Result<string[], string> {
  const origins = value.split(/[\s,]+/).filter((item) => item !== '');
  if (origins.every(isOrigin) || (origins.length === 1 && origins[0] === ANY_ORIGIN)) return ok(origins);
  return err('expected origins such as https://app.example with commas between them, or * alone');
}

/** As browsers write it: scheme, host and port, nothing after. */
function isOrigin(origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).origin === origin;
}
