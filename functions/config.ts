/**
 * What the edge Worker is told by its environment. Nothing here has a default that opens anything: keys that are
 * absent or malformed mean that nobody is let in.
 */
import * as z from 'zod';
import { digestSchema } from '../shared/registry/manifest.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { ANY_ORIGIN } from './cors.ts';

export const SCOPES = ['predict', 'feedback', 'operate'] as const;
export type Scope = (typeof SCOPES)[number];

const apiKeySchema = z.strictObject({
  /** Who acts, as the history records it. */
  name: z.string().min(1).max(128),
  /** SHA-256 of the bearer token; the token itself is stored nowhere. */
  sha256: digestSchema,
  scopes: z.array(z.enum(SCOPES)).min(1),
});
export type ApiKey = z.infer<typeof apiKeySchema>;

export interface Config {
  readonly keys: readonly ApiKey[];
  /** Whether the known local keys work, for loopback only. Set by the local launcher, never by a deployment. */
  readonly localKeys: boolean;
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

const variables = {
  HOLDFAST_KEYS: z.string().default('[]').transform(parseJsonText).pipe(z.array(apiKeySchema)),
  HOLDFAST_LOCAL_KEYS: z.enum(['on', 'off']).default('off'),
  HOLDFAST_ALIAS_TTL_SECONDS: numberText(0.1, 3_600).default(5),
  HOLDFAST_MAX_BODY_BYTES: wholeNumberText(1_024, 67_108_864).default(8_388_608),
  HOLDFAST_MAX_INSTANCES: wholeNumberText(1, 65_536).default(1_024),
  HOLDFAST_TIMEOUT_MS: wholeNumberText(10, 300_000).default(10_000),
  HOLDFAST_MAX_IN_FLIGHT: wholeNumberText(1, 10_000).default(64),
  HOLDFAST_MAX_WAITING: wholeNumberText(0, 10_000).default(64),
  HOLDFAST_CORS_ORIGINS: z.string().default('').transform(splitList).pipe(originsSchema()),
} as const;

/**
 * Reads the variables, and names every bad one at once.
 *
 * @param env  the Worker's environment: text variables and secrets, beside bindings, which are not looked at
 */
export function parseConfig(env: object): Result<Config, ConfigProblem[]> {
  const parsed = z.object(variables).superRefine(keepPagesFromLocalKeys).safeParse(env);
  if (!parsed.success) return err(parsed.error.issues.map(describeProblem));
  const values = parsed.data;
  return ok({
    keys: values.HOLDFAST_KEYS,
    localKeys: values.HOLDFAST_LOCAL_KEYS === 'on',
    aliasTtlMs: values.HOLDFAST_ALIAS_TTL_SECONDS * MILLISECONDS,
    maxBodyBytes: values.HOLDFAST_MAX_BODY_BYTES,
    maxInstances: values.HOLDFAST_MAX_INSTANCES,
    timeoutMs: values.HOLDFAST_TIMEOUT_MS,
    maxInFlight: values.HOLDFAST_MAX_IN_FLIGHT,
    maxWaiting: values.HOLDFAST_MAX_WAITING,
    corsOrigins: values.HOLDFAST_CORS_ORIGINS,
  });
}

/** Everybody knows the local keys: with them, any page that is open in this machine's browser could operate. */
function keepPagesFromLocalKeys(
  values: { HOLDFAST_LOCAL_KEYS: 'on' | 'off'; HOLDFAST_CORS_ORIGINS: readonly string[] },
  context: z.RefinementCtx,
): void {
  if (values.HOLDFAST_LOCAL_KEYS === 'off' || !values.HOLDFAST_CORS_ORIGINS.includes(ANY_ORIGIN)) return;
  const message = 'expected the origins by name while HOLDFAST_LOCAL_KEYS is on, got *';
  context.addIssue({ code: 'custom', path: ['HOLDFAST_CORS_ORIGINS'], message });
}

function describeProblem(issue: z.core.$ZodIssue): ConfigProblem {
  const [variable, ...path] = issue.path;
  const where = path.length === 0 ? '' : `${path.join('.')}: `;
  return { variable: String(variable), problem: `${where}${issue.message}` };
}

function parseJsonText(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'expected a JSON array of {name, sha256, scopes}' });
    return z.NEVER;
  }
}

function splitList(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== '');
}

function originsSchema() {
  const message = 'expected origins such as https://app.example with commas between them, or * alone';
  return z
    .array(z.string())
    .refine(
      (origins) => origins.every(isOrigin) || (origins.length === 1 && origins[0] === ANY_ORIGIN),
      message,
    );
}

/** As browsers write it: scheme, host and port, nothing after. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

function numberText(min: number, max: number) {
  const message = `expected a number from ${min} to ${max}`;
  return z
    .string({ error: message })
    .regex(/^\d+(\.\d+)?$/, message)
    .transform(Number)
    .pipe(z.number().min(min, message).max(max, message));
}

function wholeNumberText(min: number, max: number) {
  return numberText(min, max).refine(Number.isInteger, 'expected a whole number');
}
