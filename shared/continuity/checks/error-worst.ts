/**
 * Regression, worst past window: no single earlier window is forgotten.
 */
import { gravestOf, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import { comparedRegressions, maeRise, sampleErrors } from '../errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import type { GatePolicy } from '../policy.ts';
import { judgeRise } from '../findings/rise-finding.ts';
import { poolWindows } from '../evidence/windows.ts';

/** Passes when, on every past window, the bootstrap's upper bound of the relative rise of MAE is within the margin. */
export function checkErrorWorst({ windows, champion }: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  if (champion === null) return plainFinding('skip', 'there is no champion to compare with');
  const past = comparedRegressions(windows).filter(({ kind }) => kind === 'past');
  const pools = poolWindows(past, policy.minimum.window, ({ targets }) => targets.length);
  if (pools.length === 0) return plainFinding('skip', 'there are no past windows yet');
  const parts = pools.map((pool) => {
    const sample = sampleErrors(pool.windows, policy);
    const mae = maeRise(sample, policy);
    const question = {
      where: `window ${pool.id}, MAE`,
      unit: 'relative',
      minimum: policy.minimum.window,
    } as const;
    return {
      id: pool.id,
      ...judgeRise(mae, sample, { ...question, margin: policy.margins.worstError }, policy),
    };
  });
  return gravestOf(parts, 'past windows');
}
