/**
 * Step 8: the champion alias moves, if the evidence says so, the spec lets the trainer decide, and nobody else moved it
 * since the run began.
 */
import { type Choice, decideChampion } from '../../../shared/continuity/referee/decide.ts';
import { isOpen, type Verdict } from '../../../shared/continuity/gate.ts';
import { loadChampion } from '../../../shared/registry/champion/alias.ts';
import { describePause, promoteByRun } from '../../../shared/registry/champion/machine-promotion.ts';
import { wordingOf } from '../../referee/answer-utility.ts';
import type { RefereeRecord } from '../../referee/record.ts';
import type { RunContext, RunData, RunFiles } from '../../run/context.ts';
import { RunFailure } from '../../run-failure.ts';

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

/** Tonight's candidate, a challenger, a former champion, or nobody. */
export function choose(
  { run, spec }: Pick<RunData, 'run' | 'spec'>,
  candidate: number,
  verdict: Pick<Verdict, 'verdict' | 'checks' | 'summary'>,
  record: RefereeRecord | null,
): Choice {
  const contenders = record?.contenders ?? [];
  return decideChampion({
    candidate,
    champion: run.championAtStart,
    exam: verdict.verdict,
    open: isOpen(verdict),
    examSummary: verdict.summary,
    trusted: record?.trust.trust.trusted ?? false,
    winners: contenders.filter(({ judgement }) => judgement?.finding === 'better'),
    waiting: contenders.flatMap(({ version, kind, comparison, judgement }) =>
      kind === 'challenger' && judgement?.finding === 'open'
        ? [{ version, comparison, moreLabels: judgement.moreLabels }]
        : [],
    ),
    wording: wordingOf(spec),
  });
}

/** What the referee lets serve was shown better on what came in after it was made; that is what a pause may wait for. */
export async function promote(ctx: RunContext, { version, by, why }: Choice): Promise<Decision> {
  const { run, store } = ctx;
  const paused = await sayPause(ctx);
  if (version === null || by === null) return { promoted: false, why: `${why}${paused}`, paused };
  if (!run.mayPromote) {
    return {
      promoted: false,
      why: `version ${version} may serve, and a person promotes it: ${why}${paused}`,
    };
  }
  const moved = await promoteByRun(store, run.model, version, {
    by: `run ${run.id}`,
    reason: why,
    at: ctx.now(),
    run: run.id,
    evidence: by,
    wonForward: by === 'referee',
    expectedChampion: run.championAtStart,
  });
  if (moved.ok) return { promoted: true, why };
  if (PERSONS_DECISION.has(moved.error.kind)) return { promoted: false, why: moved.error.detail };
  throw new RunFailure(`version ${version} was not promoted: ${moved.error.detail}`);
}

/** `; promotion of digits is paused since …`: said of every night, so that nobody waits for one that can't promote. */
async function sayPause({ store, run }: RunFiles): Promise<string> {
  const champion = await loadChampion(store, run.model);
  const pause = champion.ok ? champion.value?.move.pause : undefined;
  return pause === undefined ? '' : `; ${describePause(run.model, pause)}`;
}
