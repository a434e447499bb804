/**
 * The one file of an index that moves: which batches were read and in which steps, and the files that hold the rest.
 */
import * as z from 'zod';
import { encodeCompactJson, loadJson } from '../../../../shared/registry/store/json.ts';
import type { PutOutcome } from '../../../../shared/registry/store/store.ts';
import { chunkSchema } from './changes.ts';
import { IndexDamage, type IndexPlace, loadFile, saveFile } from './index-files.ts';

const count = z.int().min(0);

const idRunSchema = z.object({
  pairs: count,
  parts: z.array(z.object({ name: z.string(), pairs: count, fences: z.string() })),
});

const troubledSchema = z.object({
  key: z.string(),
  /** of the object as it was read */
  digest: z.string(),
  problems: z.object({ count, first: z.array(z.string()) }),
});
export type Troubled = z.infer<typeof troubledSchema>;

export const stateSchema = z.object({
  format: z.literal('holdfast-index/1'),
  /** Drawn when it was begun. */
  generation: z.string(),
  /** Why it was made anew; null for a model's first. */
  madeBecause: z.string().nullable(),
  /** Of those before, some files may be left. */
  former: z.array(z.string()),
  /** Up to when events were seen, after each step that read some. */
  cutoffs: z.array(z.int()),
  /** The file of all batches that were read. */
  batches: z.string().nullable(),
  /** Numbers of batches with events that are newer than the last cutoff. */
  open: z.array(count),
  /** Batches that can't be read, or some of whose lines can't. */
  troubled: z.array(troubledSchema),
  ids: z.array(idRunSchema),
  /** Of each step that changed something, in order. */
  changes: z.array(
    z.object({ sequence: z.int().min(1), labelled: z.array(chunkSchema), unlabelled: z.array(chunkSchema) }),
  ),
  /** Examples with a label that is one of the model's. */
  examples: count,
  unmatchedLabels: count,
  unlabelledPredictions: count,
  /** Examples whose label is none of the model's: how many, and the places of the first. */
  strange: z.object({ count, first: z.array(z.object({ at: z.number(), id: z.string() })) }),
});
export type IndexState = z.infer<typeof stateSchema>;

/** A batch, and the steps that read it: one that had events from after the cutoff is read again. */
export interface BatchEntry {
  readonly key: string;
  readonly reads: readonly number[];
}

/**
 * An index that has read nothing yet.
 *
 * @param madeBecause  why the index before it is not gone on with; null for a model's first
 * @param former       generations whose files may be left
 */
export function newState(generation: string, madeBecause: string | null, former: string[]): IndexState {
  return {
    format: 'holdfast-index/1',
    generation,
    madeBecause,
    former,
    cutoffs: [],
    batches: null,
    open: [],
    troubled: [],
    ids: [],
    changes: [],
    examples: 0,
    unmatchedLabels: 0,
    unlabelledPredictions: 0,
    strange: { count: 0, first: [] },
  };
}

const STATE = 'state.json';

export interface LoadedState {
  readonly state: IndexState;
  /** null where nothing is stored yet */
  readonly etag: string | null;
}

/** Null where there is none. @throws IndexDamage where it can't be read */
export async function loadState({ store, prefix }: IndexPlace): Promise<LoadedState | null> {
  const loaded = await loadJson(store, prefix + STATE, stateSchema);
  if (loaded.ok) return { state: loaded.value.value, etag: loaded.value.etag };
  if (loaded.error.kind === 'missing') return null;
  throw new IndexDamage(`${prefix}${STATE}: ${loaded.error.detail}`);
}

/** Null where somebody else has moved it since it was read: nothing of theirs is lost. */
export async function saveState(
  { store, prefix }: IndexPlace,
  state: IndexState,
  etag: string | null,
): Promise<PutOutcome> {
  return store.put(prefix + STATE, encodeCompactJson(state), etag === null ? { absent: true } : { etag });
}

/** Of a state that can't be read too: whoever replaces it has seen what was there. */
export async function etagOfState({ store, prefix }: IndexPlace): Promise<string | null> {
  return (await store.get(prefix + STATE))?.etag ?? null;
}

/** By number. */
export async function loadBatches(place: IndexPlace, { batches }: IndexState): Promise<BatchEntry[]> {
  if (batches === null) return [];
  const text = new TextDecoder().decode(await loadFile(place, batches));
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as BatchEntry);
}

/**
 * Writes the list of batches, one a line.
 *
 * @returns the file's name
 */
export async function saveBatches(
  place: IndexPlace,
  folder: string,
  batches: readonly BatchEntry[],
): Promise<string> {
  const lines = batches.map((batch) => `${JSON.stringify(batch)}\n`).join('');
  return saveFile(place, folder, new TextEncoder().encode(lines));
}
