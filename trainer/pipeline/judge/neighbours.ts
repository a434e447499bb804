/**
 * What an example's neighbours say about it: which group it belongs to, which others have the same input, and which label
 * or target was the last one known when it was seen; and what its users do, where they reported it.
 */
import type { Host, RunData } from '../../run/context.ts';
import { readFacts } from '../data/facts.ts';
import type { Snapshot } from '../data/snapshot-file.ts';

export interface Neighbours {
  /** the same id for the same group, in order of first appearance, [n]; -1 for an example on its own; null without groups */
  readonly groups: Int32Array | null;
  /** the beginning of each input's digest as a number, [n]: the same for the same input, and hardly ever for two */
  readonly inputs: Float64Array;
  /**
   * class id or target of the newest example, of the same group where there is one, whose label had come when this one was
   * seen, [n]; NaN where none had
   */
  readonly previous: Float64Array;
  /** positions of the examples that were reported as turned wrong by an update */
  readonly reported: ReadonlySet<number>;
}

/** Of all examples of a snapshot, in its order. */
export async function readNeighbours(
  ctx: RunData & Pick<Host, 'yieldControl'>,
  snapshot: Snapshot,
): Promise<Neighbours> {
  const tracker = trackNeighbours(snapshot.examples);
  for await (const facts of readFacts(ctx, snapshot)) {
    for (let i = 0; i < facts.n; i++) {
      tracker.add({
        at: facts.seenAt[i] as number,
        label: facts.labels[i] as number,
        labelledAt: facts.knownAt[i] as number,
        input: beginning(facts.contents[2 * i] as number, facts.contents[2 * i + 1] as number),
        group: beginning(facts.groups[2 * i] as number, facts.groups[2 * i + 1] as number),
        flip: facts.flips[i] === 1,
      });
    }
  }
  return tracker.end();
}

/**
 * The first 53 bits of 64, as a number that a double holds exactly: of a million inputs, two share them once in 18,000
 * times.
 */
function beginning(high: number, low: number): number {
  return high * 2 ** 21 + (low >>> 11);
}

export interface Added {
  readonly at: number;
  readonly label: number;
  /** infinite where nobody could have known it */
  readonly labelledAt: number;
  /** the same number for the same input, and for the same group; 0 for no group */
  readonly input: number;
  readonly group: number;
  readonly flip: boolean;
}

/** @param n  examples that will be added */
export function trackNeighbours(n: number): {
  readonly add: (example: Added) => void;
  readonly end: () => Neighbours;
} {
  const ids = new Map<number, number>();
  const groups = new Int32Array(n);
  const inputs = new Float64Array(n);
  const labels = new Float64Array(n);
  const seenAt = new Float64Array(n);
  const knownAt = new Float64Array(n);
  const reported = new Set<number>();
  let count = 0;
  return {
    add({ at, label, group, flip, labelledAt, input }) {
      inputs[count] = input;
      if (group !== 0 && !ids.has(group)) ids.set(group, ids.size);
      groups[count] = group === 0 ? -1 : (ids.get(group) as number);
      labels[count] = label;
      seenAt[count] = at;
      knownAt[count] = labelledAt;
      if (flip) reported.add(count);
      count += 1;
    },
    end: () => ({
      groups: ids.size === 0 ? null : groups,
      inputs,
      previous: lastKnown({ groups, labels, seenAt, knownAt }),
      reported,
    }),
  };
}

/** Of every example, [n]. */
interface Told {
  readonly groups: Int32Array;
  readonly labels: Float64Array;
  /** when its answer was wanted */
  readonly seenAt: Float64Array;
  /** when its label came; infinite where nobody could have known it */
  readonly knownAt: Float64Array;
}

/** The label of the newest example of the same group whose label had come when each example was seen, [n]; NaN: none. */
function lastKnown({ groups, labels, seenAt, knownAt }: Told): Float64Array {
  const bySight = inOrder(seenAt);
  const byLabel = inOrder(knownAt).filter((i) => Number.isFinite(knownAt[i]));
  const newest = new Map<number, number>();
  const previous = new Float64Array(labels.length).fill(Number.NaN);
  let told = 0;
  for (const i of bySight) {
    while (told < byLabel.length && (knownAt[byLabel[told] as number] as number) <= (seenAt[i] as number)) {
      const next = byLabel[told] as number;
      const group = groups[next] as number;
      const before = newest.get(group);
      if (before === undefined || (seenAt[before] as number) <= (seenAt[next] as number))
        newest.set(group, next);
      told += 1;
    }
    const last = newest.get(groups[i] as number);
    if (last !== undefined) previous[i] = labels[last] as number;
  }
  return previous;
}

/** Positions by what stands there, ascending; of equals the first one first. Mostly they are in that order already. */
function inOrder(values: Float64Array): Int32Array {
  const positions = Int32Array.from(values, (_, i) => i);
  const isSorted = values.every((value, i) => i === 0 || (values[i - 1] as number) <= value);
  return isSorted ? positions : positions.sort((a, b) => order(values, a, b));
}

function order(values: Float64Array, a: number, b: number): number {
  const [one, other] = [values[a] as number, values[b] as number];
  return one < other ? -1 : one > other ? 1 : a - b;
}

/** The values at some positions, in their order. */
export function pick(values: Float64Array, positions: readonly number[]): Float64Array {
  return Float64Array.from(positions, (position) => values[position] as number);
}

/** The same of ids. */
export function pickIds(ids: Int32Array, positions: readonly number[]): Int32Array {
  return Int32Array.from(positions, (position) => ids[position] as number);
}

/**
 * Inputs at some positions, numbered: the same id for the same input, in order of first appearance.
 *
 * @param positions  of each window
 * @returns by window; null where no input comes twice
 */
export function numberInputs(
  { inputs }: Pick<Neighbours, 'inputs'>,
  positions: readonly (readonly number[])[],
): Int32Array[] | null {
  const ids = new Map<number, number>();
  const numbered = positions.map((own) =>
    Int32Array.from(own, (position) => {
      const input = inputs[position] as number;
      const id = ids.get(input) ?? ids.size;
      ids.set(input, id);
      return id;
    }),
  );
  const n = positions.reduce((sum, { length }) => sum + length, 0);
  return ids.size === n ? null : numbered;
}
