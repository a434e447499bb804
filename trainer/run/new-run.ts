/**
 * The record of a run that has just begun.
 */
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';

/** What a run is about, fixed before anything else happens. */
export type RunFacts = Pick<
  RunRecord,
  | 'id'
  | 'model'
  | 'trigger'
  | 'by'
  | 'startedAt'
  | 'cutoffMs'
  | 'specDigest'
  | 'mayPromote'
  | 'wantedSnapshot'
  | 'championAtStart'
  | 'again'
>;

/** Nothing of it is done yet. */
export function newRun(facts: RunFacts): RunRecord {
  return {
    format: 'holdfast-run/1',
    ...facts,
    status: 'running',
    finishedAt: null,
    step: null,
    steps: [],
    snapshot: null,
    candidate: null,
    verdict: null,
    promoted: false,
    why: null,
    summary: null,
    error: null,
  };
}
