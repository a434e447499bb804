/**
 * Baselines: on the current window the candidate beats the answers that need no model. Of a first version they are what a
 * promotion rests on; beside a champion they can only refuse.
 *
 * `majority` always answers the training data's most frequent class; `no-change` repeats the last label that was known,
 * which is hard to beat where labels come in runs and come back in time. Kappa and kappa-temporal say the same on a scale
 * on which 1 is perfect. All are by the owner's metric; agreement is a matter of accuracy, so that by another metric
 * kappa asks what `majority` does, and kappa-temporal what `no-change` does.
 */
import {
  compareGravity,
  gravestOf,
  judgeInterval,
  notAsked,
  plainFinding,
  refuseOnly,
  unanswerable,
  unitOf,
} from '../findings/check-result.ts';
import type { CheckOutcome, Finding, Part } from '../findings/check-result.ts';
import { compareWindows } from '../measures/window-comparison.ts';
import type { Evidence, WindowEvidence } from '../evidence/evidence.ts';
import { formatConfidence, formatCount, formatSignedScore } from '../findings/format.ts';
import { LEAST_LEVEL, promotionLevel } from '../policy/level.ts';
import { type ClassMetric, classMetric } from '../policy/metric.ts';
import {
  growInterval,
  holdForGroups,
  holdUntilSettled,
  judgeWindowComparison,
  POWER,
  tellLabels,
} from '../findings/paired-finding.ts';
import { samplePairs } from '../measures/paired-sample.ts';
import type { PairedSample } from '../measures/paired-sample.ts';
import type { Baseline, GatePolicy } from '../policy/policy.ts';
import type { Interval } from '../statistics/interval.ts';
import { cohenKappa, kappaTemporal } from '../statistics/kappa.ts';
import type { ErrorCounts } from '../statistics/kappa.ts';
import { levelForPower } from '../statistics/normal.ts';
import { currentWindow } from '../evidence/windows.ts';
import { absent } from './absent.ts';

/** The standard errors of agreement are of large samples: with fewer examples it is told, and its rival asked instead. */
const LEAST_FOR_KAPPA = 100;

/** Nobody could repeat the last label where labels come back too late for most examples. */
const LEAST_KNOWN = 0.5;

/** What is asked of the candidate, and at which level. */
interface BaselineContext {
  readonly evidence: Evidence;
  readonly policy: GatePolicy;
  readonly window: WindowEvidence;
  readonly metric: ClassMetric;
  /** to be shown better */
  readonly level: number;
}

/**
 * Of a first version: passes when the lower bound over each of the policy's baselines, at the evidence's level, is above 0.
 * Beside a champion it fails what is shown to be worse than a baseline that the champion is not worse than.
 */
export function checkBaseline(evidence: Evidence, policy: GatePolicy): CheckOutcome {
  const first = evidence.champion === null;
  const asked: BaselineContext = {
    evidence,
    policy,
    window: currentWindow(evidence),
    metric: rivalMetric(evidence, policy),
    level: first ? Math.max(LEAST_LEVEL, promotionLevel(evidence, policy)) : policy.alpha,
  };
  const judged = policy.baselines.map((id): Part => ({ id, ...judgeBaseline(id, asked) }));
  const parts = first ? withoutEchoes(judged) : judged.map((part) => besideChampion(part, asked));
  const gravest = gravestOf(parts, 'baselines');
  if (gravest.verdict !== 'pass') return gravest;
  const closest = [...parts]
    .sort(compareGravity)
    .find((part) => part.verdict === 'pass' && unitOf(part) === 'points');
  if (closest === undefined) return gravest;
  const { id: _id, ...shown } = closest;
  return { ...shown, parts };
}

/** Answers without a model have no probabilities: by log loss they are judged as `auto` would. */
function rivalMetric(evidence: Evidence, policy: GatePolicy): ClassMetric {
  const metric = classMetric(evidence, policy);
  return metric === 'log-loss' ? classMetric(evidence, { metric: 'auto' }) : metric;
}

function judgeBaseline(id: Baseline, asked: BaselineContext): Finding {
  const agreement = asked.metric === 'accuracy';
  switch (id) {
    case 'majority':
      return judgeMajority(asked);
    case 'kappa':
      return agreement ? judgeKappa(asked) : judgeMajority(asked);
    case 'no-change':
      return judgeNoChange(asked);
    case 'kappa-temporal':
      return agreement ? judgeKappaTemporal(asked) : judgeNoChange(asked);
  }
}

/** An agreement that is not settled waits for nothing where its rival was beaten: that is what it would say. */
function withoutEchoes(parts: readonly Part[]): Part[] {
  const beaten = (id: string): boolean =>
    parts.some((part) => part.verdict === 'pass' && part.id === (id === 'kappa' ? 'majority' : 'no-change'));
  return parts.map((part) => {
    const waits = part.verdict === 'hold' && part.broken !== true && part.id.startsWith('kappa');
    return waits && beaten(part.id) ? { ...unanswerable(part), id: part.id } : part;
  });
}

/** A baseline refuses only where it tells the two models apart: the alternative to the candidate is the champion. */
function besideChampion(part: Part, { evidence, window, policy, metric }: BaselineContext): Part {
  if (part.verdict !== 'fail' || window.champion === null) return { ...refuseOnly(part), id: part.id };
  const { estimate } = compareWindows([{ ...window, champion: window.champion }], metric, policy.alpha);
  if (estimate < 0) return part;
  const version = evidence.champion?.version ?? 0;
  const detail = `${part.detail}; version ${version} does no better, so that it speaks for neither`;
  return { ...unanswerable({ ...part, detail }), id: part.id };
}

