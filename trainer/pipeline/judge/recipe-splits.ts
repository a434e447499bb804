/**
 * Between training and evidence: where the candidate was trained by another recipe than the champion, both recipes are
 * trained anew on repeated random splits of the examples that are not held out. So a better recipe is told from a lucky
 * draw, and a worse one is seen even where the night's candidate was lucky. One step a split, or more where its time
 * takes more.
 */
import * as z from 'zod';
import { type CommonEvidence, SAME_RECIPE } from '../../../shared/continuity/evidence/evidence.ts';
import { seedFrom } from '../../../shared/digest.ts';
import { describeReadError, loadJson, putJson } from '../../../shared/registry/store/json.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { readTask } from '../../recipes/examples.ts';
import { loadRecipe, sameRecipe } from '../../recipes/recipe.ts';
import { sideBySide } from '../../side-by-side.ts';
import {
  fromStep,
  type SplitStep,
  toStep,
  localSplitBackend,
  LEFT,
  trainWithin,
} from '../../recipes/split-trainer.ts';
import { type RunContext, reportProgress } from '../../run/context.ts';
import type { Snapshot } from '../data/snapshot-file.ts';
import { RunFailure } from '../../run-failure.ts';
import type { Recipe, SplitTrainer } from '../../run/split-backend.ts';

const scoresSchema = z.object({ train: z.array(z.number()), test: z.array(z.number()) });
/** `splits.json`: the scores, or why there are none. */
const splitsSchema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('trained'),
    trained: z.number(),
    tested: z.number(),
    candidate: scoresSchema,
    champion: scoresSchema,
    /** of all splits together, however many were under way at once */
    seconds: z.number(),
  }),
  z.object({ outcome: z.literal('same') }),
  z.object({
    outcome: z.literal('left out'),
    reason: z.string(),
    /** it should be there: a training failed */
    broke: z.literal(true).optional(),
  }),
]);
export type RecipeSplits = z.infer<typeof splitsSchema>;

/** What a step gives of one split. */
export type SplitOutcome = (SplitStep & Seconds) | { readonly failed: string } | (typeof LEFT & Seconds);
type Seconds = { readonly seconds: number };
type Ended = Exclude<SplitOutcome, typeof LEFT>;
/** Does one split as a step of its own: its result is remembered, and a run that is resumed does not train it again. */
export type DoSplit = (name: string, body: () => Promise<SplitOutcome>) => Promise<SplitOutcome>;

/** Trains what there is to train; saveSplits keeps it. */
export async function compareWithChampion(
  ctx: RunContext,
  snapshot: Snapshot,
  doSplit: DoSplit,
): Promise<RecipeSplits> {
  const { run, spec, store } = ctx;
  if (run.championAtStart === null) return { outcome: 'left out', reason: 'there is no champion' };
  if (spec.gate.splits.count === 0) return { outcome: 'left out', reason: 'the policy asks for none' };
  const champion = await loadRecipe(store, run.model, run.championAtStart);
  if (!champion.ok) return { outcome: 'left out', reason: champion.error };
  if (sameRecipe(champion.value, spec)) return { outcome: 'same' };
  const trainer = openLazily(ctx, snapshot, champion.value);
  try {
    return await trainAll(ctx, snapshot, trainer, doSplit);
  } finally {
    await trainer.close();
  }
}

async function trainAll(
  ctx: RunContext,
  { id }: Snapshot,
  trainer: LazyTrainer,
  doSplit: DoSplit,
): Promise<RecipeSplits> {
  const { gate, training } = ctx.spec;
  const { count } = gate.splits;
  const outcomes: Ended[] = [];
  let done = 0;
  await sideBySide(count, trainer.concurrency, async (i) => {
    const seed = seedFrom(training.seed, id, 'split', i);
    outcomes[i] = await followSplit(`recipes on split ${i + 1}`, doSplit, () => trainOne(ctx, trainer, seed));
    done += 1;
    await reportProgress(ctx, 'splits', done / count, `${done} of ${count} splits`);
  });
  const failed = outcomes.find((outcome) => 'failed' in outcome);
  if (failed !== undefined) return { outcome: 'left out', reason: failed.failed, broke: true };
  return summarize(outcomes.flatMap((outcome) => ('failed' in outcome ? [] : [outcome])));
}

