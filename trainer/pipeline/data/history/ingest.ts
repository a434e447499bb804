/**
 * Brings the index of a model's history up to date: reads the batches that came since, a portion a step, and notes what
 * they changed. What is known of an id is in the batches that speak of it, and the index knows which those are; so a step
 * costs what is new, and what that touches.
 *
 * Every step may be repeated, and two may run at once: files are named by their content, the state moves by
 * compare-and-swap, and a step that lost does its work again on what the other left. An index that is damaged, or that
 * contradicts the batches there are, is begun anew from them.
 */
import { randomHex } from '../../../../shared/digest.ts';
import type { TaskSpec } from '../../../../shared/model/spec/task.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { sideBySide } from '../../../side-by-side.ts';
import { GONE, type ReadBatch, readBatchAt, withoutBytes } from './batches.ts';
import { compareEntries, type Entry, saveChunks } from './changes.ts';
import { findBatches, hashId, type IdPair, mergeRuns, writeRun } from './id-runs.ts';
import { IndexDamage, type IndexPlace } from './index-files.ts';
import {
  type BatchEntry,
  etagOfState,
  type IndexState,
  loadBatches,
  type LoadedState,
  loadState,
  newState,
  saveBatches,
  saveState,
} from './index-state.ts';
import { changeOf, type SeenEvent, subjectOf } from './touched.ts';

/** What is indexed, and up to when. */
export interface Source {
  readonly store: ObjectStore;
  readonly model: string;
  readonly spec: TaskSpec & { readonly salt: string };
  readonly cutoffMs: number;
}

export interface Ingested {
  /** batches that were not looked at, because this is enough for one step */
  readonly left: number;
  /** batches that this step read */
  readonly read: number;
  /** why the index was begun anew in this step; null where it was not */
  readonly madeBecause: string | null;
}

/** What one step may read. */
export interface StepSizes {
  readonly events: number;
  readonly batches: number;
  /** earlier batches that it looks into for what its own speak of */
  readonly earlier: number;
}

/** Events are held in memory, and the platform allows 10,000 requests. */
export const STEP_SIZES: StepSizes = { events: 40_000, batches: 3_000, earlier: 4_000 };

/** Requests to the store at a time, as long as batches are small. */
const READS = 16;
const LARGE_BATCH = 1_000;
const SHOWN_PROBLEMS = 20;
/** Places of examples with a strange label that are kept. */
const KEPT_STRANGE = 1_000;
/** Files of former indexes that a step removes. */
const MOST_REMOVED = 1_000;
/** The one folder that is no index: which snapshots were made of which. */
export const MADE = 'made';

/** One step. Called again until nothing is left. */
export async function ingest(place: IndexPlace, source: Source, sizes = STEP_SIZES): Promise<Ingested> {
  for (;;) {
    const done = await attempt(place, source, sizes);
    if (done !== null) return done;
  }
}

/** Null where another run moved the index meanwhile. */
async function attempt(place: IndexPlace, source: Source, sizes: StepSizes): Promise<Ingested | null> {
  let loaded: LoadedState | null = null;
  try {
    loaded = await loadState(place);
    if (loaded !== null) return await advance(place, source, sizes, loaded);
  } catch (error) {
    if (!(error instanceof IndexDamage)) throw error;
    const etag = await etagOfState(place);
    // Files go when a newer state no longer names them: whoever read an older one begins again.
    return loaded !== null && loaded.etag !== etag
      ? null
      : beginAnew(place, source, sizes, error.message, etag);
  }
  return beginAnew(place, source, sizes, null, null);
}

async function beginAnew(
  place: IndexPlace,
  source: Source,
  sizes: StepSizes,
  why: string | null,
  etag: string | null,
): Promise<Ingested | null> {
  const done = await advance(place, source, sizes, { state: await drawState(place, why), etag });
  return done && { ...done, madeBecause: why };
}

