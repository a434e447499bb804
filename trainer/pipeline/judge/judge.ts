/**
 * Step 6: the verdict, from the stored evidence and the spec's policy. The gate is pure, so whoever needs the verdict
 * later decides it again from the same evidence.
 */
import { decideAnyGate, type Verdict } from '../../../shared/continuity/gate.ts';
import type { RunData } from '../../run/context.ts';
import { loadEvidence } from './evidence-file.ts';

/** The verdict on the attempt under way. Throws a RunFailure where its evidence is not there. */
export async function judge(ctx: RunData): Promise<Verdict> {
  return decideAnyGate(await loadEvidence(ctx), ctx.spec.gate);
}
