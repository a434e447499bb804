/**
 * The simulations as pieces that can be run side by side; each draws from seeds of its own, so that how they are shared
 * out changes nothing.
 */
import { benchExamDependence, EXAM_DEPENDENCE_CASES } from './dependence.ts';
import { type Cell, runStudy, STUDY_COUNT } from './error-rates.ts';
import { benchForgetting, benchPower, benchScoredPower } from './power.ts';
import { countQuarantines, QUARANTINE_PARTS, type QuarantineCount } from './quarantine.ts';
import { benchReferee, REFEREE_PARTS } from './referee/referee.ts';
import { benchReuse } from './reuse.ts';
import { hasData } from '../../support/data.ts';
import { benchSelection, SELECTION_CASES } from './selection.ts';
import type { Measured } from './table.ts';

export type Job =
  | { readonly part: 'errors'; readonly study: number }
  | { readonly part: 'dependence'; readonly piece: number }
  | { readonly part: 'power'; readonly table: number }
  | { readonly part: 'reuse' }
  | { readonly part: 'referee'; readonly piece: number }
  | { readonly part: 'quarantine'; readonly piece: number }
  | { readonly part: 'selection'; readonly piece: number };

export type JobResult =
  | { readonly cells: readonly Cell[] }
  | { readonly measured: Measured }
  | { readonly quarantine: QuarantineCount };

const POWER_TABLES = [benchPower, benchForgetting, benchScoredPower] as const;

/** The longest first, so that no thread is left alone with one at the end. */
export const JOBS: readonly Job[] = [
  { part: 'reuse' },
  ...Array.from({ length: REFEREE_PARTS }, (_, piece) => ({ part: 'referee' as const, piece })),
  ...Array.from({ length: EXAM_DEPENDENCE_CASES }, (_, piece) => ({ part: 'dependence' as const, piece })),
  ...Array.from({ length: SELECTION_CASES }, (_, piece) => ({ part: 'selection' as const, piece })),
  // Real streams, where there are any.
  ...Array.from({ length: hasData ? QUARANTINE_PARTS : 0 }, (_, piece) => ({
    part: 'quarantine' as const,
    piece,
  })),
  ...POWER_TABLES.map((_, table) => ({ part: 'power' as const, table })),
  ...Array.from({ length: STUDY_COUNT }, (_, study) => ({ part: 'errors' as const, study })),
];

export async function runJob(job: Job, nights: number): Promise<JobResult> {
  switch (job.part) {
    case 'errors':
      return { cells: runStudy(job.study, nights) };
    case 'dependence':
      return { measured: benchExamDependence(job.piece, nights) };
    case 'power':
      return { measured: (POWER_TABLES[job.table] ?? benchPower)(nights) };
    case 'referee':
      return { measured: benchReferee(job.piece, nights) };
    case 'quarantine':
      return { quarantine: await countQuarantines(job.piece, nights) };
    case 'selection':
      return { measured: benchSelection(job.piece, Math.max(10, Math.round(nights / 5))) };
    case 'reuse':
      // a year costs as much as 365 nights
      return { measured: benchReuse(Math.max(1, Math.round(nights / 100))) };
  }
}
