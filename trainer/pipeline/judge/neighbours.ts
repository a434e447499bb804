/**
 * What an example's neighbours say about it: which group it belongs to, which others have the same input, and which label
 * or target was the last one known when it was seen; and what its users do, where they reported it.
 */
import type { LabelledExample } from '../data/history/join.ts';
import type { RunFiles } from '../../run/context.ts';
import { loadShard, shardsOf, type Snapshot } from '../data/snapshot-file.ts';

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
export async function readNeighbours({ store, run }: RunFiles, snapshot: Snapshot): Promise<Neighbours> {
  const tracker = trackNeighbours(snapshot.examples);
  for (const shard of shardsOf(snapshot)) {
    for (const example of await loadShard(store, run.model, shard)) tracker.add(example);
  }
  return tracker.end();
}

type Added = Pick<LabelledExample, 'at' | 'label' | 'group' | 'flip' | 'labelledAt'> & {
  readonly input: Pick<LabelledExample['input'], 'digest'>;
};

/** Hexadecimal digits of a digest that a double holds exactly: of a million inputs, two share them once in 9,000 times. */
const KEPT_DIGITS = 13;

/** @param n  examples that will be added */
export function trackNeighbours(n: number): {
  readonly add: (example: Added) => void;
  readonly end: () => Neighbours;
} {
  const ids = new Map<string, number>();
  const groups = new Int32Array(n);
  const inputs = new Float64Array(n);
  const labels = new Float64Array(n);
  const seenAt = new Float64Array(n);
  const knownAt = new Float64Array(n);
  const reported = new Set<number>();
  let count = 0;
  return {
    add({ at, label, group, flip, labelledAt, input }) {
      inputs[count] = Number.parseInt(input.digest.slice(0, KEPT_DIGITS), 16);
      if (group !== undefined && !ids.has(group)) ids.set(group, ids.size);
      groups[count] = group === undefined ? -1 : (ids.get(group) as number);
      labels[count] = label;
      seenAt[count] = at;
      knownAt[count] = labelledAt ?? Number.POSITIVE_INFINITY;
      if (flip === true) reported.add(count);
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
  const positions = [...labels.keys()];
  const bySight = positions.toSorted((a, b) => (seenAt[a] as number) - (seenAt[b] as number));
  const byLabel = positions
    .filter((i) => Number.isFinite(knownAt[i]))
    .sort((a, b) => (knownAt[a] as number) - (knownAt[b] as number));
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
