/**
 * What the examples of one night teach about each other: each example of one half is named after the five of the other
 * half that are nearest to it (Fix & Hodges 1951; Cover & Hart 1967, IEEE Transactions on Information Theory 13:21). It
 * has nothing to set, draws nothing, and learns from 40 examples what 40 examples can teach.
 */

/** An odd number, so that two classes rarely tie; the nearest of equals decides. */
const NEIGHBOURS = 5;

/** Rows of numbers, [n, size]. */
export interface Rows {
  readonly values: Float32Array;
  readonly size: number;
}

/**
 * For each example its nearest ones of the other half, nearest first.
 *
 * @param halves  0 or 1 for each example, [n]: what is tied together belongs into one half
 * @returns positions, [n]; fewer than five where a half is as small
 */
export function findNeighbours({ values, size }: Rows, halves: Uint8Array): Int32Array[] {
  const members = [0, 1].map((half) => [...halves.keys()].filter((i) => halves[i] === half));
  return Array.from(halves, (half, i) => {
    const near: Near[] = [];
    for (const j of members[1 - half] ?? [])
      keepNearest(near, { j, distance: squaredDistance(values, i * size, j * size, size) });
    return Int32Array.from(near, ({ j }) => j);
  });
}

interface Near {
  readonly j: number;
  readonly distance: number;
}

/** Five at most, nearest first; of equals the one that came first. */
function keepNearest(near: Near[], one: Near): void {
  if (near.length === NEIGHBOURS && one.distance >= (near.at(-1) as Near).distance) return;
  let place = near.length;
  while (place > 0 && (near[place - 1] as Near).distance > one.distance) place--;
  near.splice(place, 0, one);
  if (near.length > NEIGHBOURS) near.pop();
}

function squaredDistance(values: Float32Array, a: number, b: number, size: number): number {
  let sum = 0;
  for (let k = 0; k < size; k++) {
    const difference = (values[a + k] as number) - (values[b + k] as number);
    sum += difference * difference;
  }
  return sum;
}

/**
 * The name that most of the neighbours have; of equals the one that comes first.
 *
 * @param names  class ids, [n]
 * @returns class ids, [n]; -1 for an example without neighbours
 */
export function nameByNeighbours(neighbours: readonly Int32Array[], names: ArrayLike<number>): Int32Array {
  return Int32Array.from(neighbours, (near) => {
    const votes = new Map<number, number>();
    for (const j of near) votes.set(names[j] as number, (votes.get(names[j] as number) ?? 0) + 1);
    let best = -1;
    for (const [name, count] of votes) if (count > (votes.get(best) ?? 0)) best = name;
    return best;
  });
}