/** The rival's answers in the champion's place. */
type Rivalled = WindowEvidence & { readonly champion: Int32Array };

function judgeMajority(asked: BaselineContext): Finding {
  const { window, evidence } = asked;
  const { classes, majority } = evidence;
  const where = `window ${window.id}, against always '${classes[majority]}'`;
  return judgeRival({ ...window, champion: window.labels.map(() => majority) }, where, asked);
}

/** The examples whose last label was known, with it as the rival's answer. */
function withKnown(window: WindowEvidence, previousLabels: Int32Array): Rivalled {
  const { labels, candidate, groups, contents, inTimeOrder } = window;
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
    ...(groups && { groups: known(groups) }),
    ...(contents && { contents: known(contents) }),
    ...(inTimeOrder && { inTimeOrder }),
  };
}

/** The examples to repeat the last label on, or why that is not asked. */
function askNoChange({ window, evidence, policy }: BaselineContext): Rivalled | Finding {
  const { previousLabels, id, labels } = window;
  if (previousLabels === undefined) {
    return absent('previous', evidence, policy, 'the previous labels are not known');
  }
  const known = withKnown(window, previousLabels);
  const n = known.labels.length;
  if (n >= LEAST_KNOWN * labels.length && n > 0) return known;
  const of = `${formatCount(n)} of ${formatCount(labels.length)} examples`;
  return notAsked(`window ${id}: a label was known before ${of}, so that nobody could repeat it`);
}

function judgeNoChange(asked: BaselineContext): Finding {
  const known = askNoChange(asked);
  return 'verdict' in known
    ? known
    : judgeRival(known, `window ${asked.window.id}, against repeating the last label`, asked);
}

function judgeRival(rivalled: Rivalled, where: string, { policy, metric, level }: BaselineContext): Finding {
  const comparison = compareWindows([rivalled], metric, level);
  const tooFew = holdForGroups(comparison.groups, comparison.n, policy.minimum.groups, where);
  if (tooFew !== null) return tooFew;
  const question = { where, line: 0, alpha: level, refuseAt: policy.alpha };
  return tellLabels(toCome(judgeWindowComparison(comparison, question)));
}

/** Labels of a window that is closed are those that come in. */
function toCome(finding: Finding): Finding {
  const { moreLabels } = finding;
  return moreLabels === undefined
    ? finding
    : { ...finding, moreLabels: { ...moreLabels, where: 'what comes in' } };
}

function judgeKappa({ window, evidence, policy, level }: BaselineContext): Finding {
  const { labels, candidate } = window;
  const nobody = labels.map(() => -1);
  const sample = samplePairs([{ ...window, champion: nobody }], { alpha: level });
  return judgeAgreement(sample, `window ${window.id}, Cohen's kappa`, policy, (alpha) =>
    cohenKappa(labels, candidate, evidence.classes.length, alpha, sample.share),
  );
}

function judgeKappaTemporal(asked: BaselineContext): Finding {
  const known = askNoChange(asked);
  if ('verdict' in known) return known;
  const sample = samplePairs([known], { alpha: asked.level });
  return judgeAgreement(sample, `window ${asked.window.id}, kappa-temporal`, asked.policy, (alpha) =>
    kappaTemporal(countErrors(known), alpha, sample.share),
  );
}

function countErrors({ labels, candidate, champion }: Rivalled): ErrorCounts {
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
  policy: GatePolicy,
  measure: (alpha: number) => Interval | null,
): Finding {
  const { alpha, counts, groups } = sample;
  const { n } = counts;
  if (n < LEAST_FOR_KAPPA) return tooFewForKappa(n, where);
  const tooFew = holdForGroups(groups, n, policy.minimum.groups, where);
  if (tooFew !== null) return tooFew;
  const [near, far] = [measure(alpha), measure(policy.alpha)];
  if (near === null || far === null) {
    return { ...unanswerable(`${where}: undefined, as one class is all there is`), n };
  }
  const interval = { ...near, upper: far.upper };
  const verdict = judgeInterval(interval, 0, 'above');
  const bound =
    verdict === 'fail'
      ? `${formatConfidence(policy.alpha)} upper bound ${formatSignedScore(interval.upper)}`
      : `${formatConfidence(alpha)} lower bound ${formatSignedScore(interval.lower)}`;
  const detail = `${where}: ${formatSignedScore(interval.estimate)}, ${bound}, needs more than 0`;
  const finding: Finding = { ...interval, margin: 0, passes: 'above', unit: 'score', n, verdict, detail };
  if (verdict !== 'hold') return finding;
  const level = levelForPower(alpha, POWER);
  const settles = (factor: number): boolean =>
    judgeInterval(growInterval(near, factor, alpha, level), 0, 'above') !== 'hold';
  return tellLabels(holdUntilSettled(finding, 'what comes in', settles));
}

function tooFewForKappa(n: number, where: string): Finding {
  const detail = `${where}: ${n} of the ${LEAST_FOR_KAPPA} examples from which agreement has a standard error`;
  return {
    ...plainFinding('hold', detail),
    n,
    moreLabels: { n: LEAST_FOR_KAPPA - n, where: 'what comes in' },
  };
}
