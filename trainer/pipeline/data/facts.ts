/**
 * What a split and the evidence go by of every example, in columns: some fifty bytes each, so that a night reads of a long
 * history no inputs but those that it draws. `snapshots/facts/<shard>`, a cache: computed from the shard where it is
 * missing or damaged.
 */
import { hashLarge } from '../../../shared/digest.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import type { Host, RunData } from '../../run/context.ts';
import { sideBySide } from '../../side-by-side.ts';
import { hashText } from './history/hash-text.ts';
import type { LabelledExample } from './history/join.ts';
import { hashIdentity } from './holdout.ts';
import { priorityOf } from './replay.ts';
import { loadShard, type ShardRef, shardsOf, type Snapshot } from './snapshot-file.ts';

/** Of the examples of one shard, in its order, [n] each; words that come in pairs [n, 2]. */
export interface Facts {
  readonly n: number;
  /** class ids, or targets */
  readonly labels: Float64Array;
  /** when each input was seen, milliseconds */
  readonly seenAt: Float64Array;
  /** when its label came; infinite where nobody could have known it */
  readonly knownAt: Float64Array;
  /** the words that decide about its side */
  readonly sides: Uint32Array;
  /** 64 bits of the input's digest */
  readonly contents: Uint32Array;
  /** 64 bits of a hash of its group; 0 and 0 without one */
  readonly groups: Uint32Array;
  /** what a reservoir keeps it by */
  readonly priorities: Uint32Array;
  /** 1 where it was reported as turned wrong by an update */
  readonly flips: Uint8Array;
}

/** `split:` an example's identity: a group stays on one side; without one, the same content does. */
export function identityOf({ group, input }: Pick<LabelledExample, 'group' | 'input'>): string {
  return group === undefined ? `input:${input.digest}` : `group:${group}`;
}

const DOUBLES = 3;
const WORDS = 7;
const DIGEST_BYTES = 32;

function bytesFor(n: number): number {
  return n * (DOUBLES * 8 + WORDS * 4 + 1);
}

function viewFacts(bytes: Uint8Array<ArrayBuffer>, n: number): Facts {
  let at = bytes.byteOffset;
  const doubles = (): Float64Array => new Float64Array(bytes.buffer, (at += 8 * n) - 8 * n, n);
  const words = (each: number): Uint32Array =>
    new Uint32Array(bytes.buffer, (at += 4 * each * n) - 4 * each * n, each * n);
  const [labels, seenAt, knownAt] = [doubles(), doubles(), doubles()];
  const [sides, contents, groups, priorities] = [words(2), words(2), words(2), words(1)];
  return {
    n,
    labels,
    seenAt,
    knownAt,
    sides,
    contents,
    groups,
    priorities,
    flips: new Uint8Array(bytes.buffer, at, n),
  };
}

function gatherFacts(salt: string, examples: readonly LabelledExample[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(bytesFor(examples.length));
  const facts = viewFacts(bytes, examples.length);
  for (const [i, example] of examples.entries()) {
    const { at, label, labelledAt, input, group, flip } = example;
    facts.labels[i] = label;
    facts.seenAt[i] = at;
    facts.knownAt[i] = labelledAt ?? Number.POSITIVE_INFINITY;
    facts.sides.set(hashIdentity(salt, identityOf(example)), 2 * i);
    facts.contents.set(wordsOf(input.digest), 2 * i);
    if (group !== undefined) facts.groups.set(hashText(group), 2 * i);
    facts.priorities[i] = priorityOf(salt, input.digest);
    facts.flips[i] = Number(flip === true);
  }
  return bytes;
}

/** The first 64 bits of a digest. */
function wordsOf(digest: string): [number, number] {
  return [Number.parseInt(digest.slice(0, 8), 16), Number.parseInt(digest.slice(8, 16), 16)];
}

/** @throws RunFailure where neither they nor the shard can be read */
export async function loadFacts({ store, run, spec }: RunData, shard: ShardRef): Promise<Facts> {
  const key = keys.shardFacts(run.model, shard.digest);
  const object = await store.get(key);
  if (object !== null && object.bytes.byteLength === DIGEST_BYTES + bytesFor(shard.examples)) {
    // Copied, so that columns are aligned.
    const bytes = Uint8Array.from(object.bytes.subarray(DIGEST_BYTES));
    const digest = await hashLarge(bytes);
    if (digest.every((byte, i) => byte === object.bytes[i])) return viewFacts(bytes, shard.examples);
  }
  const bytes = gatherFacts(spec.salt, await loadShard(store, run.model, shard));
  const sealed = new Uint8Array(DIGEST_BYTES + bytes.byteLength);
  sealed.set(await hashLarge(bytes));
  sealed.set(bytes, DIGEST_BYTES);
  await store.put(key, sealed);
  return viewFacts(bytes, shard.examples);
}

/** Requests to the store at a time. */
const READS = 8;

/** Those of all shards of a snapshot, in its order, some read ahead. */
export async function* readFacts(
  ctx: RunData & Pick<Host, 'yieldControl'>,
  snapshot: Pick<Snapshot, 'windows'>,
): AsyncGenerator<Facts> {
  const shards = shardsOf(snapshot);
  for (let at = 0; at < shards.length; at += READS) {
    const some = shards.slice(at, at + READS);
    const read: Facts[] = [];
    await sideBySide(some.length, READS, async (i) => {
      read[i] = await loadFacts(ctx, some[i] as ShardRef);
    });
    yield* read;
    await ctx.yieldControl?.();
  }
}

/**
 * The side on which each content was seen first, by 64 bits of its digest.
 *
 * @param n  contents that will be asked for, at most
 */
export function trackFirstSides(n: number): (low: number, high: number, side: number) => number {
  let slots = 16;
  while (slots < 2 * n) slots *= 2;
  const words = new Uint32Array(2 * slots);
  // 0 where nothing is.
  const sides = new Uint8Array(slots);
  return (low, high, side) => {
    let at = low & (slots - 1);
    while (sides[at] !== 0 && (words[2 * at] !== low || words[2 * at + 1] !== high))
      at = (at + 1) & (slots - 1);
    if (sides[at] === 0) {
      words[2 * at] = low;
      words[2 * at + 1] = high;
      sides[at] = side + 1;
    }
    return (sides[at] as number) - 1;
  };
}
