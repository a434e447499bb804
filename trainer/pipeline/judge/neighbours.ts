/**
 * What an example's neighbours say about it: which group it belongs to, and which label or target came before its own; and what
 * its users do, where they reported it.
 */
import type { LabelledExample } from '../data/join.ts';
import type { RunContext } from '../context.ts';
import { loadShard, shardsOf, type Snapshot } from '../data/snapshot-file.ts';

export interface Neighbours {
  /** the same id for the same group, in order of first appearance, [n]; -1 for an example on its own; null without groups */
  readonly groups: Int32Array | null;
  /** class id or target before, in time, of the same group where there is one, [n]; NaN for the first */
  readonly previous: Float64Array;
  /** positions of the examples that were reported as turned wrong by an update */
  readonly reported: ReadonlySet<number>;
}

/** Of all examples of a snapshot, in its order. */
export async function readNeighbours({ store, run }: RunContext, snapshot: Snapshot): Promise<Neighbours> {
  const tracker = trackNeighbours(snapshot.examples);
  for (const shard of shardsOf(snapshot)) {
    for (const example of await loadShard(store, run.model, shard)) tracker.add(example);
  }
  return tracker.end();
}

/** @param n  examples that will be added, in time order */
export function trackNeighbours(n: number): {
  readonly add: (example: Pick<LabelledExample, 'label' | 'group' | 'flip'>) => void;
  readonly end: () => Neighbours;
} {
  const ids = new Map<string, number>();
  const lastLabel = new Map<number, number>();
  const groups = new Int32Array(n);
  const previous = new Float64Array(n);
  const reported = new Set<number>();
  let at = 0;
  return {
    add({ label, group, flip }) {
      if (group !== undefined && !ids.has(group)) ids.set(group, ids.size);
      const id = group === undefined ? -1 : (ids.get(group) as number);
      groups[at] = id;
      previous[at] = lastLabel.get(id) ?? Number.NaN;
      lastLabel.set(id, label);
      if (flip === true) reported.add(at);
      at += 1;
    },
    end: () => ({ groups: ids.size === 0 ? null : groups, previous, reported }),
  };
}

/** The values at some positions, in their order. */
export function pick(values: Float64Array, positions: readonly number[]): Float64Array {
  return Float64Array.from(positions, (position) => values[position] as number);
}

/** The same of ids. */
export function pickIds(ids: Int32Array, positions: readonly number[]): Int32Array {
  return Int32Array.from(positions, (position) => ids[position] as number);
}
