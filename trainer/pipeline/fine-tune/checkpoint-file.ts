/**
 * Checkpoints in the bucket, under `training/`: each part by its digest, then a small index of them, by its own.
 *
 * What is named by its content can't be overwritten with something else: a step that outlived its timeout and goes on
 * beside its repetition writes names that nobody was told. Whoever goes on is told a digest.
 */
import * as z from 'zod';
import { hashLarge, hexOf } from '../../../shared/digest.ts';
import { encodeCompactJson, parseJson } from '../../../shared/registry/store/json.ts';
import { digestSchema } from '../../../shared/registry/versions/manifest.ts';
import type { Checkpoint } from '../../training/checkpoint.ts';
import { attemptKey, type RunFiles } from '../../run/context.ts';
import { RunFailure } from '../../run-failure.ts';

type Place = RunFiles;

const indexSchema = z.object({ standing: z.unknown(), parts: z.record(z.string(), digestSchema) });

/**
 * @param before  digest of the checkpoint that the training was taken up from: parts that are the same stay
 * @returns the checkpoint's digest
 */
export async function saveCheckpoint(
  place: Place,
  checkpoint: Checkpoint,
  before: string | null,
): Promise<string> {
  const kept = new Set(before === null ? [] : Object.values((await loadIndex(place, before)).parts));
  const parts: Record<string, string> = {};
  for (const [name, read] of checkpoint.parts) {
    const bytes = await read();
    const digest = hexOf(await hashLarge(bytes));
    if (!kept.has(digest)) await place.store.put(partKey(place, digest), bytes);
    parts[name] = digest;
  }
  const index = encodeCompactJson({ standing: checkpoint.state, parts });
  const digest = hexOf(await hashLarge(index));
  await place.store.put(indexKey(place, digest), index);
  return digest;
}

/** @throws RunFailure that names what is gone or damaged, now or when a part is read */
export async function loadCheckpoint(place: Place, digest: string): Promise<Checkpoint> {
  const { standing, parts } = await loadIndex(place, digest);
  const readers = Object.entries(parts).map(
    ([name, part]) => [name, () => readNamed(place, partKey(place, part), part)] as const,
  );
  return { state: standing, parts: new Map(readers) };
}

/**
 * Removes a checkpoint that nobody goes on from, but for the parts of one that somebody does. It is read once: a step
 * that goes on beside its repetition may remove it at any moment.
 */
export async function dropCheckpoint(place: Place, old: string, current: string): Promise<void> {
  const key = indexKey(place, old);
  const object = old === current ? null : await place.store.get(key);
  if (object === null) return;
  const dropped = await parseIndex(key, object.bytes, old);
  const kept = new Set(Object.values((await loadIndex(place, current)).parts));
  for (const part of Object.values(dropped.parts)) {
    if (!kept.has(part)) await place.store.delete(partKey(place, part));
  }
  await place.store.delete(key);
}

type Index = z.infer<typeof indexSchema>;

async function loadIndex(place: Place, digest: string): Promise<Index> {
  const key = indexKey(place, digest);
  return parseIndex(key, (await place.store.get(key))?.bytes, digest);
}

async function parseIndex(key: string, bytes: Uint8Array | undefined, digest: string): Promise<Index> {
  const parsed = parseJson(await verify(key, bytes, digest), indexSchema);
  if (!parsed.ok) throw new RunFailure(`${key}: ${parsed.error}`);
  return parsed.value;
}

async function readNamed({ store }: Place, key: string, digest: string): Promise<Uint8Array> {
  return verify(key, (await store.get(key))?.bytes, digest);
}

async function verify(key: string, bytes: Uint8Array | undefined, digest: string): Promise<Uint8Array> {
  if (bytes === undefined) throw new RunFailure(`${key} is not there`);
  if (hexOf(await hashLarge(bytes)) === digest) return bytes;
  throw new RunFailure(`${key} was truncated or altered`);
}

function indexKey(place: Place, digest: string): string {
  return attemptKey(place, `training/checkpoint-${digest}.json`);
}

function partKey(place: Place, digest: string): string {
  return attemptKey(place, `training/state-${digest}`);
}
