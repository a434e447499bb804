/**
 * Regression evidence for tests.
 */
import type { RegressionEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { evidenceOf, seededRandom } from './make-evidence.ts';

/** Two past windows and the current one, n examples each; the candidate's errors are `factor` times the champion's, with noise. */
export function regressionOf(n: number, factor: number, seed = 9): RegressionEvidence {
  const random = seededRandom(seed);
  const { candidate, champion } = evidenceOf([], { gains: 0, losses: 0, n: 1 });
  const windows = ['past-0', 'past-1', 'now'].map((id, w) => {
    const targets = Float64Array.from({ length: n }, (_, i) => 50 + 10 * Math.sin(i) + 5 * random());
    const errors = Float64Array.from({ length: n }, () => 2 * (random() - 0.5));
    return {
      id,
      kind: id === 'now' ? ('current' as const) : ('past' as const),
      fromMs: w,
      toMs: w + 1,
      exampleIds: Array.from({ length: n }, (_, i) => `${id}/${i}`),
      targets,
      champion: targets.map((target, i) => target + (errors[i] ?? 0)),
      candidate: targets.map((target, i) => target + factor * (errors[i] ?? 0) * (0.95 + 0.1 * random())),
      previousTargets: targets.map((_, i) => (i === 0 ? Number.NaN : (targets[i - 1] ?? 0))),
    };
  });
  return { task: 'regression', windows, mean: 52, candidate, champion };
}

export function withoutRegressionChampion(evidence: RegressionEvidence): RegressionEvidence {
  return {
    ...evidence,
    champion: null,
    windows: evidence.windows.map((window) => ({ ...window, champion: null })),
  };
}
