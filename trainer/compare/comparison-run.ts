/**
 * A comparison as durable steps: features where they are missing, one step a split, and the result. In the trainer
 * Worker it is a Workflow; compare.ts does the same in one process, with nothing recorded.
 */
import { seedFrom } from '../../shared/digest.ts';
import { targetOf } from '../../shared/model/spec/task.ts';
import { comparisonJob, type ComparisonRecord } from '../../shared/registry/jobs/comparisons.ts';
import { claimJob, createJobId, endJob, type JobError } from '../../shared/registry/jobs/jobs.ts';
import { putJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { err, type Result } from '../../shared/result.ts';
import type { ComparisonRequest } from '../../shared/trainer-service.ts';
import { type RunContext, type Host, reportProgress } from '../run/context.ts';
import { extractFeatures } from '../pipeline/features/store-features.ts';
import { followJob } from '../run/follow-job.ts';
import type { StepRunner } from '../run/steps.ts';
import { loadSnapshot, type Snapshot } from '../pipeline/data/snapshot-file.ts';
import { type RecipeComparison, concludeComparison, summarizeSplits } from '../recipes/recipe-comparison.ts';
import { renderComparison } from './comparison-page.ts';
import { openVersions } from './compared-versions.ts';
import { readTask } from '../recipes/examples.ts';
import { loadRecipe } from '../recipes/recipe.ts';
import { fromStep, LEFT, toStep, trainWithin, localSplitBackend } from '../recipes/split-trainer.ts';
import { RunFailure } from '../run-failure.ts';
import type { Recipe, SplitScore, SplitTrainer } from '../run/split-backend.ts';

interface UnknownRecipe {
  readonly kind: 'unknown-recipe';
  readonly detail: string;
}

/** Records what was asked for; the error says which recipe is not known. */
export async function startComparison(
  store: ObjectStore,
  model: string,
  request: ComparisonRequest,
  { now, suffix }: { readonly now: Date; readonly suffix: string },
): Promise<Result<ComparisonRecord, UnknownRecipe | JobError<'comparison'>>> {
  const recipes: Recipe[] = [];
  for (const version of [request.a, request.b]) {
    const recipe = await loadRecipe(store, model, version);
    if (!recipe.ok) return err({ kind: 'unknown-recipe', detail: recipe.error });
    recipes.push(recipe.value);
  }
  const [later] = recipes.sort((one, other) => other.version - one.version) as [Recipe];
  const record: ComparisonRecord = {
    format: 'holdfast-comparison-record/1',
    id: createJobId(now, request.a, request.b, suffix),
    model,
    ...request,
    snapshot: later.snapshot,
    status: 'running',
    startedAt: now.toISOString(),
    finishedAt: null,
    summary: null,
    error: null,
  };
  return claimJob(store, comparisonJob, record);
}

/** Runs (or resumes) a comparison to its end; one that no repetition can mend is recorded as failed. */
export function runComparison(
  host: Host,
  model: string,
  id: string,
  steps: StepRunner,
): Promise<ComparisonRecord> {
  return followJob(host, comparisonJob, model, id, steps, (record) => followSteps(host, record, steps));
}

async function followSteps(host: Host, record: ComparisonRecord, steps: StepRunner): Promise<void> {
  const opened = await openVersions(host, record.model, [record.a, record.b]);
  if (!opened.ok) throw new RunFailure(opened.error);
  const { ctx, recipes } = opened.value;
  const snapshot = await loadSnapshot(ctx.store, record.model, record.snapshot);
  await extractFeatures(ctx, snapshot, [ctx.base], (name, body) => steps.do(name, body));
  const scores = await followSplits(ctx, steps, snapshot, record, recipes);
  await steps.do('finish', async () => {
    await saveResult(ctx, record, recipes, scores);
    return {};
  });
}

async function followSplits(
  ctx: RunContext,
  steps: StepRunner,
  snapshot: Snapshot,
  { seed, splits }: ComparisonRecord,
  recipes: readonly [Recipe, Recipe],
): Promise<SplitScore[]> {
  const most = ctx.spec.training.maxExamples;
  let opened: Promise<SplitTrainer> | undefined;
  const open = async (): Promise<SplitTrainer> =>
    localSplitBackend(ctx).open(await readTask(ctx, snapshot, recipes, { seed, most }));
  const scores: SplitScore[] = [];
  for (let split = 0; split < splits; split++) {
    const name = `split ${split + 1}`;
    for (let part = 1; scores.length === split; part++) {
      const step = await steps.do(part === 1 ? name : `${name} part ${part}`, async () => {
        const splitTrainer = await (opened ??= open());
        const score = await trainWithin(splitTrainer, seedFrom(seed, 'split', split), ctx);
        if (score === null) return LEFT;
        await reportProgress(ctx, 'splits', (split + 1) / splits, `${split + 1} of ${splits} splits`);
        return toStep(score);
      });
      if (!('left' in step)) scores.push(fromStep(step));
    }
  }
  return scores;
}

async function saveResult(
  ctx: RunContext,
  record: ComparisonRecord,
  recipes: readonly [Recipe, Recipe],
  scores: readonly SplitScore[],
): Promise<void> {
  const { model, id, snapshot, seed } = record;
  const seconds = (ctx.now().getTime() - Date.parse(record.startedAt)) / 1_000;
  const summary = summarizeSplits(recipes, scores, ctx.spec.gate.alpha, targetOf(ctx.spec));
  const result: RecipeComparison = {
    format: 'holdfast-comparison/1',
    model,
    snapshot,
    seed,
    ...summary,
    seconds,
  };
  await putJson(ctx.store, keys.job('comparison', model, id, 'result.json'), result);
  const page = new TextEncoder().encode(renderComparison(result));
  await ctx.store.put(keys.job('comparison', model, id, 'report.html'), page);
  const complete = { ...record, status: 'complete' as const, summary: concludeComparison(result) };
  await endJob(ctx.store, comparisonJob, complete, ctx.now());
}
