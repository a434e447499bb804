/**
 * Step 8: the champion alias moves, if the evidence says so, the spec lets the trainer decide, and nobody else moved it
 * since the run began.
 */
import { type Choice, decideChampion } from '../../../shared/continuity/referee/decide.ts';
import { isOpen, type Verdict } from '../../../shared/continuity/gate.ts';
import { promote as promoteVersion } from '../../../shared/registry/promotion.ts';
import type { RefereeRecord } from '../../referee/record.ts';
import { type RunContext, RunFailure } from '../context.ts';

export interface Decision {
  readonly promoted: boolean;
  readonly why: string;
}

/** Tonight's candidate, a challenger, a former champion, or nobody. */
export function choose(
  { run }: RunContext,
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
  });
}

export async function promote(ctx: RunContext, { version, by, why }: Choice): Promise<Decision> {
  const { run, store } = ctx;
  if (version === null || by === null) return { promoted: false, why };
  if (!run.mayPromote) {
    return { promoted: false, why: `version ${version} may serve, and a person promotes it: ${why}` };
  }
  const moved = await promoteVersion(store, run.model, version, {
    by: `run ${run.id}`,
    reason: why,
    at: ctx.now(),
    run: run.id,
    evidence: by,
    expectedChampion: run.championAtStart,
  });
  if (moved.ok) return { promoted: true, why };
  // Somebody decided while this run was judging against the former champion: their decision stands.
  if (moved.error.kind === 'lost-race') return { promoted: false, why: moved.error.detail };
  throw new RunFailure(`version ${version} was not promoted: ${moved.error.detail}`);
}
