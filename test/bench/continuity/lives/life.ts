/**
 * One model as it lives in production, on a simulated clock: a history is imported, a champion answers and is logged,
 * labels come back, a run follows. Import, executor, prediction log, feedback, pipeline, alias: all of it is what the
 * Workers and the Node job run, over a store in memory.
 */
import { createArrivalClock } from '../../../../functions/collect/arrival-clock.ts';
import { parseFeedback, toEvents } from '../../../../functions/collect/feedback.ts';
import { sha256Hex } from '../../../../shared/digest.ts';
import { writeInbox } from '../../../../shared/events/write-inbox.ts';
import { createModel } from '../../../../shared/model/spec/load-spec.ts';
import type { Spec } from '../../../../shared/model/spec/spec.ts';
import { loadChampion } from '../../../../shared/registry/champion/alias.ts';
import { listVersionNumbers } from '../../../../shared/registry/versions/find-version.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { promote } from '../../../../shared/registry/champion/promotion.ts';
import type { RunRecord } from '../../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { loadManifest } from '../../../../shared/registry/versions/versions.ts';
import { ok } from '../../../../shared/result.ts';
import { importExamples } from '../../../../trainer/data-import/import-examples.ts';
import type { ExampleRow, ReadRow } from '../../../../trainer/data-import/readers/example-source.ts';
import { createNodeSteps } from '../../../../trainer/node/job.ts';
import type { Host } from '../../../../trainer/run/context.ts';
import { runPipeline } from '../../../../trainer/pipeline/pipeline.ts';
import { startRun } from '../../../../trainer/run/start.ts';
import type { SimulatedClock } from './clock.ts';
import { createAnswers, createServing, type SeenRow, type Served } from './serving.ts';
import type { Row } from '../streams/stream.ts';

/** Items in a request for feedback. */
const BATCH_LABELS = 500;

/** A label as it comes back: for a prediction, or with its input. */
export interface ReturnedLabel {
  readonly label: number;
  readonly prediction: string;
  readonly damaged: { readonly raw: Float32Array; readonly atMs: number } | null;
}

export interface Life {
  readonly store: ObjectStore;
  readonly spec: Spec;
  /** Labelled rows as `holdfast import` brings them, once. */
  importRows(rows: readonly SeenRow[]): Promise<void>;
  /** The champion answers, and its predictions are logged. @throws Error where there is none */
  serve(rows: readonly SeenRow[]): Promise<Served>;
  giveLabels(labels: readonly ReturnedLabel[], atMs: number): Promise<void>;
  /** A run from its start to its end, as the cron trigger starts it. */
  run(atMs: number): Promise<RunRecord>;
  /** The version that serves now; null before the first. */
  champion(): Promise<number | null>;
  /** Published versions, in their order. */
  versions(): Promise<readonly number[]>;
  /** What a version answers, as the edge would with it, [rows]. */
  answer(version: number, rows: readonly Row[]): Promise<Float32Array>;
  /** A person promotes a version, whatever its verdict. */
  promote(version: number, reason: string): Promise<void>;
}

/** What the parts of a life share. */
interface World {
  readonly host: Host;
  readonly clock: SimulatedClock;
  readonly spec: Spec;
}

