/**
 * Which examples count together. Those of one group (a user, a device) resemble each other, and an input that comes again
 * is the same example again: such a unit keeps its weight in an estimate, and counts once in its uncertainty. What is left
 * may hang together as neighbours in time do: each counts by a share. The referee's units are the same
 * (`referee/units.ts`).
 *
 * One id stands for a unit, whichever kind it is: a group's own id, 0 or more; below UNGROUPED for an input.
 */
import { UNGROUPED } from '../statistics/design-effect.ts';
import { neighbourShare } from '../statistics/neighbours.ts';

export interface TiedWindow {
  readonly exampleIds: readonly string[];
  readonly groups?: Int32Array;
  readonly contents?: Int32Array;
  readonly inTimeOrder?: true;
}

/** Unit of each example of the windows together, in their order. */
export interface Ties {
  /** [n]; UNGROUPED for an example on its own; null where nothing can tie any together but time */
  readonly ids: Int32Array | null;
  /** whether neighbours in the list are neighbours in time */
  readonly ordered: boolean;
}

/** A group first, then an input. Inputs that come once have ids of their own: another window may have them again. */
export function tiesOf(windows: readonly TiedWindow[]): Ties {
  const ordered = windows.every(({ inTimeOrder }) => inTimeOrder === true);
  if (windows.every(({ groups, contents }) => groups === undefined && contents === undefined)) {
    return { ids: null, ordered };
  }
  const n = windows.reduce((sum, { exampleIds }) => sum + exampleIds.length, 0);
  const ids = new Int32Array(n);
  let at = 0;
  for (const { exampleIds, groups, contents } of windows) {
    for (let i = 0; i < exampleIds.length; i++) {
      const group = groups?.[i] ?? UNGROUPED;
      const content = contents?.[i];
      ids[at++] = group !== UNGROUPED || content === undefined ? group : UNGROUPED - 1 - content;
    }
  }
  return { ids, ordered };
}

/**
 * The units of more than one example: groups, and inputs that come more than once.
 *
 * @returns the unit of each example, [n], UNGROUPED where it stands alone; null where all do
 */
export function unitsIn({ ids }: Ties): Int32Array | null {
  if (ids === null) return null;
  const times = new Map<number, number>();
  for (const id of ids) if (id < UNGROUPED) times.set(id, (times.get(id) ?? 0) + 1);
  const units = ids.map((id) => (id < UNGROUPED && times.get(id) === 1 ? UNGROUPED : id));
  return units.every((id) => id === UNGROUPED) ? null : units;
}

/**
 * The share that examples on their own count by, as neighbours in time hang together.
 *
 * @param series  what is averaged, per example, [n]
 * @param units   of each example, as `unitsIn` gives them
 */
export function shareOfNeighbours({ ordered }: Ties, units: Int32Array | null, series: Float64Array): number {
  if (!ordered) return 1;
  return neighbourShare(units === null ? series : series.filter((_, i) => units[i] === UNGROUPED));
}