/** As many steps as its time takes. */
async function followSplit(
  name: string,
  doSplit: DoSplit,
  train: () => Promise<SplitOutcome>,
): Promise<Ended> {
  let seconds = 0;
  for (let part = 1; ; part++) {
    const outcome = await doSplit(part === 1 ? name : `${name} part ${part}`, train);
    if ('failed' in outcome) return outcome;
    seconds += outcome.seconds;
    if (!('left' in outcome)) return { ...outcome, seconds };
  }
}

/** A split that can't be trained leaves the splits out; it does not end the run. */
async function trainOne(ctx: RunContext, trainer: LazyTrainer, seed: number): Promise<SplitOutcome> {
  const startedMs = ctx.now().getTime();
  try {
    const opened = await trainer.open();
    const score = await trainWithin(opened, seed, ctx);
    const seconds = (ctx.now().getTime() - startedMs) / 1_000;
    return score === null ? { ...LEFT, seconds } : { ...toStep(score), seconds };
  } catch (error) {
    if (error instanceof RunFailure) return { failed: error.message };
    throw error;
  }
}

interface LazyTrainer {
  readonly concurrency: number;
  open(): Promise<SplitTrainer>;
  close(): Promise<void>;
}

/** Reads the examples when the first split needs them: where all splits are remembered, none does. */
function openLazily(ctx: RunContext, snapshot: Snapshot, champion: Recipe): LazyTrainer {
  const backend = ctx.splitBackend ?? localSplitBackend(ctx);
  let opened: Promise<SplitTrainer> | undefined;
  const open = async (): Promise<SplitTrainer> => {
    const options = { seed: ctx.spec.training.seed, most: ctx.spec.gate.splits.maxExamples };
    return backend.open(await readTask(ctx, snapshot, [champion, ctx.spec], options));
  };
  return {
    concurrency: backend.concurrency,
    open: () => (opened ??= open()),
    close: async () => {
      const trainer = await opened?.catch(() => null);
      await trainer?.close();
    },
  };
}

function summarize(steps: readonly (SplitStep & { readonly seconds: number })[]): RecipeSplits {
  const total = (of: 'trained' | 'tested' | 'seconds'): number =>
    steps.reduce((sum, step) => sum + step[of], 0);
  const scores = steps.map(fromStep);
  const scoresOf = (i: 0 | 1) => ({
    train: scores.map((pair) => pair[i].train),
    test: scores.map((pair) => pair[i].test),
  });
  return {
    outcome: 'trained',
    trained: Math.round(total('trained') / steps.length),
    tested: Math.round(total('tested') / steps.length),
    champion: scoresOf(0),
    candidate: scoresOf(1),
    seconds: total('seconds'),
  };
}

/** One line for a person. */
export function describeSplits(splits: RecipeSplits): string {
  switch (splits.outcome) {
    case 'same':
      return "the champion's recipe: nothing to compare";
    case 'left out':
      return `left out: ${splits.reason}`;
    case 'trained':
      return `both recipes on ${splits.champion.test.length} splits of ${splits.trained + splits.tested} examples`;
  }
}

/** Writes `splits.json` of the run. */
export async function saveSplits(ctx: RunContext, splits: RecipeSplits): Promise<void> {
  await putJson(ctx.store, splitsKey(ctx), splits);
}

/** What there is of them, as evidence; where a training failed, why there are none. */
export async function loadSplits(ctx: RunContext): Promise<Pick<CommonEvidence, 'splits' | 'missing'>> {
  const loaded = await loadJson(ctx.store, splitsKey(ctx), splitsSchema);
  if (!loaded.ok) {
    if (loaded.error.kind === 'missing') return {};
    throw new RunFailure(describeReadError(loaded.error));
  }
  const splits = loaded.value.value;
  switch (splits.outcome) {
    case 'same':
      return { splits: SAME_RECIPE };
    case 'left out':
      return splits.broke === true ? { missing: { splits: splits.reason } } : {};
    case 'trained': {
      const { trained, tested, candidate, champion } = splits;
      const scores = { trained, tested, candidate: toArrays(candidate), champion: toArrays(champion) };
      return { splits: scores };
    }
  }
}

function toArrays({ train, test }: z.infer<typeof scoresSchema>) {
  return { train: Float64Array.from(train), test: Float64Array.from(test) };
}

function splitsKey({ run }: RunContext): string {
  return keys.run(run.model, run.id, 'splits.json');
}
