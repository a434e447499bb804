/**
 * Which example lies in which pack. Plain data in, plain data out: it depends on the data's size and the recipe, never
 * on the machine, so that every host trains on the same packs.
 */
import { seedFrom } from '../../../shared/digest.ts';
import { createRandom, shuffle } from '../../../shared/random.ts';
import { PACK_NUMBERS } from './pack-numbers.ts';

/**
 * Examples of each pack: whole batches, but for the last pack; so an epoch has as many steps as if it were one.
 *
 * @param size  numbers in an example
 */
export function planPacks(rows: number, size: number, batchSize: number): number[] {
  if (rows * size <= PACK_NUMBERS) return rows === 0 ? [] : [rows];
  return divide(rows, Math.max(1, Math.floor(PACK_NUMBERS / size / batchSize)) * batchSize);
}

/** `rows` in parts of at most `most`. */
export function divide(rows: number, most: number): number[] {
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => Math.min(most, rows - i * most));
}

/** Items with their neighbours, as far as they stay within `most` together; each at least by itself. */
export function groupWithin<T>(items: readonly T[], most: number, sizeOf: (item: T) => number): T[][] {
  const groups: T[][] = [];
  let total = Infinity;
  for (const item of items) {
    const size = sizeOf(item);
    if (total + size > most) {
      groups.push([]);
      total = 0;
    }
    groups.at(-1)?.push(item);
    total += size;
  }
  return groups;
}

/**
 * Assigns rows to packs at random, so that each pack is a sample of all: shards are in order of time, and of an import's
 * folders in order of class.
 *
 * @param packs  examples of each
 * @returns the pack of each row, [rows]
 */
export function assignPacks(packs: readonly number[], seed: number): Int32Array {
  const rows = packs.reduce((sum, count) => sum + count, 0);
  const assigned = new Int32Array(rows);
  let at = 0;
  for (const [pack, count] of packs.entries()) {
    assigned.fill(pack, at, at + count);
    at += count;
  }
  return shuffle(assigned, createRandom(seedFrom(seed, 'packs')));
}

/**
 * How many rows of each group go into each pack.
 *
 * @param assigned  as of `assignPacks`
 * @param groups    rows of each group, in order
 * @returns [groups][packs]
 */
export function countSegments(assigned: Int32Array, groups: readonly number[], packs: number): Int32Array[] {
  let at = 0;
  return groups.map((rows) => {
    const counts = new Int32Array(packs);
    for (const pack of assigned.subarray(at, at + rows)) counts[pack] = (counts[pack] as number) + 1;
    at += rows;
    return counts;
  });
}
