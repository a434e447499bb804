/**
 * Brings a labelled history into a model's events, in batches, holding one batch in memory.
 */
import { sha256Hex } from '../../shared/digest.ts';
import { hideGroup } from '../../shared/events/group.ts';
import { writeEvents } from '../../shared/events/inbox.ts';
import type { ExampleEvent, StoredInput } from '../../shared/events/schema.ts';
import { fitsInline, storeInline, storeInput } from '../../shared/events/stored-input.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { ok, type Result } from '../../shared/result.ts';
import {
  createRowCounter,
  findKnownRows,
  type ImportedRows,
  loadImportedRows,
  saveImportedRows,
} from './known-rows.ts';
import { finishImport, type ImportRecord, openImportRecord, timeOfRow } from './import-record.ts';
import type { ExampleRow, ExampleSource, ReadRow } from './readers/example-source.ts';

/** A batch ends at either: so it can be parsed in an isolate, whatever an example weighs. */
const BATCH_EVENTS = 2_000;
const BATCH_BYTES = 4_000_000;
/** Inputs that are stored at the same time: large ones are requests of their own. */
const CONCURRENT_INPUTS = 16;
/** Times of this century are exact to that. */
const STEP_MS = 1 / 4_096;
/** Problems that are shown in full; the rest is counted. */
const SHOWN_PROBLEMS = 5;

export interface ImportRequest {
  readonly store: ObjectStore;
  readonly model: string;
  readonly task: Spec['task'];
  /** the model's: hides groups */
  readonly salt: string;
  readonly source: ExampleSource;
  /** Whatever changes what a row means (the columns, …): with other options it is another import. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly skip: number;
  readonly limit: number;
  /** Rows that an earlier import brought count again. */
  readonly again?: boolean;
  /** Reads everything, writes nothing. */
  readonly dryRun: boolean;
  readonly now: Date;
  readonly onProgress: (progress: ImportProgress) => void;
}

export interface ImportProgress {
  readonly rows: number;
  readonly fraction: number;
}

export interface ImportSummary {
  readonly imported: number;
  readonly rejected: number;
  /** Rows that earlier imports brought already, with the same content, time and label. */
  readonly present: number;
  /** Of the imported: those whose line or row names no group, and no time. */
  readonly without: { readonly group: number; readonly time: number };
  /** The first few. */
  readonly problems: readonly string[];
  /** How many examples have each label, by its index; empty for a regression. */
  readonly perLabel: ReadonlyMap<number, number>;
  /** Of a regression; null when nothing was imported. */
  readonly targets: TargetRange | null;
  /** First and last time; null when nothing was imported. */
  readonly times: { readonly fromMs: number; readonly toMs: number } | null;
  /** This very import was finished before: nothing was read or written. */
  readonly repeated: boolean;
}

export interface TargetRange {
  readonly least: number;
  readonly mean: number;
  readonly most: number;
}

/** @returns what was done; an error when a record of an earlier import can't be read */
export async function importExamples(request: ImportRequest): Promise<Result<ImportSummary, string>> {
  const { store, model, source, dryRun, now } = request;
  const id = sha256Hex(JSON.stringify([source.digest, request.skip, request.limit, request.options])).slice(
    0,
    32,
  );
  const opened = await openImportRecord(
    dryRun ? readOnly(store) : store,
    model,
    { id, name: source.name, digest: source.digest, maxRows: rowsOf(request) },
    now,
  );
  if (!opened.ok) return opened;
  const record = opened.value;
  if (record.finishedAt !== null && !dryRun) return ok(repeatedSummary(record));

  const earlier = await loadImportedRows(store, model, id);
  const isKnown = request.again ? null : await findKnownRows(earlier, () => source.rows());
  const rows = createImportedRows();
  const tally = createTally(request.task);
  const write = dryRun ? async () => {} : batchWriter(store, model, new Date(record.startedAt));
  let group: PackedRow[] = [];
  const flush = async (): Promise<void> => {
    const events = await Promise.all(group.map((packed) => toEvent(request, record, packed)));
    for (const { row } of group) tally.note(row);
    group = [];
    for (const event of events) {
      tally.count(event);
      await write(event);
    }
  };
  // Rows that are skipped count too, so that of equal ones each is known by its place among them.
  for await (const read of before(source.rows(), request.skip + request.limit)) {
    const inline = read.ok && fitsInline(read.value.raw) ? storeInline(read.value.raw) : null;
    const key = read.ok ? rows.count(read.value, request.skip, inline?.digest) : null;
    if ((read.ok ? read.value : read.error).row < request.skip) continue;
    if (!read.ok) tally.reject(read.error.problem);
    else if (isKnown?.(key as number, read.value)) tally.skip();
    else group.push({ row: read.value, inline });
    if (group.length === CONCURRENT_INPUTS) await flush();
    request.onProgress({ rows: tally.rows(), fraction: source.fraction() });
  }
  await flush();
  await write(null);
  if (!dryRun) await saveImportedRows(store, model, id, rows.end());

  const summary = tally.summary();
  if (!dryRun) {
    const { imported, rejected, times } = summary;
    const lastMs = times?.toMs ?? record.lastMs;
    await finishImport(store, model, {
      ...record,
      finishedAt: new Date().toISOString(),
      lastMs,
      imported,
      rejected,
    });
  }
  return ok(summary);
}

