/**
 * The ledger's entries: `ledger/<sequence>.json`, append-only, each with the whole state after it. Written create-only,
 * one after the other: of two writers one sees what the other wrote before it decides.
 */
import * as z from 'zod';
import { type LedgerState, NEW_LEDGER } from '../../shared/continuity/referee/ledger.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { describeReadError, loadJson, putJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';

/** As many bets are kept of old nights (continuity/statistics/e-process.ts); other numbers of them are damage. */
const BETS = 24;

/** What a recipe has been through (continuity/referee/trust.ts). */
export const trustSchema = z.object({
  trusted: z.boolean(),
  losses: z.int().min(0),
  from: z.int().min(1),
  settled: z
    .object({
      to: z.int().min(0),
      staked: z.number().min(0).max(1),
      logs: z.array(z.number()).length(BETS).readonly(),
    })
    .nullable(),
});

const stateSchema = z.object({
  tests: z.int().min(0),
  rejections: z.int().min(0),
  levels: z.record(z.string(), z.number().gt(0).max(1)),
  recipes: z.record(z.string(), trustSchema),
  subject: z.string().nullable(),
  checkedToMs: z.int().min(0),
  agreements: z
    .array(z.object({ n: z.int().min(0), right: z.int().min(0), error: z.number().min(0).optional() }))
    .readonly(),
  // entries from before these were counted have none
  recalls: z
    .array(z.object({ label: z.int().min(0), n: z.int().min(0), right: z.int().min(0) }))
    .readonly()
    .default([]),
  broken: z.record(z.string(), z.int().min(1)).default({}),
});

const entrySchema = z.object({
  format: z.literal('holdfast-ledger/1'),
  sequence: z.int().min(1),
  at: z.iso.datetime(),
  run: z.string(),
  /** What happened, once a run: `asked`, `decided`. */
  event: z.string(),
  state: stateSchema,
});
export type LedgerEntry = z.infer<typeof entrySchema>;

export type LedgerError = { readonly kind: 'ledger-unreadable'; readonly detail: string };

export interface LedgerChange {
  readonly run: string;
  readonly event: string;
  readonly at: Date;
}

/** A repeated step finds what it wrote among the newest entries: runs of a model follow one another. */
const LOOKED_BACK = 16;

/** The newest entry; null where nothing was ever asked. A damaged one fails closed: nobody decides on a guess. */
export async function loadLedger(
  store: ObjectStore,
  model: string,
): Promise<Result<LedgerEntry | null, LedgerError>> {
  const [newest] = (await store.list(keys.ledgerPrefix(model))).slice(-1);
  return newest === undefined ? ok(null) : loadEntry(store, newest);
}

/**
 * The newest entry of another run than this one, which has written some itself; null where there is none among the
 * newest few.
 */
export async function loadLedgerBefore(
  store: ObjectStore,
  model: string,
  run: string,
): Promise<Result<LedgerEntry | null, LedgerError>> {
  for (const key of (await store.list(keys.ledgerPrefix(model))).slice(-LOOKED_BACK).toReversed()) {
    const entry = await loadEntry(store, key);
    if (!entry.ok || entry.value.run !== run) return entry;
  }
  return ok(null);
}

async function loadEntry(store: ObjectStore, key: string): Promise<Result<LedgerEntry, LedgerError>> {
  const read = await loadJson(store, key, entrySchema);
  return read.ok
    ? ok(read.value.value)
    : err({ kind: 'ledger-unreadable', detail: describeReadError(read.error) });
}

/**
 * Appends what `change` makes of the newest state. Repeating it for the same run and event changes nothing and gives
 * the state that was written then.
 */
export async function appendLedger(
  store: ObjectStore,
  model: string,
  { run, event, at }: LedgerChange,
  change: (state: LedgerState) => LedgerState,
): Promise<Result<LedgerState, LedgerError>> {
  for (;;) {
    const present = await store.list(keys.ledgerPrefix(model));
    const before = await findEntry(store, present.slice(-LOOKED_BACK), run, event);
    if (!before.ok) return before;
    const { newest, own } = before.value;
    if (own !== null) return ok(own.state);
    const state = change(newest?.state ?? NEW_LEDGER);
    const sequence = (newest?.sequence ?? 0) + 1;
    const entry: LedgerEntry = {
      format: 'holdfast-ledger/1',
      sequence,
      at: at.toISOString(),
      run,
      event,
      state,
    };
    const written = await putJson(store, keys.ledger(model, sequence), entry, { absent: true });
    if (written !== null) return ok(state);
  }
}

async function findEntry(
  store: ObjectStore,
  recent: readonly string[],
  run: string,
  event: string,
): Promise<Result<{ newest: LedgerEntry | null; own: LedgerEntry | null }, LedgerError>> {
  let newest: LedgerEntry | null = null;
  for (const key of recent.toReversed()) {
    const entry = await loadEntry(store, key);
    if (!entry.ok) return entry;
    newest ??= entry.value;
    if (entry.value.run === run && entry.value.event === event) return ok({ newest, own: entry.value });
  }
  return ok({ newest, own: null });
}
