/**
 * The referee, measured: wrong promotions over a life, labels until a better challenger serves, trust that is false,
 * earned and lost, examples that hang together, and creep. Each part draws from seeds of its own.
 */
import type { Measured, Table } from '../table.ts';
import { benchDependence, DEPENDENCE_CASES } from './dependence.ts';
import { benchLiveness, DISAGREEMENTS } from './liveness.ts';
import { benchCreep, benchSafety } from './lives.ts';
import { benchEarnedTrust, benchFalseTrust, benchLostTrust } from './trust.ts';

/** What it simulates, and how many lives of each where others draw 2,000 nights. */
interface Part {
  readonly lives: number;
  readonly bench: (lives: number) => Measured;
}

const NIGHTS = 2_000;

/** The longest first. */
const PARTS: readonly Part[] = [
  { lives: 200, bench: benchSafety },
  { lives: 400, bench: benchFalseTrust },
  ...[...DISAGREEMENTS.keys()]
    .toReversed()
    .map((i) => ({ lives: 400, bench: (lives: number) => benchLiveness(i, lives) })),
  ...Array.from({ length: DEPENDENCE_CASES }, (_, i) => ({
    lives: 400,
    bench: (lives: number) => benchDependence(i, lives),
  })),
  { lives: 200, bench: benchCreep },
  { lives: 400, bench: benchLostTrust },
  { lives: 400, bench: benchEarnedTrust },
];

export const REFEREE_PARTS = PARTS.length;

/** @param nights  2,000 for what the parts are made for; fewer for a first look */
export function benchReferee(part: number, nights: number): Measured {
  const { lives, bench } = PARTS[part] as Part;
  return bench(Math.max(10, Math.round((lives * nights) / NIGHTS)));
}

/** Tables that have the same title are one: their rows were simulated side by side. */
export function joinTables(tables: readonly Table[]): Table[] {
  const joined = new Map<string, Table>();
  for (const table of tables) {
    const before = joined.get(table.title);
    joined.set(
      table.title,
      before === undefined ? table : { ...before, rows: [...before.rows, ...table.rows] },
    );
  }
  return [...joined.values()];
}
