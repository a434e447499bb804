/**
 * Which past examples are trained on again.
 */
import { keyedHash } from '../../../shared/digest.ts';
import type { TrainingRecipe } from '../../../shared/model/spec/training.ts';
import { type Random, shuffle } from '../../../shared/random.ts';

export interface Past {
  /** Positions in the snapshot, by window. */
  readonly windows: readonly (readonly number[])[];
  /** Class id of a position. */
  readonly labelOf: (position: number) => number;
  /** Of a position's content (`priorityOf`). */
  readonly priorityOf: (position: number) => number;
}

/** At most `most` of the past examples. */
export function drawReplay(
  { windows, labelOf, priorityOf }: Past,
  most: number,
  strategy: TrainingRecipe['replay']['strategy'],
  random: Random,
): number[] {
  const all = windows.flat();
  if (most >= all.length) return all;
  switch (strategy) {
    case 'uniform':
      return sample(all, most, random);
    case 'reservoir':
      return smallest(all, most, priorityOf);
    case 'class-balanced':
      return drawFairly(groupBy(all, labelOf), most, random);
    case 'by-window':
      return drawFairly(windows, most, random);
  }
}

/** So many of the items, without repetition; all of them, in their own order, where there are no more. */
export function sample(items: readonly number[], n: number, random: Random): number[] {
  return n >= items.length ? [...items] : shuffle([...items], random).slice(0, n);
}

/**
 * A reservoir without memory: the examples of smallest hash are a uniform sample (Cohen & Kaplan 2007, bottom-k), and
 * an example that was in stays in until one of a smaller hash comes, as in a reservoir (Vitter 1985).
 */
export function smallest(items: readonly number[], n: number, keyOf: (item: number) => number): number[] {
  const keyed = items.map((item) => ({ item, key: keyOf(item) }));
  keyed.sort((a, b) => a.key - b.key || a.item - b.item);
  return keyed.slice(0, n).map(({ item }) => item);
}

/**
 * What a reservoir keeps an example by: the smallest stay.
 *
 * @param salt     the model's: keys the reservoir, so that nobody can aim an example at it
 * @param content  the digest of its input
 */
export function priorityOf(salt: string, content: string): number {
  const hash = keyedHash(salt, `replay:${content}`);
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0);
}

function groupBy(items: readonly number[], keyOf: (item: number) => number): number[][] {
  const groups = new Map<number, number[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

/** From each group as many; what a small one can't give is divided among the others. */
function drawFairly(groups: readonly (readonly number[])[], most: number, random: Random): number[] {
  const quotas = divideFairly(
    groups.map(({ length }) => length),
    most,
  );
  return groups.flatMap((group, i) => sample(group, quotas[i] as number, random));
}

/**
 * Divides `most` among groups, none of which can take more than its size, so that the least is as large as it can be.
 * Of a rest that does not divide, the first groups get one more.
 */
export function divideFairly(sizes: readonly number[], most: number): number[] {
  const quotas = sizes.map(() => 0);
  const bySize = [...sizes.keys()].sort((a, b) => (sizes[a] as number) - (sizes[b] as number) || b - a);
  let left = most;
  for (const [served, group] of bySize.entries()) {
    const quota = Math.min(sizes[group] as number, Math.floor(left / (bySize.length - served)));
    quotas[group] = quota;
    left -= quota;
  }
  return quotas;
}