/** Gives an index up: the next step begins it anew from the batches. Of two who do, one is enough. */
export async function beginIndex(place: IndexPlace, why: string): Promise<void> {
  const etag = await etagOfState(place);
  await saveState(place, await drawState(place, why), etag);
}

async function drawState({ store, prefix }: IndexPlace, why: string | null): Promise<IndexState> {
  const folders = await store.folders(prefix);
  return newState(
    randomHex(8),
    why,
    folders.filter((folder) => folder !== MADE),
  );
}

/** One step from a state to the next. */
interface Step {
  readonly place: IndexPlace;
  readonly source: Source;
  readonly sizes: StepSizes;
  readonly state: IndexState;
  /** by number: those known before, with this step among the reads of what it read again, and then its own */
  readonly batches: BatchEntry[];
  readonly cutoffs: readonly number[];
  readonly sequence: number;
  /** where its files lie */
  readonly folder: string;
}

async function advance(
  place: IndexPlace,
  source: Source,
  sizes: StepSizes,
  { state, etag }: LoadedState,
): Promise<Ingested | null> {
  const known = await loadBatches(place, state);
  const queue = await findQueue(source, state, known);
  const cutoffs = [...state.cutoffs, source.cutoffMs];
  const sequence = cutoffs.length;
  const folder = `${state.generation}/${sequence}`;
  if (queue.length === 0 && etag !== null && state.cutoffs.length > 0)
    return { left: 0, read: 0, madeBecause: null };
  const step: Step = { place, source, sizes, state, batches: [...known], cutoffs, sequence, folder };
  const all = await readPortion(step, queue);
  const { portion, earlier } = await limitEarlier(step, all);
  const next = await writeStep(step, portion, earlier);
  if ((await saveState(place, next.state, etag)) === null) return null;
  for (const name of next.obsolete) await place.store.delete(place.prefix + name);
  return { left: queue.length - portion.length, read: portion.length, madeBecause: null };
}

/** A batch that is to be read: its number, and whether it was read before. */
interface Queued {
  readonly number: number;
  readonly key: string;
  readonly again: boolean;
}

/** @throws IndexDamage where a batch that is known is no longer there, or is no longer what it was */
async function findQueue(
  { store, model, cutoffMs }: Source,
  { open, troubled, cutoffs }: IndexState,
  known: readonly BatchEntry[],
): Promise<Queued[]> {
  const listed = new Set(await store.list(keys.eventsPrefix(model)));
  for (const { key } of known) {
    if (!listed.delete(key)) throw new IndexDamage(`${key} was read and is no longer there`);
  }
  for (const { key, digest } of troubled) {
    if ((await readBatchAt(store, key)).digest !== digest)
      throw new IndexDamage(`${key} could not be read, and is no longer what it was`);
  }
  const again = open.filter((number) => {
    const last = known[number]?.reads.at(-1) ?? 0;
    return cutoffMs > (cutoffs[last - 1] ?? Number.NEGATIVE_INFINITY);
  });
  return [
    ...again.map((number) => ({ number, key: known[number]?.key as string, again: true })),
    ...[...listed].map((key, i) => ({ number: known.length + i, key, again: false })),
  ];
}

interface PortionBatch extends Queued {
  readonly digest: ReadBatch['digest'];
  readonly problems: readonly string[];
  readonly events: readonly Omit<SeenEvent, 'from'>[];
}

async function readPortion(
  { source: { store }, sizes }: Pick<Step, 'source' | 'sizes'>,
  queue: readonly Queued[],
): Promise<PortionBatch[]> {
  const portion: PortionBatch[] = [];
  let events = 0;
  let width = READS;
  while (portion.length < Math.min(queue.length, sizes.batches) && events < sizes.events) {
    const some = queue.slice(portion.length, portion.length + width);
    const read = await readBatches(store, some);
    portion.push(...read);
    const more = read.reduce((sum, batch) => sum + batch.events.length, 0);
    events += more;
    width = more > LARGE_BATCH * read.length ? 2 : READS;
  }
  return portion;
}

