/**
 * A run report for tests of its renderings.
 */
import type { Evidence } from '../../../shared/continuity/evidence/evidence.ts';
import { decideGate } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { summarizeMatrix, summarizeReliability, summarizeWindows } from '../../../trainer/report/report.ts';
import type { RunReport } from '../../../trainer/report/report.ts';

/** The report that a run on this evidence would write. */
export function reportOf(evidence: Evidence, model = 'digits'): RunReport {
  const policy = gatePolicySchema.parse({});
  const verdict = decideGate(evidence, policy);
  const promoted = verdict.verdict === 'promote';
  return {
    format: 'holdfast.run-report/1',
    model,
    run: '20261123-0200',
    snapshot: '20261123-0159-9f2c',
    createdAt: '2026-11-23T02:00:31.204Z',
    champion: evidence.champion,
    candidate: { version: 4, digest: evidence.candidate.digest },
    policy,
    verdict,
    windows: summarizeWindows(evidence),
    training: {
      examples: 8_200,
      epochs: 12,
      seconds: 9.41,
      seed: 7,
      loss: Array.from({ length: 12 }, (_, i) => ({
        epoch: i + 1,
        training: 0.9 * 0.75 ** i + 0.1,
        validation: 0.8 * 0.78 ** i + 0.18,
      })),
    },
    decision: promoted
      ? { promoted, why: 'the champion alias moved from version 3 to version 4' }
      : { promoted, why: 'the champion stays: the gate did not promote' },
  };
}

/** A report of a second candidate, after one that was refused for its flips. */
export function retriedReportOf(first: Evidence, second: Evidence): RunReport {
  const { verdict, windows, training } = reportOf(first);
  const digest = 'sha256:first';
  const distillation = { first: 0.5, second: 2 };
  return { ...reportOf(second), firstAttempt: { digest, verdict, windows, training, distillation } };
}

/** A report with everything in it: probabilities, matrix, and a picture of the first flipped example. */
export function fullReportOf(evidence: Evidence): RunReport {
  const scored = withProbabilities(evidence);
  const policy = gatePolicySchema.parse({});
  const verdict = decideGate(scored, policy);
  const [flipped] = verdict.checks.flatMap(({ flips }) => flips?.examples ?? []);
  const reliability = summarizeReliability(scored);
  return {
    ...reportOf(scored),
    verdict,
    ...(reliability && { reliability }),
    matrix: summarizeMatrix({
      windows: ['past-0', 'past-1', 'now'],
      untrained: [0.5, 0.5, 0.5],
      versions: [
        { version: 1, learned: 0, accuracy: [0.93, 0.81, null] },
        { version: 2, learned: 1, accuracy: [0.92, 0.95, 0.88] },
        { version: 3, learned: 2, accuracy: [0.91, 0.94, 0.96] },
      ],
    }),
    ...(flipped && { pictures: { [flipped.id]: PICTURE } }),
  };
}

/** One grey pixel. */
export const PICTURE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==';

/** Three quarters on what the model answers, the rest on the others. */
export function withProbabilities(evidence: Evidence, confidence = 0.75): Evidence {
  const classes = evidence.classes.length;
  const rows = (answers: Int32Array): Float32Array => {
    const values = new Float32Array(answers.length * classes).fill((1 - confidence) / (classes - 1));
    for (const [i, answer] of answers.entries()) values[i * classes + answer] = confidence;
    return values;
  };
  const windows = evidence.windows.map((window) => ({
    ...window,
    candidateProbabilities: rows(window.candidate),
    ...(window.champion && { championProbabilities: rows(window.champion) }),
  }));
  return { ...evidence, windows };
}
