/**
 * Regression baselines: on the current window the candidate's MAE is below that of answers which need no model: always
 * the mean of the training data, and repeating the last target.
 */
import { gravestOf } from '../findings/check-result.ts';
import type { CheckOutcome, Finding, Part } from '../findings/check-result.ts';
import { filterExamples, maeRise, sampleErrors } from '../errors.ts';
import type { ComparedRegression } from '../errors.ts';
import type { RegressionEvidence } from '../evidence/evidence.ts';
import type { Baseline, GatePolicy } from '../policy.ts';
import { judgeRise } from '../findings/rise-finding.ts';
import { currentWindow } from '../evidence/windows.ts';
import { absent } from './absent.ts';

/** Which of the policy's baselines ask for which constant answer. */
const MEAN: readonly Baseline[] = ['majority', 'kappa'];
const NO_CHANGE: readonly Baseline[] = ['no-change', 'kappa-temporal'];

/** Passes when the bootstrap's upper bound of MAE(candidate) / MAE(baseline) - 1 is at most 0, for each baseline. */
export function checkErrorBaseline(evidence: RegressionEvidence, policy: GatePolicy): CheckOutcome {
  const window = currentWindow(evidence);
  const wanted = (baselines: readonly Baseline[]): boolean =>
    policy.baselines.some((baseline) => baselines.includes(baseline));
  const parts: Part[] = [];
  if (wanted(MEAN)) {
    const rival = { ...window, champion: window.targets.map(() => evidence.mean) };
    parts.push({
      id: 'mean',
      ...judge(
        rival,
        `window ${window.id}, MAE against always ${Number(evidence.mean.toPrecision(6))}`,
        policy,
      ),
    });
  }
  if (wanted(NO_CHANGE)) parts.push({ id: 'no-change', ...judgeNoChange(evidence, policy) });
  return gravestOf(parts, 'baselines');
}

function judgeNoChange(evidence: RegressionEvidence, policy: GatePolicy): Finding {
  const window = currentWindow(evidence);
  const { previousTargets } = window;
  if (previousTargets === undefined) return absent('previous', policy, 'the previous targets are not known');
  const rival: ComparedRegression = { ...window, champion: previousTargets };
  const known = filterExamples(rival, (i) => !Number.isNaN(previousTargets[i]));
  return judge(known, `window ${window.id}, MAE against repeating the last target`, policy);
}

function judge(rival: ComparedRegression, where: string, policy: GatePolicy): Finding {
  const sample = sampleErrors([rival], policy);
  const mae = maeRise(sample, policy);
  return judgeRise(
    mae,
    sample,
    { where, margin: 0, unit: 'relative', minimum: policy.minimum.current },
    policy,
  );
}
