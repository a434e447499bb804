/**
 * The snapshot's files: an index at `snapshots/<id>.json`, and shards of examples named by their content, so that two
 * snapshots share what did not change, and features computed for a shard stay good.
 */
import * as z from 'zod';
import { gunzip, gzip } from '../../../shared/bytes.ts';
import { hashLarge, hexOf } from '../../../shared/digest.ts';
import type { LabelledExample } from './history/join.ts';
import { storedInputSchema } from '../../../shared/events/schema.ts';
import { describeReadError, loadJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { digestSchema } from '../../../shared/registry/versions/manifest.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { RunFailure } from '../../run-failure.ts';

const shardRefSchema = z.object({
  digest: digestSchema,
  examples: z.int().min(1),
  /** Where it lies, of one that a run keeps for itself; elsewhere by its digest. */
  key: z.string().exactOptional(),
});
export type ShardRef = z.infer<typeof shardRefSchema>;

export const snapshotWindowSchema = z.object({
  /** Day and number, for people: `w03 2026-11-20`. */
  id: z.string(),
  fromMs: z.int(),
  toMs: z.int(),
  examples: z.int().min(0),
  shards: z.array(shardRefSchema),
});
export type SnapshotWindow = z.infer<typeof snapshotWindowSchema>;

export const snapshotSchema = z.object({
  format: z.literal('holdfast-snapshot/1'),
  id: z.string(),
  model: z.string(),
  cutoffMs: z.int(),
  /** The snapshot of the champion whose windows this one continues. */
  parent: z.string().nullable(),
  /** In time order; the last one is the current window. */
  windows: z.array(snapshotWindowSchema).min(1),
  examples: z.int().min(0),
  /** Of the current window: examples that came after the champion was trained, for times before. */
  late: z.int().min(0).optional(),
  unmatchedLabels: z.int().min(0),
  unlabelledPredictions: z.int().min(0),
  /** The first few unreadable lines or batches, and how many there were. */
  problems: z.object({ count: z.int().min(0), first: z.array(z.string()) }),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** A snapshot's index. Throws a RunFailure where it is not there or does not validate. */
export async function loadSnapshot(store: ObjectStore, model: string, id: string): Promise<Snapshot> {
  const loaded = await loadJson(store, keys.snapshot(model, id), snapshotSchema);
  if (!loaded.ok) throw new RunFailure(`snapshot ${id}: ${describeReadError(loaded.error)}`);
  return loaded.value.value;
}

const exampleSchema = z.object({
  id: z.string(),
  at: z.int(),
  label: z.number(),
  input: storedInputSchema,
  group: z.string().optional(),
  served: z.object({ version: z.int(), predicted: z.number() }).optional(),
  flip: z.literal(true).optional(),
  labelledAt: z.int().optional(),
});

/** Writes one shard under the digest of its lines; writing it again changes nothing. */
export async function saveShard(
  store: ObjectStore,
  model: string,
  examples: readonly LabelledExample[],
): Promise<ShardRef> {
  return saveShardLines(
    store,
    model,
    examples.map((example) => JSON.stringify(example)),
  );
}

/** As `saveShard`, of examples that are lines already. */
export async function saveShardLines(
  store: ObjectStore,
  model: string,
  lines: readonly string[],
): Promise<ShardRef> {
  const { digest, bytes } = await encodeShard(lines);
  await store.put(keys.snapshotShard(model, digest), bytes, { absent: true });
  return { digest, examples: lines.length };
}

/** Lines as a shard has them, and the digest that it is known by. */
export async function encodeShard(
  lines: readonly string[],
): Promise<{ readonly digest: string; readonly bytes: Uint8Array }> {
  const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
  return { digest: hexOf(await hashLarge(bytes)), bytes: await gzip(bytes) };
}

/** Reads a shard, verified: a missing or altered one fails the run by name. */
export async function loadShard(
  store: ObjectStore,
  model: string,
  shard: ShardRef,
): Promise<LabelledExample[]> {
  const examples = await readShard(store, model, shard);
  if (!examples.ok) throw new RunFailure(examples.error.detail);
  return examples.value;
}

export type ShardError = { readonly kind: 'missing' | 'altered'; readonly detail: string };

/** A shard's examples, its content checked against its digest; an error says whether it is missing or altered. */
export async function readShard(
  store: ObjectStore,
  model: string,
  shard: ShardRef,
): Promise<Result<LabelledExample[], ShardError>> {
  const lines = await readShardLines(store, model, shard);
  if (!lines.ok) return lines;
  return ok(lines.value.map((line) => exampleSchema.parse(JSON.parse(line)) as LabelledExample));
}

/**
 * The same as they are stored, an example each: to be kept to the byte.
 *
 * @param wanted  places of some, ascending; all where it is left out
 */
export async function readShardLines(
  store: ObjectStore,
  model: string,
  { digest, key = keys.snapshotShard(model, digest) }: Pick<ShardRef, 'digest' | 'key'>,
  wanted?: readonly number[],
): Promise<Result<string[], ShardError>> {
  const object = await store.get(key);
  if (object === null) return err({ kind: 'missing', detail: `${key} is not there` });
  const bytes = await gunzip(object.bytes).catch(() => null);
  if (bytes === null || hexOf(await hashLarge(bytes)) !== digest)
    return err({ kind: 'altered', detail: `${key} was truncated or altered` });
  if (wanted !== undefined) return ok(pickLines(bytes, wanted));
  return ok(
    new TextDecoder()
      .decode(bytes)
      .split('\n')
      .filter((line) => line !== ''),
  );
}

const NEWLINE = 10;

function pickLines(bytes: Uint8Array, wanted: readonly number[]): string[] {
  const decoder = new TextDecoder();
  const lines: string[] = [];
  let [line, start] = [0, 0];
  for (const place of wanted) {
    for (; line < place; line++) start = bytes.indexOf(NEWLINE, start) + 1;
    lines.push(decoder.decode(bytes.subarray(start, bytes.indexOf(NEWLINE, start))));
  }
  return lines;
}

/** All shards of a snapshot, in order of time. */
export function shardsOf(snapshot: Pick<Snapshot, 'windows'>): ShardRef[] {
  return snapshot.windows.flatMap(({ shards }) => shards);
}