async function readBatches(store: ObjectStore, some: readonly Queued[]): Promise<PortionBatch[]> {
  const read: PortionBatch[] = [];
  await sideBySide(some.length, some.length, async (i) => {
    const queued = some[i] as Queued;
    const { events, problems, digest } = await readBatchAt(store, queued.key);
    if (queued.again && digest === GONE)
      throw new IndexDamage(`${queued.key} was read and is no longer there`);
    read[i] = { ...queued, digest, problems, events: events.map((event) => see(event, queued.number)) };
  });
  return read;
}

function see(event: ReadBatch['events'][number], batch: number): Omit<SeenEvent, 'from'> {
  const inline = event.kind !== 'label' && event.input.base64 !== undefined;
  return { event: withoutBytes(event), batch, inline };
}

/** As much of a portion as speaks of no more earlier batches than a step may look into. */
async function limitEarlier(
  step: Step,
  all: readonly PortionBatch[],
): Promise<{ readonly portion: readonly PortionBatch[]; readonly earlier: readonly number[] }> {
  for (let portion = all; ; portion = portion.slice(0, Math.ceil(portion.length / 2))) {
    const own = new Set(portion.map(({ number }) => number));
    const hashes = Float64Array.from(touchedBy(step, portion), hashId).sort();
    const found = await findBatches(step.place, step.state.ids, hashes);
    const earlier = [...found].filter((number) => !own.has(number)).sort((a, b) => a - b);
    if (earlier.length <= step.sizes.earlier || portion.length <= 1) return { portion, earlier };
  }
}

/** The first step that saw an event; undefined for one that is newer than all cutoffs at which its batch was read. */
type FirstSeen = (seen: Omit<SeenEvent, 'from'>) => number | undefined;

/** @param portion  what the step itself reads */
function firstSeenBy({ cutoffs, sequence, batches }: Step, portion: readonly PortionBatch[]): FirstSeen {
  const own = new Set(portion.map(({ number }) => number));
  return ({ event, batch }) => {
    const reads = batches[batch]?.reads ?? [];
    const all = own.has(batch) ? [...reads, sequence] : reads;
    return all.find((step) => (cutoffs[step - 1] as number) >= event.at);
  };
}

/** Subjects about which this step sees something for the first time. */
function touchedBy(step: Step, portion: readonly PortionBatch[]): Set<string> {
  const touched = new Set<string>();
  const firstSeen = firstSeenBy(step, portion);
  for (const { events } of portion) {
    for (const seen of events) if (firstSeen(seen) === step.sequence) touched.add(subjectOf(seen.event));
  }
  return touched;
}

/** All that is known of the subjects that a portion touches. */
async function gather(
  step: Step,
  portion: readonly PortionBatch[],
  earlier: readonly number[],
): Promise<Map<string, SeenEvent[]>> {
  const all = new Map([...touchedBy(step, portion)].map((subject): [string, SeenEvent[]] => [subject, []]));
  const firstSeen = firstSeenBy(step, portion);
  const add = (events: readonly Omit<SeenEvent, 'from'>[]): void => {
    for (const seen of events) {
      const from = firstSeen(seen);
      if (from !== undefined) all.get(subjectOf(seen.event))?.push({ ...seen, from });
    }
  };
  for (const { events } of portion) add(events);
  for (let at = 0; at < earlier.length; at += READS) {
    const some = earlier.slice(at, at + READS).map((number) => ({
      number,
      key: step.batches[number]?.key as string,
      again: true,
    }));
    for (const { events } of await readBatches(step.source.store, some)) add(events);
  }
  return all;
}