/** @param prepare  puts what the spec refers to (a base) into the store, before anything else */
export async function createLife(
  everywhere: Host,
  clock: SimulatedClock,
  spec: Spec,
  prepare: (store: ObjectStore) => Promise<void> = async () => {},
): Promise<Life> {
  const store = createMemoryStore();
  await prepare(store);
  if (!(await createModel(store, spec))) throw new Error('expected an empty store');
  const host: Host = { ...everywhere, store, now: () => clock.now() };
  const world = { host, clock, spec };
  const model = spec.name;
  const answer = createAnswers(host, spec);
  const predict = createServing(host, clock, spec, answer);
  let feedbacks = 0;

  const championNow = async (): Promise<number | null> => {
    const champion = await loadChampion(store, model);
    if (!champion.ok) throw new Error(champion.error.detail);
    return champion.value?.move.to ?? null;
  };

  return {
    store,
    spec,
    importRows: (rows) => importSeen(world, rows),
    async serve(rows) {
      const version = await championNow();
      if (version === null) throw new Error(`${model}: expected a champion, there is none`);
      return predict(version, rows);
    },
    async giveLabels(labels, atMs) {
      clock.set(atMs);
      for (let at = 0; at < labels.length; at += BATCH_LABELS) {
        const requestId = `feedback-${String(feedbacks++).padStart(6, '0')}`;
        await giveFeedback(world, labels.slice(at, at + BATCH_LABELS), requestId);
      }
    },
    run: (atMs) => runAt(world, atMs),
    champion: championNow,
    async versions() {
      const numbers = await listVersionNumbers(store, model);
      const present = await Promise.all(numbers.map((version) => loadManifest(store, model, version)));
      return numbers.filter((_, i) => present[i]?.ok === true);
    },
    answer,
    async promote(version, reason) {
      const request = { by: 'bench', reason, at: clock.now(), force: true };
      const moved = await promote(store, model, version, request);
      if (!moved.ok) throw new Error(moved.error.detail);
    },
  };
}

async function runAt({ host, clock, spec }: World, atMs: number): Promise<RunRecord> {
  const { store } = host;
  clock.set(atMs);
  const options = { trigger: 'cron', by: 'cron', now: new Date(atMs), suffix: '' } as const;
  const started = await startRun(store, spec.name, options);
  if (!started.ok) throw new Error(started.error.detail);
  const { id } = started.value;
  return runPipeline(host, spec.name, id, createNodeSteps(store, spec.name, id));
}

const arrivals = createArrivalClock();

/** One request for feedback, as the edge reads it. */
async function giveFeedback(
  { host: { store }, clock, spec }: World,
  labels: readonly ReturnedLabel[],
  requestId: string,
): Promise<void> {
  const items = labels.map((label) => toItem(spec, label));
  const nowMs = clock.now().getTime();
  const read = await parseFeedback({ items }, spec, {
    readImage: noImages,
    nowMs,
    requestId,
    arrival: () => arrivals(nowMs),
  });
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const [refused] = read.value.rejected;
  if (refused !== undefined) throw new Error(refused.error);
  await writeInbox(store, spec.name, await toEvents(store, spec.name, read.value), clock.now());
}

const noImages = async () => ({ ok: false as const, error: 'expected numbers' });

/** One item of a request for feedback, as a client writes it. */
function toItem(spec: Spec, { label, prediction, damaged }: ReturnedLabel): object {
  const truth = spec.task === 'classification' ? spec.labels[label] : label;
  if (damaged === null) return { prediction_id: prediction, label: truth };
  const timestamp = new Date(damaged.atMs).toISOString();
  return { instance: toInstance(spec, damaged.raw), label: truth, timestamp, id: prediction };
}

/** Numbers as they are; a category by the name of its value. */
export function toInstance({ input }: Pick<Spec, 'input'>, raw: Float32Array): (number | string)[] {
  if (input.kind !== 'tabular') return [...raw];
  return input.features.map((feature, i) => {
    const value = raw[i] ?? 0;
    return feature.type === 'category' ? (feature.values[value] ?? '') : value;
  });
}

async function importSeen({ host: { store }, clock, spec }: World, rows: readonly SeenRow[]): Promise<void> {
  const toRow = ({ raw, label, atMs }: SeenRow, row: number): ExampleRow => ({ row, raw, label, at: atMs });
  const source = {
    name: 'history',
    digest: sha256Hex(`${rows.length} rows to ${rows.at(-1)?.atMs ?? 0}`),
    maxRows: rows.length,
    fraction: () => 1,
    async *rows(): AsyncGenerator<ReadRow> {
      for (const [i, row] of rows.entries()) yield ok(toRow(row, i));
    },
  };
  const imported = await importExamples({
    store,
    model: spec.name,
    salt: spec.salt,
    task: spec.task,
    source,
    options: {},
    skip: 0,
    limit: rows.length,
    dryRun: false,
    now: clock.now(),
    onProgress: () => {},
  });
  if (!imported.ok) throw new Error(imported.error);
}
