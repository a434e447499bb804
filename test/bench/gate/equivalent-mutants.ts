/**
 * Changes that change nothing: whatever is put in, the same comes out. Each with the reason; they are not counted.
 */
import type { Mutant } from './mutations.ts';

interface Equivalent {
  readonly file: string;
  /** the changed line, without its indentation */
  readonly after: string;
  readonly because: string;
}

export const EQUIVALENT: readonly Equivalent[] = [
  {
    file: 'trainer/pipeline/data/snapshot.ts',
    after: 'for (let at = 0; at <= examples.length; at += SHARD_EXAMPLES) {',
    because: 'of a whole number of shards one part more is looked at, which is empty and makes none',
  },
];

export function whyEquivalent({ file, after }: Mutant): string | null {
  return EQUIVALENT.find((each) => each.file === file && each.after === after.trim())?.because ?? null;
}
