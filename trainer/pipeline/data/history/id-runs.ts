/**
 * Where ids occur: which batches speak of an id, found without reading them. Pairs of an id's hash and a batch's number,
 * in sorted runs that merge like a log-structured tree (O'Neil et al. 1996, Acta Informatica 33:351-385): a step writes
 * its own pairs as a run, and four runs of about one size become one. What is looked for costs a few blocks of each run;
 * memory is that of a few parts, however long the history.
 *
 * Two ids may share a hash: then a batch is read for nothing. Whoever reads it goes by the ids themselves.
 */
import { hashLarge } from '../../../../shared/digest.ts';
import { sideBySide } from '../../../side-by-side.ts';
import { hashText } from './hash-text.ts';
import { IndexDamage, type IndexPlace, loadFile, saveFile } from './index-files.ts';

/** One object of a run: sorted pairs. */
export interface IdPart {
  readonly name: string;
  readonly pairs: number;
  /** the file of the first hash of each block and what the block is known by */
  readonly fences: string;
}

export interface IdRun {
  readonly pairs: number;
  readonly parts: readonly IdPart[];
}

/** Hash and batch number, by hash and then batch. */
export type IdPair = readonly [hash: number, batch: number];

/** Three 32-bit words: the hash's upper and lower half, the batch. */
const PAIR_WORDS = 3;
const PAIR_BYTES = 4 * PAIR_WORDS;
const BLOCK_PAIRS = 1_024;
/** Three megabytes: of some runs one part each is held while they merge. */
const PART_PAIRS = 256 * BLOCK_PAIRS;
/** So many runs of one size become one. */
const FAN = 4;
/** Runs below this are of one size. */
const SMALLEST = 4_096;
/** Where more than a third of a part's blocks is asked for, all of it is read. */
const WHOLE_SHARE = 1 / 3;
/** Requests to the store at a time. */
const READS = 6;
const UPPER = 2 ** 32;

/** 53 bits of an id's hash, a whole number. */
export function hashId(id: string): number {
  const [low, high] = hashText(id);
  return (high & 0x1fffff) * UPPER + low;
}

/** Writes sorted pairs as a run; a pair that comes twice in a row counts once. */
export async function writeRun(
  place: IndexPlace,
  folder: string,
  pairs: AsyncIterable<readonly IdPair[]>,
): Promise<IdRun> {
  const parts: IdPart[] = [];
  let words = new Uint32Array(PART_PAIRS * PAIR_WORDS);
  let count = 0;
  let last: IdPair = [-1, -1];
  const close = async (): Promise<void> => {
    if (count > 0) parts.push(await savePart(place, folder, words.slice(0, count * PAIR_WORDS)));
    count = 0;
  };
  for await (const some of pairs) {
    for (const pair of some) {
      const [hash, batch] = pair;
      if (hash === last[0] && batch === last[1]) continue;
      last = pair;
      if (count === PART_PAIRS) await close();
      words.set([Math.floor(hash / UPPER), hash % UPPER, batch], count * PAIR_WORDS);
      count += 1;
    }
  }
  await close();
  words = new Uint32Array();
  return { pairs: parts.reduce((sum, part) => sum + part.pairs, 0), parts };
}

async function savePart(place: IndexPlace, folder: string, words: Uint32Array): Promise<IdPart> {
  const pairs = words.length / PAIR_WORDS;
  const blocks = Math.ceil(pairs / BLOCK_PAIRS);
  const fences = new Uint32Array(blocks * PAIR_WORDS);
  for (let b = 0; b < blocks; b++) {
    const block = words.subarray(b * BLOCK_PAIRS * PAIR_WORDS, (b + 1) * BLOCK_PAIRS * PAIR_WORDS);
    fences.set([block[0] as number, block[1] as number, await checkWord(bytesOf(block))], b * PAIR_WORDS);
  }
  return {
    name: await saveFile(place, folder, bytesOf(words)),
    pairs,
    fences: await saveFile(place, folder, bytesOf(fences)),
  };
}

/** The first word of a block's SHA-256. */
async function checkWord(bytes: Uint8Array): Promise<number> {
  return wordsOf((await hashLarge(bytes)).slice(0, 4))[0] as number;
}

/**
 * Batches that may speak of any of some ids.
 *
 * @param hashes  ascending
 * @throws IndexDamage where a run can't be read
 */
export async function findBatches(
  place: IndexPlace,
  runs: readonly IdRun[],
  hashes: Float64Array,
): Promise<Set<number>> {
  const found = new Set<number>();
  for (const { parts } of runs) for (const part of parts) await searchPart(place, part, hashes, found);
  return found;
}

