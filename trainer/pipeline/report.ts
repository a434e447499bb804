/**
 * Last step: the report, as JSON and as a page that stands alone.
 */
import type { Verdict } from '../../shared/continuity/gate.ts';
import { type RunReport, summarizeWindows } from '../../shared/continuity/report.ts';
import { renderReportHtml } from '../../shared/continuity/report-html.ts';
import { putJson } from '../../shared/registry/json.ts';
import { keys } from '../../shared/registry/keys.ts';
import type { RunContext } from './context.ts';
import { loadEvidence } from './evidence-file.ts';
import { loadTrainingRecord } from './fine-tune.ts';
import type { Decision } from './promote.ts';

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
    run: run.id,
    snapshot,
    createdAt: ctx.now().toISOString(),
    champion: evidence.champion,
    candidate: { version, digest: training.digest },
    policy: spec.gate,
    verdict,
    windows: summarizeWindows(evidence),
    training: {
      examples: training.examples,
      epochs: training.epochs.length,
      seconds: training.seconds,
      seed: training.seed,
      loss: training.epochs.map(({ epoch, loss, validationLoss }) => ({
        epoch,
        training: loss,
        validation: validationLoss,
      })),
    },
    decision,
  };
  await putJson(store, keys.run(run.model, run.id, 'report.json'), report);
  await store.put(
    keys.run(run.model, run.id, 'report.html'),
    new TextEncoder().encode(renderReportHtml(report)),
  );
  return report;
}
