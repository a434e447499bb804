/**
 * Regression, current window: MAE and RMSE are shown not to rise by more than the margin, or, with
 * `require: 'improvement'`, MAE is shown to fall.
 */
import { gravestOf, plainFinding } from '../findings/check-result.ts';
import type { CheckOutcome } from '../findings/check-result.ts';
import { comparedRegressions, maeRise, rmseRise, sampleErrors } from '../errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import type { GatePolicy } from '../policy.ts';
import { judgeRise } from '../findings/rise-finding.ts';

/** Passes when the bootstrap's upper bounds of the relative rises are within the margin. */
export function checkErrorCurrent({ windows }: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  const current = comparedRegressions(windows).at(-1);
  if (current === undefined) return plainFinding('skip', 'there is no champion to compare with');
  const sample = sampleErrors([current], policy);
  const [mae, rmse] = [maeRise(sample, policy), rmseRise(sample, policy)];
  const margin = policy.margins.currentError;
  const question = { unit: 'relative', minimum: policy.minimum.current } as const;
  const maeMargin = policy.require === 'improvement' ? 0 : margin;
  return gravestOf(
    [
      {
        id: 'MAE',
        ...judgeRise(
          mae,
          sample,
          { ...question, where: `window ${current.id}, MAE`, margin: maeMargin },
          policy,
        ),
      },
      {
        id: 'RMSE',
        ...judgeRise(rmse, sample, { ...question, where: `window ${current.id}, RMSE`, margin }, policy),
      },
    ],
    'errors',
  );
}