async function searchPart(
  place: IndexPlace,
  part: IdPart,
  hashes: Float64Array,
  found: Set<number>,
): Promise<void> {
  const fences = wordsOf(await loadFile(place, part.fences));
  const wanted = blocksWanted(fences, hashes);
  if (wanted.length === 0) return;
  if (wanted.length > WHOLE_SHARE * (fences.length / PAIR_WORDS)) {
    collect(wordsOf(await loadFile(place, part.name)), hashes, found);
    return;
  }
  await sideBySide(wanted.length, READS, async (i) => {
    const block = wanted[i] as number;
    const bytes = await place.store.getRange(
      place.prefix + part.name,
      block * BLOCK_PAIRS * PAIR_BYTES,
      Math.min(BLOCK_PAIRS, part.pairs - block * BLOCK_PAIRS) * PAIR_BYTES,
    );
    if (bytes === null) throw new IndexDamage(`${place.prefix}${part.name} is not there`);
    if ((await checkWord(bytes)) !== fences[block * PAIR_WORDS + 2])
      throw new IndexDamage(`${place.prefix}${part.name} was truncated or altered`);
    collect(wordsOf(bytes), hashes, found);
  });
}

/** Blocks in which any of the hashes may lie, ascending. */
function blocksWanted(fences: Uint32Array, hashes: Float64Array): number[] {
  const blocks = fences.length / PAIR_WORDS;
  const wanted: number[] = [];
  let at = 0;
  for (let b = 0; b < blocks; b++) {
    const first = hashAt(fences, b);
    const next = b + 1 < blocks ? hashAt(fences, b + 1) : Number.POSITIVE_INFINITY;
    while (at < hashes.length && (hashes[at] as number) < first) at += 1;
    // Pairs of one hash may go on in the next block.
    if (at < hashes.length && (hashes[at] as number) <= next) wanted.push(b);
  }
  return wanted;
}

/** Walks two sorted lists. */
function collect(words: Uint32Array, hashes: Float64Array, found: Set<number>): void {
  const pairs = words.length / PAIR_WORDS;
  let at = lowerBound(hashes, hashAt(words, 0));
  for (let i = 0; i < pairs && at < hashes.length; i++) {
    const hash = hashAt(words, i);
    while (at < hashes.length && (hashes[at] as number) < hash) at += 1;
    if (hashes[at] === hash) found.add(words[i * PAIR_WORDS + 2] as number);
  }
}

/**
 * Merges runs until no four are of one size.
 *
 * @returns the runs there are then, and the files that nobody needs any more once that is recorded
 */
export async function mergeRuns(
  place: IndexPlace,
  folder: string,
  runs: readonly IdRun[],
): Promise<{ readonly runs: readonly IdRun[]; readonly obsolete: readonly string[] }> {
  let kept = runs.filter(({ pairs }) => pairs > 0);
  const obsolete: string[] = [];
  for (;;) {
    const tier = [...new Set(kept.map(tierOf))].find(
      (tier) => kept.filter((run) => tierOf(run) === tier).length >= FAN,
    );
    if (tier === undefined) {
      // What came twice may have merged to one of its parts.
      const named = new Set(kept.flatMap(filesOf));
      return { runs: kept, obsolete: obsolete.filter((name) => !named.has(name)) };
    }
    const chosen = kept.filter((run) => tierOf(run) === tier);
    const merged = await writeRun(place, folder, mergePairs(place, chosen));
    kept = [...kept.filter((run) => tierOf(run) !== tier), merged];
    obsolete.push(...chosen.flatMap(filesOf));
  }
}

function filesOf({ parts }: IdRun): string[] {
  return parts.flatMap(({ name, fences }) => [name, fences]);
}

function tierOf({ pairs }: IdRun): number {
  let tier = 0;
  for (let most = SMALLEST * FAN; most <= pairs; most *= FAN) tier++;
  return tier;
}

async function* mergePairs(place: IndexPlace, runs: readonly IdRun[]): AsyncGenerator<IdPair[]> {
  const heads = await Promise.all(
    runs.map(async ({ parts }) => {
      const words =
        parts[0] === undefined ? new Uint32Array() : wordsOf(await loadFile(place, parts[0].name));
      return { parts, part: 0, words, at: 0 };
    }),
  );
  let out: IdPair[] = [];
  for (;;) {
    let best: (typeof heads)[number] | undefined;
    for (const head of heads) {
      if (head.at === head.words.length) continue;
      if (best === undefined || comparePairs(head, best) < 0) best = head;
    }
    if (best === undefined) break;
    out.push([hashAt(best.words, best.at / PAIR_WORDS), best.words[best.at + 2] as number]);
    best.at += PAIR_WORDS;
    const next = best.parts[best.part + 1];
    if (best.at === best.words.length && next !== undefined) {
      best.words = wordsOf(await loadFile(place, next.name));
      best.part += 1;
      best.at = 0;
    }
    if (out.length < BLOCK_PAIRS) continue;
    yield out;
    out = [];
  }
  yield out;
}

type Head = { readonly words: Uint32Array; readonly at: number };

function comparePairs(a: Head, b: Head): number {
  for (let word = 0; word < PAIR_WORDS; word++) {
    const difference = (a.words[a.at + word] as number) - (b.words[b.at + word] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

function hashAt(words: Uint32Array, pair: number): number {
  return (words[pair * PAIR_WORDS] as number) * UPPER + (words[pair * PAIR_WORDS + 1] as number);
}

function lowerBound(hashes: Float64Array, value: number): number {
  let low = 0;
  let high = hashes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((hashes[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** Copied, so that it is aligned. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(Uint8Array.from(bytes).buffer);
}
