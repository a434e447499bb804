/**
 * Labels that are kept apart: `quarantine/<fromMs>-<toMs>.json`, one object a stretch of time. Nothing is deleted; what
 * is released trains and judges as if nothing had been.
 */
import { err, ok, type Result } from '../result.ts';
import * as z from '../zod.ts';
import { describeReadError, loadJson, putJson } from './store/json.ts';
import { keys } from './store/keys.ts';
import type { ObjectStore } from './store/store.ts';

const count = z.int().check(z.minimum(0));

const endingSchema = z.object({
  status: z.optional(z.enum(['released', 'discarded'])),
  by: z.string(),
  at: z.iso.datetime(),
  why: z.string(),
});

export const quarantineSchema = z.object({
  format: z.literal('holdfast-quarantine/1'),
  /** inclusive, of the inputs */
  fromMs: count,
  /** exclusive */
  toMs: count,
  /** `held`: neither trains nor judges. `discarded`: the same, by somebody's decision. */
  status: z.enum(['held', 'released', 'discarded']),
  /** `renamed`: classes changed places. `rescaled`: targets in another unit, or shifted. `unrelated`: to their inputs. */
  kind: z.withDefault(z.enum(['renamed', 'rescaled', 'unrelated']), 'renamed'),
  /** The run that noticed. */
  run: z.string(),
  at: z.iso.datetime(),
  /** One sentence for a person. */
  reason: z.string(),
  examples: count,
  /** Share of the labels that agreed with what served, there and on nights before (of numbers: in the same third). */
  agreement: z.number(),
  usual: z.number(),
  /** Class ids that seem to have come to mean others. */
  renamings: z.array(z.object({ from: count, to: count, answered: count, labelled: count })),
  /** Of a regression: targets are about `factor` times what they should be, plus `shift`. */
  scale: z.withDefault(z.nullable(z.object({ factor: z.number(), shift: z.number() })), null),
  /** Ids of some of the examples. */
  sample: z.array(z.string()),
  /** Who ended it, and why. */
  ended: z.nullable(endingSchema),
  /** What was decided about it before, oldest first. */
  former: z.withDefault(z.array(endingSchema), []),
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

/**
 * Ends one, or changes how it ended; what was decided before stays beside it. Asked for what is so already, it changes
 * nothing, and gives who decided it first. Of two at once each sees what the other wrote.
 */
export async function endQuarantine(
  store: ObjectStore,
  model: string,
  { fromMs, toMs }: Pick<Quarantine, 'fromMs' | 'toMs'>,
  { status, by, at, why }: Ending,
): Promise<Result<Quarantine, QuarantineError>> {
  const key = keys.quarantine(model, fromMs, toMs);
  for (;;) {
    const read = await loadJson(store, key, quarantineSchema);
    if (!read.ok) {
      return read.error.kind === 'missing'
        ? err({ kind: 'unknown-quarantine', detail: `${model} has no quarantine ${fromMs}-${toMs}` })
        : err({ kind: 'quarantine-unreadable', detail: describeReadError(read.error) });
    }
    const { value: before, etag } = read.value;
    if (before.status === status) return ok(before);
    const former = before.ended === null ? before.former : [...before.former, before.ended];
    const ended = { ...before, status, ended: { status, by, at: at.toISOString(), why }, former };
    if ((await putJson(store, key, ended, { etag })) !== null) return ok(ended);
  }
}

/** By which people name one: `<fromMs>-<toMs>`, as in its key. */
export function quarantineId({ fromMs, toMs }: Pick<Quarantine, 'fromMs' | 'toMs'>): string {
  return `${fromMs}-${toMs}`;
}

/** Null for what is no such name. */
export function parseQuarantineId(id: string): Pick<Quarantine, 'fromMs' | 'toMs'> | null {
  const [, from, to] = /^(\d{1,16})-(\d{1,16})$/.exec(id) ?? [];
  return from === undefined || to === undefined ? null : { fromMs: Number(from), toMs: Number(to) };
}

/** `labels of 2026-11-01T00:00:00Z to … are kept apart: …`, and what a person can do. */
export function describeQuarantine(model: string, found: Quarantine): string {
  const [from, to] = [found.fromMs, found.toMs].map((ms) => new Date(ms).toISOString());
  return `labels of ${from} to ${to} are kept apart: ${found.reason}; holdfast quarantine ${model} release (or discard) ${quarantineId(found)} decides about them`;
}
