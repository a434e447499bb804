/**
 * Last step: the report, as JSON and as a page that stands alone.
 */
import { type AnyEvidence, isRegression } from '../../../shared/continuity/evidence/evidence.ts';
import type { Verdict } from '../../../shared/continuity/gate.ts';
import {
  type FirstAttempt,
  type Forward,
  type LabelsApart,
  type RunReport,
  summarizeMatrix,
  summarizeReliability,
  summarizeWindows,
  type TrainingSummary,
} from '../../report/report.ts';
import { renderReportHtml } from '../../report/report-html.ts';
import { putJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { wordingOf } from '../../referee/answer-utility.ts';
import { findRefereeRecord } from '../../referee/record.ts';
import { openQuarantines } from '../data/quarantines.ts';
import type { RunContext, RunData } from '../../run/context.ts';
import { loadEvidence } from '../judge/evidence-file.ts';
import { isUnfinished, loadTrainingRecord, type TrainingRecord } from '../fine-tune/fine-tune.ts';
import { drawFlips } from '../../report/flip-pictures.ts';
import { loadMatrix } from '../judge/former-champions.ts';
import { judge } from '../judge/judge.ts';
import type { Decision } from './promote.ts';
import { loadSnapshot } from '../data/snapshot-file.ts';
import { loadSplit, type Split } from '../data/split.ts';

/** Writes `report.json` and `report.html` of the run, from what its steps left behind. */
export async function saveReport(
  ctx: RunContext,
  snapshot: string,
  version: number,
  verdict: Verdict,
  decision: Decision,
): Promise<RunReport> {
  const { run, store, spec } = ctx;
  const evidence = await loadEvidence(ctx);
  const training = await loadTrainingRecord(ctx);
  const report: RunReport = {
    format: 'holdfast.run-report/1',
    model: run.model,
    ...(spec.task === 'regression' && { target: spec.target }),
    run: run.id,
    snapshot,
    createdAt: ctx.now().toISOString(),
    champion: evidence.champion,
    candidate: { version, digest: training.digest },
    policy: spec.gate,
    verdict,
    windows: summarizeWindows(evidence),
    training: summarizeTraining(training, await loadSplit(ctx)),
    decision,
    ...(ctx.first && { firstAttempt: await describeFirst(ctx.first, training) }),
    ...(await labelSections(ctx)),
    ...(await forwardSections(ctx)),
    ...(await evidenceSections(ctx, snapshot, version, verdict, evidence)),
  };
  await putJson(store, keys.run(run.model, run.id, 'report.json'), report);
  await store.put(
    keys.run(run.model, run.id, 'report.html'),
    new TextEncoder().encode(renderReportHtml(report)),
  );
  return report;
}

function summarizeTraining(
  training: TrainingRecord,
  { trainable }: Pick<Split, 'trainable'>,
): TrainingSummary {
  const { examples, epochs, seconds, seed } = training;
  const loss = epochs.map(({ epoch, loss, validationLoss }) => ({
    epoch,
    training: loss,
    validation: validationLoss,
  }));
  return {
    examples,
    ...(trainable !== undefined && { of: trainable }),
    epochs: epochs.length,
    ...(isUnfinished(training) && { unfinished: true as const }),
    seconds,
    seed,
    loss,
  };
}

/** @param second  how the candidate after it was trained */
async function describeFirst(ctx: RunData, second: TrainingRecord): Promise<FirstAttempt> {
  const training = await loadTrainingRecord(ctx);
  const { kind, weight } = training.recipe.distillation;
  return {
    digest: training.digest,
    verdict: await judge(ctx),
    windows: summarizeWindows(await loadEvidence(ctx)),
    training: summarizeTraining(training, await loadSplit(ctx)),
    distillation: {
      first: kind === 'none' ? 0 : weight,
      second: second.recipe.distillation.weight,
    },
  };
}

/** What the referee saw. */
async function forwardSections(ctx: RunContext): Promise<Pick<RunReport, 'forward'>> {
  const record = await findRefereeRecord(ctx);
  if (record === null) return {};
  const { champion, contenders, trust } = record;
  const forward: Forward = {
    champion,
    contenders: contenders.map(({ version, kind, comparison, judgement, dropped }) => ({
      version,
      kind,
      n: comparison.n,
      gains: comparison.gains,
      losses: comparison.losses,
      mean: comparison.mean,
      finding: judgement?.finding ?? null,
      progress: judgement?.progress ?? null,
      moreLabels: judgement?.moreLabels ?? null,
      dropped,
    })),
    wording: wordingOf(ctx.spec),
    trust: {
      trusted: trust.trust.trusted,
      change: trust.change,
      losses: trust.trust.losses,
      progress: trust.wealth / trust.needed,
    },
  };
  return { forward };
}

/** What is to be said of the labels themselves. */
async function labelSections(ctx: RunContext): Promise<Pick<RunReport, 'apart'>> {
  const apart = (await openQuarantines(ctx)).map(
    ({ fromMs, toMs, status, examples, reason, sample }): LabelsApart => ({
      fromMs,
      toMs,
      status: status === 'discarded' ? 'discarded' : 'held',
      examples,
      reason,
      sample,
    }),
  );
  return apart.length === 0 ? {} : { apart };
}

/** What is known beyond the verdict, as far as the evidence has it. */
async function evidenceSections(
  ctx: RunData,
  snapshotId: string,
  version: number,
  verdict: Verdict,
  evidence: AnyEvidence,
): Promise<Pick<RunReport, 'reliability' | 'matrix' | 'pictures'>> {
  const { store, run } = ctx;
  const reliability = isRegression(evidence) ? null : summarizeReliability(evidence);
  const matrix = await loadMatrix(ctx, version);
  const flips = verdict.checks.flatMap((check) => check.flips?.examples ?? []);
  const snapshot = await loadSnapshot(store, run.model, snapshotId);
  const pictures = await drawFlips(ctx, snapshot, flips);
  return {
    ...(reliability && { reliability }),
    ...(matrix && { matrix: summarizeMatrix(matrix) }),
    ...(Object.keys(pictures).length > 0 && { pictures }),
  };
}
