/**
 * The steps of a candidate's training, from what the split drew to the candidate's files and `training.json`: building
 * the set, training in groups, and the record of both.
 *
 * A step goes on until its time is used up and leaves the rest to the next one. Where a step ends changes nothing of
 * what comes of it, so the same run gives the same candidate on a fast machine and on a slow one, killed or not.
 */
import { PLANNED_SHARE, STEP_CPU_SECONDS } from '../../step-seconds.ts';
import { readClock, reportProgress, type RunContext } from '../../run/context.ts';
import {
  type Group,
  isUnfinished,
  loadTrainingRecord,
  trainGroup,
  type TrainingRecord,
} from './fine-tune.ts';
import { enterStep, recordStep } from '../../run/record.ts';
import type { Snapshot } from '../data/snapshot-file.ts';
import type { StepRunner, StepResult } from '../../run/steps.ts';
import { buildDataset, type BuildProgress, clearTraining, isBuilt, NOTHING_BUILT } from './stored-dataset.ts';

/** Trains by the spec's recipe. Steps that are done already are not done again. */
export async function followTraining(
  ctx: RunContext,
  steps: StepRunner,
  snapshot: Snapshot,
): Promise<TrainingRecord> {
  const step = within(ctx, steps);
  let seconds = 0;
  let built: BuildProgress = NOTHING_BUILT;
  for (let i = 1; i === 1 || !isBuilt(built); i++) {
    const { seconds: own, ...next } = await step(`fine-tune set ${i}`, () => buildStep(ctx, snapshot, built));
    built = next;
    seconds += own;
  }
  let group: Group = { from: null, past: null, seconds, groupSeconds: 0 };
  for (let i = 1, over = false; !over; i++) {
    const given = group;
    const { seconds: own, checkpoint } = await step(`fine-tune ${i}`, () => trainGroup(ctx, given));
    group = {
      from: checkpoint,
      past: given.from,
      seconds: given.seconds + own,
      groupSeconds: given.groupSeconds + own,
    };
    over = checkpoint === null;
  }
  await steps.do('fine-tune', () => recordTraining(ctx, group.seconds));
  return loadTrainingRecord(ctx);
}

type Timed = <T extends StepResult>(
  name: string,
  body: () => Promise<T>,
) => Promise<T & { readonly seconds: number }>;

/** Steps that are parts of one: each says how long it took. */
function within(ctx: RunContext, steps: StepRunner): Timed {
  return (name, body) =>
    steps.do(name, async () => {
      const startedMs = await readClock(ctx);
      await enterStep(ctx, 'fine-tune');
      const result = await body();
      return { ...result, seconds: ((await readClock(ctx)) - startedMs) / 1_000 };
    });
}

async function buildStep(ctx: RunContext, snapshot: Snapshot, from: BuildProgress): Promise<BuildProgress> {
  const plannedSeconds = PLANNED_SHARE * (ctx.stepCpuSeconds ?? STEP_CPU_SECONDS);
  const endMs = (await readClock(ctx)) + 1_000 * plannedSeconds;
  let { done } = from;
  return buildDataset(ctx, snapshot, from, async (of) => {
    done += 1;
    await reportProgress(ctx, 'fine-tune', 0, `examples into packs: ${done} of ${of} pieces`);
    return (await readClock(ctx)) < endMs;
  });
}

/** Which epoch was taken. */
function describeBest(training: TrainingRecord): string {
  const { bestEpoch } = training;
  if (bestEpoch === 0) return 'none was better than what it began with';
  return isUnfinished(training)
    ? 'the best was the last: more may be better (training.epochs)'
    : `the best was number ${bestEpoch}`;
}

async function recordTraining(ctx: RunContext, seconds: number): Promise<{ readonly digest: string }> {
  const training = await loadTrainingRecord(ctx);
  const { digest, epochs, parent } = training;
  const from = parent === null ? 'from a new initialisation' : `from version ${parent}`;
  const note = `${epochs.length} epochs ${from}, ${describeBest(training)}`;
  await recordStep(ctx, 'fine-tune', note, ctx.now(), seconds);
  await reportProgress(ctx, 'fine-tune', 1, note);
  await clearTraining(ctx);
  return { digest };
}
