/**
 * What a night costs inside the harness, beside the same night as a Node job over a store in memory: seconds of CPU,
 * since both are measured where other lives may be going on.
 */
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { runJob } from '../../../../trainer/node/job.ts';
import { createNodeHost } from '../../../../trainer/node/node-host.ts';
import { type Row, rowOf } from '../../gate/table.ts';
import { cutNights, type Nights, type Stream } from '../streams/stream.ts';
import { createClock, createTimetable } from './clock.ts';
import { createLife, type Life } from './life.ts';
import type { SeenRow } from './serving.ts';
import { specOf } from './strategies.ts';

const MOST = 1.2;
/** Nights before those that are measured, so that the code is warm and the champion has a past. */
const WARM = 3;
/** Nights that are measured, in turns which comes first. */
const MEASURED = 3;

/** @throws Error where a night does not come to its end */
export async function measureOverhead(stream: Stream): Promise<Row> {
  const cut = cutNights(stream.rows.length, WARM + MEASURED);
  if (!cut.ok) throw new Error(cut.error);
  const nights = cut.value;
  const timetable = createTimetable(nights);
  const rows = (from: number, to: number): SeenRow[] =>
    stream.rows.slice(from, to).map((row, i) => ({ ...row, atMs: timetable.rowMs(from + i) }));
  const host = await createNodeHost({ store: createMemoryStore(), threads: 1 });
  // Nothing waits for labels, so that the measured night trains.
  const policy = { name: 'no wait', change: { gate: { minimum: { current: 1 } } } };
  const life = await createLife(host, createClock(), specOf(stream, 'ours', 'gate', 1, policy));
  await life.importRows(rows(nights.history.from, nights.history.to));
  const { candidate } = await life.run(timetable.runMs(-1));
  if ((await life.champion()) === null) await life.promote(candidate ?? 0, 'the first one');
  const collected = (block: number) => collectBlock(life, nights, timetable.labelsMs(block), block, rows);
  for (let block = 0; block < WARM; block++) {
    await collected(block);
    await life.run(timetable.runMs(block));
  }
  const pairs: { readonly ours: number; readonly alone: number }[] = [];
  for (let block = WARM; block < WARM + MEASURED; block++) {
    const serving = await cpuSeconds(() => collected(block));
    const copy = await copyStore(life.store);
    const live = async (): Promise<void> => {
      const run = await life.run(timetable.runMs(block));
      if (run.candidate !== null) await life.answer(run.candidate, stream.rows);
    };
    const job = () => runJob({ store: copy, model: life.spec.name, by: 'bench', promote: true, threads: 1 });
    const before = block % 2 === 0 ? await cpuSeconds(job) : 0;
    const night = await cpuSeconds(live);
    pairs.push({ ours: serving + night, alone: before > 0 ? before : await cpuSeconds(job) });
  }
  const alone = medianOf(pairs.map((pair) => pair.alone));
  return rowOf('a night in the harness, median', 'CPU s', medianOf(pairs.map(({ ours }) => ours)), {
    peer: 'the same as a Node job',
    theirs: alone,
    atMost: MOST * alone,
  });
}

/** Of an odd number of values. */
function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

async function collectBlock(
  life: Life,
  { blocks }: Nights,
  labelsMs: number,
  block: number,
  rows: (from: number, to: number) => SeenRow[],
): Promise<void> {
  const { from = 0, to = 0 } = blocks[block] ?? {};
  const seen = rows(from, to);
  const { ids } = await life.serve(seen);
  const labels = seen.map(({ label }, i) => ({ label, prediction: ids[i] ?? '', damaged: null }));
  await life.giveLabels(labels, labelsMs);
}

async function cpuSeconds(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function copyStore(store: ObjectStore): Promise<ObjectStore> {
  const copy = createMemoryStore();
  for (const key of await store.list('')) {
    await copy.put(key, (await store.get(key))?.bytes ?? new Uint8Array());
  }
  return copy;
}
