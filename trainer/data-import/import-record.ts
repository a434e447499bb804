/**
 * What an import leaves behind: `models/<name>/imports/<id>.json`. Written before the first example, so that an import
 * that died, or is asked for again, gives every row the same id and the same time, and so writes the same objects.
 */
import * as z from 'zod';
import { describeReadError, loadJson, putJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { digestSchema } from '../../shared/registry/versions/manifest.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';

export const importRecordSchema = z.object({
  format: z.literal('holdfast-import/1'),
  /** A digest of the content and of the options that change what a row means. */
  id: z.string(),
  source: z.string(),
  digest: digestSchema,
  startedAt: z.iso.datetime(),
  /** null while it is under way, or when it died on the way. */
  finishedAt: z.iso.datetime().nullable(),
  /** Time of the first row imported and milliseconds from row to row, for rows that name no time. */
  firstMs: z.number().min(0),
  stepMs: z.number().min(0),
  /** Not before the time of the last row. */
  lastMs: z.int().min(0),
  imported: z.int().min(0),
  rejected: z.int().min(0),
});
export type ImportRecord = z.infer<typeof importRecordSchema>;

/** One second from row to row, where there is room. */
const STEP_MS = 1_000;

export interface Timeline {
  readonly firstMs: number;
  readonly stepMs: number;
  readonly lastMs: number;
}

/**
 * Times for rows that have none: a second apart, the last one now. An earlier import is never overlapped: where less
 * time has passed since its last row, the rows move closer, down to many in one millisecond. Their order survives
 * that, because examples of the same time are ordered by their ids, and ids by their rows.
 *
 * @param rows       how many there are at most
 * @param previousMs time of the last row of all earlier imports; null when there is none
 */
export function decideTimeline(rows: number, now: Date, previousMs: number | null): Timeline {
  const lastMs = now.getTime();
  const steps = Math.max(1, rows - 1);
  const room = previousMs === null ? Number.POSITIVE_INFINITY : Math.max(0, lastMs - previousMs - 1);
  const stepMs = Math.min(STEP_MS, room / steps, lastMs / steps);
  return { firstMs: lastMs - stepMs * (rows - 1), stepMs, lastMs };
}

/** The time of a row that names none; the first one imported is row 0. */
export function timeOfRow({ firstMs, stepMs, lastMs }: Timeline, row: number): number {
  return Math.min(lastMs, Math.floor(firstMs + stepMs * row));
}

/**
 * The record of this import if there is one, otherwise a new one that comes after all others. Of two processes that
 * start the same import, both get the record of the first.
 */
export async function openImportRecord(
  store: ObjectStore,
  model: string,
  source: { readonly id: string; readonly name: string; readonly digest: string; readonly maxRows: number },
  now: Date,
): Promise<Result<ImportRecord, string>> {
  const key = keys.importRecord(model, source.id);
  const present = await loadJson(store, key, importRecordSchema);
  if (present.ok) return ok(present.value.value);
  if (present.error.kind === 'unreadable') return err(describeReadError(present.error));
  const earlier = await listImports(store, model);
  if (!earlier.ok) return earlier;
  const previousMs =
    earlier.value.length === 0 ? null : Math.max(...earlier.value.map(({ lastMs }) => lastMs));
  const record: ImportRecord = {
    format: 'holdfast-import/1',
    id: source.id,
    source: source.name,
    digest: source.digest,
    startedAt: now.toISOString(),
    finishedAt: null,
    ...decideTimeline(source.maxRows, now, previousMs),
    imported: 0,
    rejected: 0,
  };
  if ((await putJson(store, key, record, { absent: true })) !== null) return ok(record);
  return openImportRecord(store, model, source, now);
}

/** Writes the record over the one that was claimed, with what came of it. */
export async function finishImport(store: ObjectStore, model: string, record: ImportRecord): Promise<void> {
  await putJson(store, keys.importRecord(model, record.id), record);
}

async function listImports(store: ObjectStore, model: string): Promise<Result<ImportRecord[], string>> {
  const records: ImportRecord[] = [];
  for (const key of await store.list(keys.importsPrefix(model))) {
    const loaded = await loadJson(store, key, importRecordSchema);
    if (!loaded.ok) return err(describeReadError(loaded.error));
    records.push(loaded.value.value);
  }
  return ok(records);
}