/** Writes what a step found. @returns the state that names it, and the files that are not needed any more */
async function writeStep(
  step: Step,
  portion: readonly PortionBatch[],
  earlier: readonly number[],
): Promise<{ readonly state: IndexState; readonly obsolete: readonly string[] }> {
  const { place, folder, state, sequence, cutoffs, source } = step;
  const subjects = await gather(step, portion, earlier);
  const labelled: Entry[] = [];
  const unlabelled: Entry[] = [];
  let { examples, unmatchedLabels, unlabelledPredictions, strange } = state;
  for (const [subject, seen] of subjects) {
    const change = changeOf(source.spec, seen, sequence);
    subjects.delete(subject);
    labelled.push(...change.labelled);
    unlabelled.push(...change.unlabelled);
    examples += change.examples;
    unmatchedLabels += change.unmatchedLabels;
    unlabelledPredictions += change.unlabelledPredictions;
    strange = noteStrange(strange, ...change.strange);
  }
  const changes = {
    sequence,
    labelled: await saveChunks(place, folder, labelled.sort(compareEntries)),
    unlabelled: await saveChunks(place, folder, unlabelled.sort(compareEntries)),
  };
  const { runs, obsolete } = await mergeRuns(place, folder, [
    ...state.ids,
    await writeRun(place, folder, pairsOf(portion)),
  ]);
  return {
    obsolete,
    state: {
      ...state,
      cutoffs: [...cutoffs],
      former: await removeFormer(place, state.former),
      batches: await saveBatches(place, folder, noteReads(step, portion)),
      open: openAfter(step, portion),
      troubled: [...state.troubled, ...portion.flatMap(describeTrouble)],
      ids: runs.map((run) => ({ pairs: run.pairs, parts: run.parts.map((part) => ({ ...part })) })),
      changes: labelled.length + unlabelled.length === 0 ? state.changes : [...state.changes, changes],
      examples,
      unmatchedLabels,
      unlabelledPredictions,
      strange,
    },
  };
}

async function* pairsOf(portion: readonly PortionBatch[]): AsyncGenerator<IdPair[]> {
  const pairs = portion
    .filter(({ again }) => !again)
    .flatMap(({ number, events }) => events.map(({ event }): IdPair => [hashId(subjectOf(event)), number]));
  yield pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

function noteReads({ batches, sequence }: Step, portion: readonly PortionBatch[]): BatchEntry[] {
  const noted = [...batches];
  for (const { number, key } of portion)
    noted[number] = { key, reads: [...(noted[number]?.reads ?? []), sequence] };
  return noted;
}

/** Batches that still have events from after the cutoff. */
function openAfter(step: Step, portion: readonly PortionBatch[]): number[] {
  const open = new Set(step.state.open);
  const firstSeen = firstSeenBy(step, portion);
  for (const { number, events } of portion) {
    if (events.some((seen) => firstSeen(seen) === undefined)) open.add(number);
    else open.delete(number);
  }
  return [...open].sort((a, b) => a - b);
}

function describeTrouble({ again, key, digest, problems }: PortionBatch): IndexState['troubled'] {
  if (again || (problems.length === 0 && digest !== GONE)) return [];
  const first = problems.slice(0, SHOWN_PROBLEMS);
  return [{ key, digest, problems: { count: problems.length, first } }];
}

type Strange = IndexState['strange'];
type Place = Strange['first'][number] | null;

/** @throws IndexDamage where so many are there that those that are kept are not the first any more */
function noteStrange({ count, first }: Strange, before: Place, after: Place): Strange {
  if (before === null && after === null) return { count, first };
  const kept = first.filter(({ at, id }) => at !== before?.at || id !== before.id);
  if (after !== null) kept.push({ at: after.at, id: after.id });
  const total = count - Number(before !== null) + Number(after !== null);
  if (kept.length < Math.min(total, SHOWN_PROBLEMS)) throw new IndexDamage('too many labels were corrected');
  kept.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  return { count: total, first: kept.slice(0, KEPT_STRANGE) };
}

/** Some files of indexes that were given up. @returns those of which more is left */
async function removeFormer({ store, prefix }: IndexPlace, former: readonly string[]): Promise<string[]> {
  const [generation] = former;
  if (generation === undefined) return [];
  const files = await store.list(`${prefix}${generation}/`);
  for (const key of files.slice(0, MOST_REMOVED)) await store.delete(key);
  return files.length > MOST_REMOVED ? [...former] : former.slice(1);
}
