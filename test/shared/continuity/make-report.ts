/**
 * A run report for tests of its renderings.
 */
import type { Evidence } from '../../../shared/continuity/evidence.ts';
import { decideGate } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy.ts';
import { summarizeWindows } from '../../../shared/continuity/report.ts';
import type { RunReport } from '../../../shared/continuity/report.ts';

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
