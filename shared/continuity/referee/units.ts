/**
 * What counts as one piece of evidence. Examples of one group, of one input that comes again and again, and neighbours
 * in time resemble each other: each of these is one unit, with its mean difference, however many examples it has.
 */
import { UNGROUPED } from '../statistics/design-effect.ts';
import { blockLength } from '../statistics/block-length.ts';

/** Examples in order of time, [n] each. */
export interface PairedExamples {
  /** what the challenger's answer is worth more than the champion's, in [-1, 1] */
  readonly differences: Float64Array;
  /** group ids; UNGROUPED for an example on its own; left out where there are no groups */
  readonly groups?: Int32Array;
  /** the same id for the same input; left out where inputs are known to differ */
  readonly contents?: Int32Array;
}

export interface Units {
  /** mean difference of each, in [-1, 1], [units] */
  readonly means: Float64Array;
  /** how many neighbours in time were taken for one where nothing else tied examples together */
  readonly blockLength: number;
}

/**
 * Groups first, then inputs that repeat, then blocks of what is left, in order of time. The length of the blocks comes
 * from the autocorrelation of the differences.
 *
 * @throws RangeError when lengths differ (a bug in the caller)
 */
export function unitsOf({ differences, groups, contents }: PairedExamples): Units {
  const n = differences.length;
  for (const ids of [groups, contents]) {
    if (ids !== undefined && ids.length !== n) throw new RangeError(`expected ${n} ids, got ${ids.length}`);
  }
  const repeats = contents === undefined ? new Set<number>() : repeated(contents, groups);
  const tied = new Map<string, { sum: number; size: number }>();
  const alone: number[] = [];
  for (let i = 0; i < n; i++) {
    const value = differences[i] as number;
    const name = nameOf(groups?.[i] ?? UNGROUPED, contents?.[i], repeats);
    if (name === null) {
      alone.push(value);
      continue;
    }
    const unit = tied.get(name) ?? { sum: 0, size: 0 };
    tied.set(name, { sum: unit.sum + value, size: unit.size + 1 });
  }
  const length = blockLength(Float64Array.from(alone));
  const means = [...tied.values()].map(({ sum, size }) => sum / size);
  return { means: Float64Array.from([...means, ...blockMeans(alone, length)]), blockLength: length };
}

/** Inputs that more than one ungrouped example has. */
function repeated(contents: Int32Array, groups: Int32Array | undefined): Set<number> {
  const seen = new Set<number>();
  const again = new Set<number>();
  for (const [i, content] of contents.entries()) {
    if (groups !== undefined && groups[i] !== UNGROUPED) continue;
    if (seen.has(content)) again.add(content);
    seen.add(content);
  }
  return again;
}

function nameOf(group: number, content: number | undefined, repeats: ReadonlySet<number>): string | null {
  if (group !== UNGROUPED) return `group ${group}`;
  return content !== undefined && repeats.has(content) ? `input ${content}` : null;
}

function blockMeans(values: readonly number[], length: number): number[] {
  const means: number[] = [];
  for (let at = 0; at < values.length; at += length) {
    const block = values.slice(at, at + length);
    means.push(block.reduce((sum, value) => sum + value, 0) / block.length);
  }
  return means;
}
