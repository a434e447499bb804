/**
 * One random split of examples into those to train on and those to test on, from a seed.
 */
import { createRandom, type Random, shuffle } from '../../shared/random.ts';
import type { Identities } from '../run/split-backend.ts';

export interface RandomSplit {
  /** positions, ascending */
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/** Units are drawn for the test until it has its share of the examples. @param share in (0, 1) */
export function drawRandomSplit({ units, contents }: Identities, share: number, seed: number): RandomSplit {
  const tested = drawUnits(units, share, createRandom(seed));
  const positions = units.map((_, position) => position);
  const test = positions.filter((position) => tested.has(units[position] as number));
  const seen = new Set(test.map((position) => contents[position]));
  const train = positions.filter(
    (position) => !tested.has(units[position] as number) && !seen.has(contents[position]),
  );
  return { train, test };
}

function drawUnits(units: readonly number[], share: number, random: Random): Set<number> {
  const sizes = new Map<number, number>();
  for (const unit of units) sizes.set(unit, (sizes.get(unit) ?? 0) + 1);
  const drawn = new Set<number>();
  let examples = 0;
  for (const unit of shuffle([...sizes.keys()], random)) {
    if (examples >= share * units.length) break;
    drawn.add(unit);
    examples += sizes.get(unit) ?? 0;
  }
  return drawn;
}
