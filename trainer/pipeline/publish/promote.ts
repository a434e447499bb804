/**
 * Step 8: the champion alias moves, if the gate says so, the spec lets the trainer decide, and nobody else moved it
 * since the run began.
 */
import { promote as promoteVersion } from '../../../shared/registry/promotion.ts';
import type { Manifest } from '../../../shared/registry/manifest.ts';
import { type RunContext, RunFailure } from '../context.ts';

export interface Decision {
  readonly promoted: boolean;
  readonly why: string;
}

export async function promote(
  ctx: RunContext,
  candidate: Pick<Manifest, 'version' | 'verdict' | 'reasons'>,
): Promise<Decision> {
  const { run, store } = ctx;
  const summary = candidate.reasons[0] ?? candidate.verdict;
  if (candidate.verdict !== 'promote') {
    return { promoted: false, why: `the gate's verdict is ${candidate.verdict}` };
  }
  if (!run.mayPromote) {
    return { promoted: false, why: `the gate passed version ${candidate.version}; a person promotes it` };
  }
  const moved = await promoteVersion(store, run.model, candidate.version, {
    by: `run ${run.id}`,
    reason: summary,
    at: ctx.now(),
    run: run.id,
    expectedChampion: run.championAtStart,
  });
  if (moved.ok) return { promoted: true, why: 'every check passed' };
  // Somebody decided while this run was judging against the former champion: their decision stands.
  if (moved.error.kind === 'lost-race') return { promoted: false, why: moved.error.detail };
  throw new RunFailure(`version ${candidate.version} was not promoted: ${moved.error.detail}`);
}
