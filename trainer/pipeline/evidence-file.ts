/**
 * The evidence as a run keeps it: `runs/<id>/evidence.json`. Reading checks its form; whether it is fit to judge by is
 * the gate's to say, which holds where it is not.
 */
import type { AnyEvidence } from '../../shared/continuity/evidence.ts';
import { anyEvidenceSchema, encodeEvidence } from '../../shared/continuity/evidence-json.ts';
import { describeReadError, encodeCompactJson, loadJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import { type RunContext, RunFailure } from './context.ts';

export async function saveEvidence({ store, run }: RunContext, evidence: AnyEvidence): Promise<void> {
  await store.put(evidenceKey(run), encodeCompactJson(encodeEvidence(evidence)));
}

/** @throws RunFailure when it is missing, or not of the form that was written */
export async function loadEvidence({ store, run }: RunContext): Promise<AnyEvidence> {
  const loaded = await loadJson(store, evidenceKey(run), anyEvidenceSchema);
  if (!loaded.ok) throw new RunFailure(describeReadError(loaded.error));
  return loaded.value.value;
}

/** The evidence of this very candidate, where it was gathered before; null otherwise. */
export async function findEvidence({ store, run }: RunContext, digest: string): Promise<AnyEvidence | null> {
  const loaded = await loadJson(store, evidenceKey(run), anyEvidenceSchema);
  return loaded.ok && loaded.value.value.candidate.digest === digest ? loaded.value.value : null;
}

function evidenceKey({ model, id }: RunContext['run']): string {
  return keys.run(model, id, 'evidence.json');
}
