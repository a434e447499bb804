/**
 * Regression, past windows together: what was learnt before is kept on average.
 */
import { plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import { comparedRegressions, maeRise, sampleErrors } from '../errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import type { GatePolicy } from '../policy.ts';
import { judgeRise } from '../findings/rise-finding.ts';

/** Passes when the bootstrap's upper bound of the relative rise of MAE over all past examples is within the margin. */
export function checkErrorPast({ windows, champion }: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  if (champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const past = comparedRegressions(windows).filter(({ kind }) => kind === 'past');
  if (past.length === 0) return plainFinding('skip', 'there are no past windows yet');
  const sample = sampleErrors(past, policy);
  const mae = maeRise(sample, policy);
  const question = { where: 'past windows, MAE', unit: 'relative', minimum: policy.minimum.window } as const;
  return judgeRise(mae, sample, { ...question, margin: policy.margins.pastError }, policy);
}
