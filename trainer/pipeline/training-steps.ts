/**
 * The steps of a candidate's training, from what the split drew to the candidate's files and `training.json`.
 */
import type { RunContext } from './context.ts';
import { fineTune, loadTrainingRecord, type TrainingRecord } from './fine-tune.ts';
import type { Snapshot } from './snapshot-file.ts';
import { type StepHost, timed } from './steps.ts';

/** Trains by the spec's recipe. Steps that are done already are not done again. */
export async function followTraining(
  ctx: RunContext,
  host: StepHost,
  snapshot: Snapshot,
): Promise<TrainingRecord> {
  await timed(ctx, host)('fine-tune', async () => {
    const { digest, epochs, bestEpoch, parent } = await fineTune(ctx, snapshot);
    const from = parent === null ? 'from a new initialisation' : `from version ${parent}`;
    return { digest, note: `${epochs.length} epochs ${from}, the best was number ${bestEpoch}` };
  });
  return loadTrainingRecord(ctx);
}
