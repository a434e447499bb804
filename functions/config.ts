/**
 * What the edge Worker is told by its environment. Nothing here has a default that opens anything: keys that are
 * absent or malformed mean that nobody is let in.
 */
import * as z from 'zod';
import { digestSchema } from '../shared/registry/manifest.ts';
import { err, ok, type Result } from '../shared/result.ts';

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
} as const;

/**
 * Reads the variables, and names every bad one at once.
 *
 * @param env  the Worker's environment: text variables and secrets, beside bindings, which are not looked at
 */
export function parseConfig(env: object): Result<Config, ConfigProblem[]> {
  const parsed = z.object(variables).safeParse(env);
  if (!parsed.success) return err(parsed.error.issues.map(describeProblem));
  const values = parsed.data;
  return ok({
    keys: values.HOLDFAST_KEYS,
    localKeys: values.HOLDFAST_LOCAL_KEYS === 'on',
    aliasTtlMs: values.HOLDFAST_ALIAS_TTL_SECONDS * MILLISECONDS,
    maxBodyBytes: values.HOLDFAST_MAX_BODY_BYTES,
    maxInstances: values.HOLDFAST_MAX_INSTANCES,
  });
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
