/**
 * The evidence as a run keeps it: `runs/<id>/evidence.json`, of a second attempt `runs/<id>/retry/evidence.json`. Reading checks its form; whether it is fit to judge by is
 * the gate's to say, which holds where it is not.
 */
import type { AnyEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { anyEvidenceSchema, encodeEvidence } from '../../../shared/continuity/evidence/evidence-json.ts';
import { describeReadError, encodeCompactJson, loadJson } from '../../../shared/registry/store/json.ts';
import { attemptKey, type RunFiles } from '../../run/context.ts';
import { RunFailure } from '../../run-failure.ts';

/** Writes the evidence of the attempt under way, without white space: of a large holdout it is megabytes. */
export async function saveEvidence(ctx: RunFiles, evidence: AnyEvidence): Promise<void> {
  await ctx.store.put(evidenceKey(ctx), encodeCompactJson(encodeEvidence(evidence)));
}

/** @throws RunFailure when it is missing, or not of the form that was written */
export async function loadEvidence(ctx: RunFiles): Promise<AnyEvidence> {
  const loaded = await loadJson(ctx.store, evidenceKey(ctx), anyEvidenceSchema);
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  return loaded.value.value;
}

/** The evidence of this very candidate, where it was gathered before; null otherwise. */
export async function findEvidence(ctx: RunFiles, digest: string): Promise<AnyEvidence | null> {
  const loaded = await loadJson(ctx.store, evidenceKey(ctx), anyEvidenceSchema);
  return loaded.ok && loaded.value.value.candidate.digest === digest ? loaded.value.value : null;
}

function evidenceKey(ctx: RunFiles): string {
  return attemptKey(ctx, 'evidence.json');
}
