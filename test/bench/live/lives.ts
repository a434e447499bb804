/**
 * Lives of a champion beside the version before it, as the rollback test looks at them: by the functions that a look
 * uses, on labels that are drawn.
 */
import {
  LABELS_A_BET,
  NOTHING_SETTLED,
  settleStretch,
  testChampion,
} from '../../../shared/continuity/referee/rollback-test.ts';
import { GRID } from '../../../shared/continuity/statistics/e-process.ts';
import { placeBets, shareIn, stretchesOf, type Compared } from '../../../trainer/live/stretches.ts';
import type { Draw } from '../gate/population.ts';

export const MARGIN = 0.01;
export const LEVEL = 0.01;
export const DISAGREEMENT = 0.08;

/** How much better the former version is, at each label of a life. */
export type Course = (label: number) => number;

/** What the former version's answer is worth more: 1, 0 or -1. */
function drawDifference(better: number, draw: Draw): number {
  const gain = (DISAGREEMENT + better) / 2;
  const u = draw();
  return u < gain ? 1 : u < DISAGREEMENT ? -1 : 0;
}

export interface LifePlan {
  readonly labels: number;
  readonly course: Course;
  /** labels from one look to the next */
  readonly look: number;
}

/** After how many labels the champion is taken back; infinite where it never is. Labels are independent. */
export function liveLife({ labels, course, look }: LifePlan, draw: Draw): number {
  let settled = NOTHING_SETTLED;
  let counts = { gains: 0, losses: 0, n: 0 };
  for (let label = 0; label < labels; label++) {
    const difference = drawDifference(course(label), draw);
    counts = {
      gains: counts.gains + (difference > 0 ? 1 : 0),
      losses: counts.losses + (difference < 0 ? 1 : 0),
      n: counts.n + 1,
    };
    if ((label + 1) % look !== 0) continue;
    const stretch = { fromMs: 0, begins: true, units: tally(counts) };
    if (testChampion(settled, [stretch], MARGIN, LEVEL).shown) return label + 1;
    if (counts.n < LABELS_A_BET) continue;
    settled = settleStretch(settled, stretch, MARGIN);
    counts = { gains: 0, losses: 0, n: 0 };
  }
  return Infinity;
}

function tally({ gains, losses, n }: { gains: number; losses: number; n: number }): Map<number, number> {
  const cells: [number, number][] = [
    [GRID, gains],
    [-GRID, losses],
    [0, n - gains - losses],
  ];
  return new Map(cells.filter(([, count]) => count > 0));
}

export interface TiedPlan {
  readonly labels: number;
  readonly better: number;
  readonly look: number;
  /** neighbours in time that have one difference: runs of this length on average */
  readonly run: number;
  /** labels come up to so many inputs late, in any order */
  readonly late: number;
}

/** Whether the champion is ever taken back, with neighbours that resemble each other and labels that come late. */
export function liveTiedLife({ labels, better, look, run, late }: TiedPlan, draw: Draw): boolean {
  const differences = new Float64Array(labels);
  for (let i = 0; i < labels; i++)
    differences[i] =
      i > 0 && draw() < 1 - 1 / run ? (differences[i - 1] as number) : drawDifference(better, draw);
  const comes = Float64Array.from(differences, (_, i) => i + late * draw());
  let bets: readonly number[] = [0];
  for (let now = look; now <= labels + late; now += look) {
    const here = [...differences.keys()].filter((i) => (comes[i] as number) <= now && i < now);
    const compared: Compared = {
      times: Float64Array.from(here),
      differences: Float64Array.from(here, (i) => differences[i] as number),
      groups: null,
      contents: Int32Array.from(here),
      inside: here,
    };
    const stretches = stretchesOf(compared, bets, 0, shareIn(compared));
    if (testChampion(NOTHING_SETTLED, stretches, MARGIN, LEVEL).shown) return true;
    bets = placeBets(compared, { settledMs: 0, bets }, { sinceBet: 0 }, now);
  }
  return false;
}
