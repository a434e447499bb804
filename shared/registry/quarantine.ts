/**
 * Labels that are kept apart: `quarantine/<fromMs>-<toMs>.json`, one object a stretch of time. Nothing is deleted; what
 * is released trains and judges as if nothing had been.
 */
import * as z from 'zod';
import { err, ok, type Result } from '../result.ts';
import { describeReadError, loadJson, putJson } from './json.ts';
import { keys } from './keys.ts';
import type { ObjectStore } from './store.ts';

const quarantineSchema = z.object({
  format: z.literal('holdfast-quarantine/1'),
  /** inclusive, of the inputs */
  fromMs: z.int().min(0),
  /** exclusive */
  toMs: z.int().min(0),
  /** `held`: neither trains nor judges. `discarded`: the same, by somebody's decision. */
  status: z.enum(['held', 'released', 'discarded']),
  /** The run that noticed. */
  run: z.string(),
  at: z.iso.datetime(),
  /** One sentence for a person. */
  reason: z.string(),
  examples: z.int().min(0),
  /** Share of the labels that agreed with what served, there and on nights before. */
  agreement: z.number(),
  usual: z.number(),
  /** Class ids that seem to have come to mean others. */
  renamings: z.array(
    z.object({
      from: z.int().min(0),
      to: z.int().min(0),
      answered: z.int().min(0),
      labelled: z.int().min(0),
    }),
  ),
  /** Ids of some of the examples. */
  sample: z.array(z.string()),
  /** Who ended it, and why. */
  ended: z.object({ by: z.string(), at: z.iso.datetime(), why: z.string() }).nullable(),
});
export type Quarantine = z.infer<typeof quarantineSchema>;

export type QuarantineError =
  | { readonly kind: 'quarantine-unreadable'; readonly detail: string }
  | { readonly kind: 'unknown-quarantine'; readonly detail: string };

/** All of a model, in order of time, ended ones included. One that can't be read fails closed, by its key. */
export async function listQuarantines(
  store: ObjectStore,
  model: string,
): Promise<Result<Quarantine[], QuarantineError>> {
  const found: Quarantine[] = [];
  for (const key of await store.list(keys.quarantinePrefix(model))) {
    const read = await loadJson(store, key, quarantineSchema);
    if (!read.ok) return err({ kind: 'quarantine-unreadable', detail: describeReadError(read.error) });
    found.push(read.value.value);
  }
  return ok(found.sort((a, b) => a.fromMs - b.fromMs || a.toMs - b.toMs));
}

/** Create-only: the same run that notices twice notices once. */
export async function saveQuarantine(store: ObjectStore, model: string, found: Quarantine): Promise<void> {
  await putJson(store, keys.quarantine(model, found.fromMs, found.toMs), found, { absent: true });
}

export interface Ending {
  readonly status: 'released' | 'discarded';
  readonly by: string;
  readonly at: Date;
  readonly why: string;
}

/** Ends one, or changes how it ended. Of two at once the later one stands; both are whole. */
export async function endQuarantine(
  store: ObjectStore,
  model: string,
  { fromMs, toMs }: Pick<Quarantine, 'fromMs' | 'toMs'>,
  { status, by, at, why }: Ending,
): Promise<Result<Quarantine, QuarantineError>> {
  const key = keys.quarantine(model, fromMs, toMs);
  const read = await loadJson(store, key, quarantineSchema);
  if (!read.ok) {
    return read.error.kind === 'missing'
      ? err({ kind: 'unknown-quarantine', detail: `${model} has no quarantine ${fromMs}-${toMs}` })
      : err({ kind: 'quarantine-unreadable', detail: describeReadError(read.error) });
  }
  const ended = { ...read.value.value, status, ended: { by, at: at.toISOString(), why } };
  await putJson(store, key, ended);
  return ok(ended);
}
