/**
 * Baselines: on the current window the candidate beats the answers that need no model. Asked with and without a
 * champion; without one it is the check that decides.
 *
 * `majority` always answers the training data's most frequent class; `no-change` repeats the last label, which is hard
 * to beat where labels come in runs. Kappa and kappa-temporal say the same on a scale on which 1 is perfect.
 */
import { compareGravity, gravestOf, judgeInterval, plainFinding, unitOf } from '../findings/check-result.ts';
import type { CheckOutcome, Finding, Part } from '../findings/check-result.ts';
import type { Evidence, WindowEvidence } from '../evidence/evidence.ts';
import { formatConfidence, formatSignedScore } from '../findings/format.ts';
import {
  growInterval,
  holdForExamples,
  holdForGroups,
  holdUntilSettled,
  judgePaired,
  POWER,
  questionOf,
} from '../findings/paired-finding.ts';
import { samplePairs } from '../findings/paired-sample.ts';
import type { PairedSample } from '../findings/paired-sample.ts';
import type { Baseline, GatePolicy } from '../policy.ts';
import type { Interval } from '../statistics/interval.ts';
import { cohenKappa, kappaTemporal } from '../statistics/kappa.ts';
import type { ErrorCounts } from '../statistics/kappa.ts';
import { levelForPower } from '../statistics/normal.ts';
import { currentWindow } from '../evidence/windows.ts';
import { absent } from './absent.ts';

/** Passes when the lower bound of each of the policy's baselines is above 0, and then shows the closest in points. */
export function checkBaseline(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  const window = currentWindow(evidence);
  const known = withPrevious(window);
  const judge: Readonly<Record<Baseline, () => Finding>> = {
    majority: () => judgeMajority(window, evidence, policy),
    'no-change': () => judgeNoChange(window.id, known, policy),
    kappa: () => judgeKappa(window, evidence.classes.length, policy),
    'kappa-temporal': () => judgeKappaTemporal(window.id, known, policy),
  };
  const parts = policy.baselines.map((id): Part => ({ id, ...judge[id]() }));
  const gravest = gravestOf(parts, 'baselines');
  const closest = [...parts]
    .sort(compareGravity)
    .find((part) => part.verdict === 'pass' && unitOf(part) === 'points');
  if (gravest.verdict !== 'pass' || closest === undefined) return gravest;
  const { id: _id, ...shown } = closest;
  return { ...shown, parts };
}

function judgeMajority(window: WindowEvidence, { classes, majority }: Evidence, policy: GatePolicy): Finding {
  const where = `window ${window.id}, against always '${classes[majority]}'`;
  const rival = window.labels.map(() => majority);
  return judgeRival(samplePairs([{ ...window, champion: rival }], policy), where, policy);
}

/** The examples whose previous label is known, with it as the champion's answer; null where none was supplied. */
type WithPrevious = WindowEvidence & { readonly champion: Int32Array };

function withPrevious(window: WindowEvidence): WithPrevious | null {
  const { labels, candidate, groups, previousLabels } = window;
  if (previousLabels === undefined) return null;
  const known = (ids: Int32Array): Int32Array => ids.filter((_, i) => (previousLabels[i] as number) >= 0);
  return {
    id: window.id,
    kind: window.kind,
    fromMs: window.fromMs,
    toMs: window.toMs,
    exampleIds: window.exampleIds.filter((_, i) => (previousLabels[i] as number) >= 0),
    labels: known(labels),
    candidate: known(candidate),
    champion: known(previousLabels),
    ...(groups === undefined ? {} : { groups: known(groups) }),
    ...(window.decisions === undefined ? {} : { decisions: window.decisions }),
  };
}

function judgeNoChange(id: string, known: WithPrevious | null, policy: GatePolicy): Finding {
  if (known === null) return absent('previous', policy, 'the previous labels are not known');
  return judgeRival(samplePairs([known], policy), `window ${id}, against repeating the last label`, policy);
}

function judgeRival(sample: PairedSample, where: string, policy: GatePolicy): Finding {
  return (
    holdForGroups(sample, policy.minimum.groups, where) ??
    judgePaired(sample.counts, questionOf(sample, where, 0, policy.minimum.current))
  );
}

function judgeKappa(window: WindowEvidence, classes: number, policy: GatePolicy): Finding {
  const { labels, candidate } = window;
  const where = `window ${window.id}, Cohen's kappa`;
  const nobody = labels.map(() => -1);
  const sample = samplePairs([{ ...window, champion: nobody }], policy);
  return judgeAgreement(sample, where, policy, () =>
    cohenKappa(labels, candidate, classes, sample.alpha, sample.share),
  );
}

function judgeKappaTemporal(id: string, known: WithPrevious | null, policy: GatePolicy): Finding {
  if (known === null) return absent('previous', policy, 'the previous labels are not known');
  const sample = samplePairs([known], policy);
  return judgeAgreement(sample, `window ${id}, kappa-temporal`, policy, () =>
    kappaTemporal(countErrors(known), sample.alpha, sample.share),
  );
}

function countErrors({ labels, candidate, champion }: WithPrevious): ErrorCounts {
  let [model, previous, both] = [0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    const modelWrong = candidate[i] !== labels[i];
    const previousWrong = champion[i] !== labels[i];
    if (modelWrong) model++;
    if (previousWrong) previous++;
    if (modelWrong && previousWrong) both++;
  }
  return { model, previous, both, n: labels.length };
}

/** Passes when the lower bound of an agreement is above 0. */
function judgeAgreement(
  sample: PairedSample,
  where: string,
  { minimum }: GatePolicy,
  measure: () => Interval | null,
): Finding {
  const { alpha, counts } = sample;
  const { n } = counts;
  if (n < minimum.current) return holdForExamples(n, minimum.current, where);
  const tooFew = holdForGroups(sample, minimum.groups, where);
  if (tooFew !== null) return tooFew;
  const interval = measure();
  if (interval === null)
    return { ...plainFinding('hold', `${where}: undefined, as one class is all there is`), n };
  const verdict = judgeInterval(interval, 0, 'above');
  const bound =
    verdict === 'fail'
      ? `upper bound ${formatSignedScore(interval.upper)}`
      : `lower bound ${formatSignedScore(interval.lower)}`;
  const detail = `${where}: ${formatSignedScore(interval.estimate)}, ${formatConfidence(alpha)} ${bound}, needs more than 0`;
  const finding: Finding = { ...interval, margin: 0, passes: 'above', unit: 'score', n, verdict, detail };
  if (verdict !== 'hold') return finding;
  const level = levelForPower(alpha, POWER);
  return holdUntilSettled(
    finding,
    where,
    (factor) => judgeInterval(growInterval(interval, factor, alpha, level), 0, 'above') !== 'hold',
  );
}
