/**
 * What people do with a model and its nights, as lives to be run: which recipe trains, and who decides what serves.
 */
import { type Spec, specSchema } from '../../../../shared/model/spec/spec.ts';
import { sha256Hex } from '../../../../shared/digest.ts';
import type { Stream } from '../streams/stream.ts';

/** `ours`: as a spec without wishes trains. */
export type RecipeName = 'ours' | 'everything' | 'window' | 'newest';

/**
 * `gate`: Holdfast's, by itself. `always`: whatever was trained. `point`: what scores at least as well on what was
 * held out of the newest block.
 */
export type Rule = 'gate' | 'always' | 'point';

export interface Strategy {
  readonly name: string;
  readonly recipe: RecipeName;
  /** null: nothing is ever promoted after the first version */
  readonly rule: Rule | null;
  /** Trained from fresh weights each night. */
  readonly fresh: boolean;
}

export const HOLDFAST = 'Holdfast';
export const NOBODY = 'nobody';
export const ORACLE = 'oracle';

export const STRATEGIES: readonly Strategy[] = [
  { name: NOBODY, recipe: 'ours', rule: null, fresh: false },
  { name: 'everything', recipe: 'everything', rule: 'always', fresh: true },
  { name: 'everything, point', recipe: 'everything', rule: 'point', fresh: true },
  { name: 'window', recipe: 'window', rule: 'always', fresh: true },
  { name: 'window, point', recipe: 'window', rule: 'point', fresh: true },
  { name: 'newest', recipe: 'newest', rule: 'always', fresh: false },
  { name: 'newest, point', recipe: 'newest', rule: 'point', fresh: false },
  { name: 'ours', recipe: 'ours', rule: 'always', fresh: false },
  { name: 'ours, point', recipe: 'ours', rule: 'point', fresh: false },
  { name: HOLDFAST, recipe: 'ours', rule: 'gate', fresh: false },
];

/** What a policy to be tried says instead of the defaults: parts of a spec. */
export interface Policy {
  readonly name: string;
  readonly change: Readonly<Record<string, unknown>>;
}

/** A tenth is held out, by which the point estimate judges; nothing waits for a gate that nobody asks. */
const PEER = { holdout: { fraction: 0.1 }, gate: { minimum: { current: 1 } }, promotion: 'manual' };
const PLAIN = { distillation: { kind: 'none' }, continuity: { watch: false }, retry: { flips: false } };

const RECIPES: Readonly<Record<RecipeName, object>> = {
  ours: {},
  everything: { ...PEER, training: { ...PLAIN, start: 'fresh', maxExamples: 1_000_000 } },
  window: { ...PEER, training: { ...PLAIN, start: 'fresh', maxExamples: 1_000_000 } },
  newest: { ...PEER, training: { ...PLAIN, maxExamples: 1_000_000 } },
};

/** Blocks that the sliding window spans: a tenth of a stream of 18 nights. */
export const WINDOW_BLOCKS = 2;

/**
 * The spec of a life.
 *
 * @param policy  merged into it, member by member; null for none
 * @param base    digest of the frozen base
 * @throws Error (zod's) where the policy is no part of a spec
 */
export function specOf(
  stream: Stream,
  recipe: RecipeName,
  rule: Rule | null,
  seed: number,
  policy: Policy | null,
  base: string | null = null,
): Spec {
  const wishes = [
    {
      format: 'holdfast-spec/1',
      name: stream.name.replaceAll(/[^a-z0-9-]/g, '-').slice(0, 48),
      input: stream.input,
      ...stream.task,
      base,
      salt: sha256Hex(`continuity ${seed}`),
      training: { seed },
      promotion: rule === 'gate' ? 'automatic' : 'manual',
    },
    stream.model ?? {},
    RECIPES[recipe],
    policy?.change ?? {},
  ];
  return specSchema.parse(wishes.reduce<unknown>((all, part) => merge(all, part), {}));
}

/** Objects member by member, the later one's last; anything else is replaced. */
export function merge(a: unknown, b: unknown): unknown {
  if (!isObject(a) || !isObject(b)) return b;
  const merged: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) merged[key] = key in a ? merge(a[key], value) : value;
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
