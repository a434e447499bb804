/**
 * Step 8: the champion alias moves, if the gate says so, the spec lets the trainer decide, and nobody else moved it
 * since the run began.
 */
import { loadChampion } from '../../../shared/registry/alias.ts';
import { describePause, promoteByRun } from '../../../shared/registry/machine-promotion.ts';
import type { Manifest } from '../../../shared/registry/manifest.ts';
import { type RunContext, RunFailure } from '../context.ts';

export interface Decision {
  readonly promoted: boolean;
  readonly why: string;
  /** That promotion is paused, where it is: for the summary of a run that would not have promoted anyway. */
  readonly paused?: string;
}

/**
 * Somebody moved the champion while this run was judging against the former one, or took back what this candidate
 * repeats, or has paused promotion: their decision stands.
 */
const PERSONS_DECISION: ReadonlySet<string> = new Set(['lost-race', 'taken-back', 'promotion-paused']);

/** @param wonForward  the candidate was shown better than the champion on what came in after it was made */
export async function promote(
  ctx: RunContext,
  candidate: Pick<Manifest, 'version' | 'verdict' | 'reasons'>,
  wonForward = false,
): Promise<Decision> {
  const { run, store } = ctx;
  const summary = candidate.reasons[0] ?? candidate.verdict;
  const paused = await sayPause(ctx);
  if (candidate.verdict !== 'promote') {
    return { promoted: false, why: `the gate's verdict is ${candidate.verdict}${paused}`, paused };
  }
  if (!run.mayPromote) {
    const why = `the gate passed version ${candidate.version}; a person promotes it${paused}`;
    return { promoted: false, why };
  }
  const moved = await promoteByRun(store, run.model, candidate.version, {
    by: `run ${run.id}`,
    reason: summary,
    at: ctx.now(),
    run: run.id,
    wonForward,
    expectedChampion: run.championAtStart,
  });
  if (moved.ok) return { promoted: true, why: 'every check passed' };
  if (PERSONS_DECISION.has(moved.error.kind)) return { promoted: false, why: moved.error.detail };
  throw new RunFailure(`version ${candidate.version} was not promoted: ${moved.error.detail}`);
}

/** `; promotion of digits is paused since …`: said of every night, so that nobody waits for one that can't promote. */
async function sayPause({ store, run }: RunContext): Promise<string> {
  const champion = await loadChampion(store, run.model);
  const pause = champion.ok ? champion.value?.move.pause : undefined;
  return pause === undefined ? '' : `; ${describePause(run.model, pause)}`;
}
