/**
 * What a model's state comes to, worst first: whether it serves, and what stands in the way of its next version.
 */
import { describePause } from '../../../shared/registry/champion/machine-promotion.ts';
import { describeQuarantine } from '../../../shared/registry/quarantine.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import { describeRollback } from './live-text.ts';
import type { ModelStatus } from './target.ts';

export interface ModelFinding {
  readonly kind: 'not-serving' | 'problem' | 'worse' | 'failed' | 'late' | 'apart' | 'paused' | 'held';
  /** For a table. */
  readonly short: string;
  /** A sentence. */
  readonly text: string;
}

const WORST_FIRST: readonly ModelFinding['kind'][] = [
  'not-serving',
  'problem',
  'worse',
  'failed',
  'late',
  'apart',
  'paused',
  'held',
];

/** How long a run may take before it counts as one that was left: a whole night, and more. */
const LONGEST_RUN_MS = 12 * 3_600_000;

/** All that is to be said of a model, the worst first; nothing where all is well. */
export function findState(status: ModelStatus, now: Date): ModelFinding[] {
  const { name, champion, problems, lastRun, quarantines } = status;
  const pause = champion?.pause;
  const found: ModelFinding[] = [
    ...servingFindings(status),
    ...problems.map((text) => ({ kind: 'problem' as const, short: text, text })),
    ...liveFindings(status),
    ...(lastRun === null ? [] : runFindings(name, lastRun, now)),
    ...quarantines.map((found) => ({
      kind: 'apart' as const,
      short: 'labels are kept apart',
      text: describeQuarantine(name, found),
    })),
    ...(pause === undefined
      ? []
      : [{ kind: 'paused' as const, short: 'promotion is paused', text: describePause(name, pause) }]),
  ];
  return found.sort((a, b) => WORST_FIRST.indexOf(a.kind) - WORST_FIRST.indexOf(b.kind));
}

/** Whether a prediction by the champion is refused now. */
export function isServing(status: ModelStatus): boolean {
  return !servingFindings(status).some(({ kind }) => kind === 'not-serving');
}

function servingFindings({ name, champion, serving, failure, rollbackTo }: ModelStatus): ModelFinding[] {
  if (failure === null) return [];
  if (serving !== null) {
    const promoted = champion === null ? 'what was promoted' : `version ${champion.to}, which was promoted,`;
    const text = `version ${serving} goes on serving: ${promoted} can't be loaded: ${failure}`;
    return [{ kind: 'problem', short: `version ${serving} goes on serving`, text }];
  }
  const way =
    rollbackTo === null
      ? 'no earlier version can be put back'
      : `holdfast rollback ${name} puts version ${rollbackTo} back`;
  return [{ kind: 'not-serving', short: 'NOT SERVING', text: `NOT SERVING: ${failure}; ${way}` }];
}

/** Shown worse, and still serving: by policy, or because it is not believed. */
function liveFindings({ name, live }: ModelStatus): ModelFinding[] {
  if (live?.rollback.shown !== true) return [];
  const text = `version ${live.life.version} is ${describeRollback(live.rollback)}; holdfast rollback ${name} takes it back`;
  return [{ kind: 'worse', short: 'worse than the version before it', text }];
}

function runFindings(model: string, run: RunRecord, now: Date): ModelFinding[] {
  if (run.status === 'failed') {
    const text = `the last run failed: ${run.error ?? 'no reason recorded'}; holdfast resume ${model} ${run.id} tries again once the cause is gone`;
    return [{ kind: 'failed', short: 'the last run failed', text }];
  }
  if (run.status === 'running' && now.getTime() - Date.parse(run.startedAt) > LONGEST_RUN_MS) {
    const text = `run ${run.id} is under way since ${run.startedAt}; holdfast resume ${model} ${run.id} makes it go on`;
    return [{ kind: 'late', short: 'a run hangs', text }];
  }
  if (run.verdict === 'hold') {
    return [
      {
        kind: 'held',
        short: 'held',
        text: `the last candidate was held: ${run.summary ?? 'no reason recorded'}`,
      },
    ];
  }
  return [];
}
