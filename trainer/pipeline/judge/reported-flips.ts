/**
 * What users reported as turned wrong by an update, as evidence. Those that are held out judge. The others are trained
 * on, which is how what was reported is put right; and as the keyed hash decides which is which, nobody can aim a report
 * at the gate, or take an example out of training.
 */
import type { ReportedFlips, WindowEvidence } from '../../../shared/continuity/evidence/evidence.ts';

/** @param reported  indices of the held-out examples that were reported, by window */
export function gatherReported(
  windows: readonly WindowEvidence[],
  reported: readonly (readonly number[])[],
): ReportedFlips {
  const found = windows.flatMap((window, w) => (reported[w] ?? []).map((i) => ({ window, i })));
  const pickFrom = (of: (window: WindowEvidence) => Int32Array | null): Int32Array =>
    Int32Array.from(found, ({ window, i }) => of(window)?.[i] ?? -1);
  return {
    exampleIds: found.map(({ window, i }) => window.exampleIds[i] as string),
    windows: found.map(({ window }) => window.id),
    labels: pickFrom(({ labels }) => labels),
    candidate: pickFrom(({ candidate }) => candidate),
    champion: pickFrom(({ champion }) => champion),
  };
}