/** For a dry run: the record is made and forgotten. */
function readOnly(store: ObjectStore): ObjectStore {
  return { ...store, put: async () => ({ etag: '' }) };
}

async function* before(rows: AsyncIterable<ReadRow>, end: number): AsyncGenerator<ReadRow> {
  for await (const read of rows) {
    if ((read.ok ? read.value : read.error).row >= end) return;
    yield read;
  }
}

/** Collects what later imports know the rows of this one by: of all that it has seen, whoever brought them. */
function createImportedRows() {
  const counter = createRowCounter();
  const kept: number[] = [];
  return {
    count(row: ExampleRow, skip: number, digest: string | undefined): number {
      const key = counter.count(row, digest);
      if (row.row >= skip) kept.push(key);
      return key;
    },
    end: (): ImportedRows => ({
      rows: Float64Array.from(kept).sort(),
      sequence: counter.sequence(),
      distinct: counter.distinct(),
    }),
  };
}

/** A row with its input as it is stored, made once for all that ask; null of one that is an object of its own. */
interface PackedRow {
  readonly row: ExampleRow;
  readonly inline: StoredInput | null;
}

/** At most so many rows are imported. */
function rowsOf({ source, skip, limit }: ImportRequest): number {
  return Math.min(limit, Math.max(0, source.maxRows - skip));
}

async function toEvent(
  { store, model, salt, source: { maxRows }, skip, dryRun }: ImportRequest,
  record: ImportRecord,
  { row: { row, raw, label, at, group, id }, inline }: PackedRow,
): Promise<ExampleEvent> {
  // Sorts by row, and is the same whenever and however often the same content is imported.
  const place = `${record.digest.slice(0, 24)}-${String(row).padStart(9, '0')}`;
  return {
    kind: 'example',
    id: id === undefined ? place : `client:${id}`,
    at: at ?? timeOfRow(record, row - skip),
    input: inline ?? (await storeInput(dryRun ? readOnly(store) : store, model, raw)),
    label,
    ...(group !== undefined && { group: hideGroup(salt, group) }),
    received: receivedAt(record, maxRows - row - 1, id),
  };
}

/** Rows come one after the other, the last one now: of two with one name the later counts. */
function receivedAt({ startedAt }: ImportRecord, rowsAfter: number, id: string | undefined): number {
  return Date.parse(startedAt) - (id === undefined ? 0 : rowsAfter * STEP_MS);
}

/** Collects events and writes a batch when it is full; `null` writes what is left. */
function batchWriter(
  store: ObjectStore,
  model: string,
  day: Date,
): (event: ExampleEvent | null) => Promise<void> {
  let events: ExampleEvent[] = [];
  let bytes = 0;
  return async (event) => {
    if (event !== null) {
      events.push(event);
      bytes += 250 + (event.input.base64?.length ?? 0);
    }
    const full = events.length === BATCH_EVENTS || bytes >= BATCH_BYTES;
    if (events.length === 0 || !(full || event === null)) return;
    await writeEvents(store, model, events, day);
    events = [];
    bytes = 0;
  };
}

function createTally(task: Spec['task']) {
  const perLabel = new Map<number, number>();
  const targets = { least: Number.POSITIVE_INFINITY, sum: 0, most: Number.NEGATIVE_INFINITY };
  const problems: string[] = [];
  let imported = 0;
  let rejected = 0;
  let present = 0;
  const without = { group: 0, time: 0 };
  let fromMs = Number.POSITIVE_INFINITY;
  let toMs = 0;
  return {
    rows: () => imported + present + rejected,
    count({ label, at }: ExampleEvent): void {
      imported += 1;
      if (task === 'classification') perLabel.set(label, (perLabel.get(label) ?? 0) + 1);
      targets.least = Math.min(targets.least, label);
      targets.most = Math.max(targets.most, label);
      targets.sum += label;
      fromMs = Math.min(fromMs, at);
      toMs = Math.max(toMs, at);
    },
    /** What an event does not show any more. */
    note({ group, at }: ExampleRow): void {
      if (group === undefined) without.group += 1;
      if (at === undefined) without.time += 1;
    },
    skip(): void {
      present += 1;
    },
    reject(problem: string): void {
      rejected += 1;
      if (problems.length < SHOWN_PROBLEMS) problems.push(problem);
    },
    summary: (): ImportSummary => ({
      imported,
      rejected,
      present,
      without,
      problems,
      perLabel,
      targets:
        task === 'classification' || imported === 0
          ? null
          : { least: targets.least, mean: targets.sum / imported, most: targets.most },
      times: imported === 0 ? null : { fromMs, toMs },
      repeated: false,
    }),
  };
}

function repeatedSummary({ imported, rejected }: ImportRecord): ImportSummary {
  return {
    imported,
    rejected,
    present: 0,
    without: { group: 0, time: 0 },
    problems: [],
    perLabel: new Map(),
    targets: null,
    times: null,
    repeated: true,
  };
}
