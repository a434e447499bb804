/**
 * A recipe that has no night yet is rehearsed: trained up to the middle of tonight's labels, and tried on the rest of
 * them beside the champion, to whom all of them are new. So a champion that is far from what comes in need not fail
 * one night longer for want of a record.
 */
import { pairBetween } from './pair.ts';
import * as z from 'zod';
import { compareAnswers, NOTHING_SEEN } from '../../shared/continuity/referee/challenger-comparison.ts';
import type { Tally } from '../../shared/continuity/statistics/e-process.ts';
import { loadLedger } from './ledger-file.ts';
import { describeReadError, loadJson, putJson } from '../../shared/registry/store/json.ts';
import { isQuarantined } from '../pipeline/data/time-range.ts';
import { loadCandidate } from '../run/candidate-files.ts';
import {
  attemptKey,
  type ModelContext,
  type RunContext,
  type RunData,
  type RunFiles,
  stepName,
} from '../run/context.ts';
import { loadShard, type Snapshot } from '../pipeline/data/snapshot-file.ts';
import { loadSplit, saveRehearsalSplit } from '../pipeline/data/split.ts';
import { loadTrainingRecord } from '../pipeline/fine-tune/fine-tune.ts';
import { followTraining } from '../pipeline/fine-tune/training-steps.ts';
import { openChampion, openProgram } from '../pipeline/features/judged-model.ts';
import { type StepRunner, timed } from '../run/steps.ts';
import { findNights, recipeOf } from './contenders.ts';
import { tallyFile } from './record.ts';
import { replay } from './replay.ts';
import { valueAnswers, wordingOf } from './answer-utility.ts';
import { RunFailure } from '../run-failure.ts';
import { openQuarantines } from '../pipeline/data/quarantines.ts';

/** Fewer new labels show nothing, whatever they say: half of them would all have to be gains. */
const LEAST_LABELS = 20;

/** Whoever is rehearsed has no number yet. */
const REHEARSED = 0;

const rehearsalSchema = z.object({ format: z.literal('holdfast-rehearsal/1'), n: z.int(), units: tallyFile });

/** Trains once more, in a rehearsal's own files, where the recipe has never been tried. */
export async function followRehearsal(ctx: RunContext, steps: StepRunner, snapshot: Snapshot): Promise<void> {
  const { cutMs } = await steps.do('rehearsal split', () => chooseCut(ctx, snapshot));
  if (cutMs === null) return;
  const rehearsed: RunContext = { ...ctx, attempt: 'rehearsal' };
  const own: StepRunner = { do: (name, body) => steps.do(stepName(rehearsed, name), body) };
  await followTraining(rehearsed, own, snapshot);
  await timed(rehearsed, own)('referee', () => tryOut(rehearsed, snapshot, cutMs));
}

/** Where tonight's labels are cut in two; null where there is nothing to rehearse for. */
async function chooseCut(ctx: RunData, snapshot: Snapshot): Promise<{ readonly cutMs: number | null }> {
  const none = { cutMs: null };
  const { store, run, spec } = ctx;
  if (run.championAtStart === null || (spec.training.augmentation !== null && spec.base !== null))
    return none;
  const recipe = recipeOf(spec);
  const ledger = await loadLedger(store, run.model);
  if (!ledger.ok) throw new RunFailure(ledger.error.detail);
  if (ledger.value !== null && recipe in ledger.value.state.recipes) return none;
  if ((await findNights(ctx, recipe)).length > 0) return none;
  const times = await newTimes(ctx, snapshot);
  if (times.length < LEAST_LABELS) return none;
  const cutMs = times[times.length >> 1] as number;
  return (await leaveOut(ctx, snapshot, cutMs)) ? { cutMs } : none;
}

/** When the inputs of the current window were seen, those of labels that are believed, in order. */
async function newTimes({ store, run }: RunData, { windows }: Snapshot): Promise<number[]> {
  const apart = await openQuarantines({ store, run });
  const times: number[] = [];
  for (const shard of windows.at(-1)?.shards ?? []) {
    const examples = await loadShard(store, run.model, shard);
    times.push(...examples.map(({ at }) => at).filter((at) => !isQuarantined(at, apart)));
  }
  return times;
}

/** The run's split without what was seen at `cutMs` or later. False where nothing of tonight's would be left. */
async function leaveOut(
  ctx: RunFiles,
  { windows, examples: all }: Snapshot,
  cutMs: number,
): Promise<boolean> {
  const split = await loadSplit(ctx);
  let first = all - (windows.at(-1)?.examples ?? 0);
  const start = first;
  for (const shard of windows.at(-1)?.shards ?? []) {
    for (const { at } of await loadShard(ctx.store, ctx.run.model, shard)) if (at < cutMs) first += 1;
  }
  const train = split.train.filter((position) => position < first);
  if (!train.some((position) => position >= start)) return false;
  const validation = split.validation.filter((position) => position < first);
  await saveRehearsalSplit(ctx, { ...split, train, validation });
  return true;
}

async function tryOut(ctx: ModelContext, snapshot: Snapshot, cutMs: number) {
  const champion = await openChampion(ctx, ctx.runtime);
  if (champion === null) throw new RunFailure('expected a champion to be rehearsed beside, there is none');
  const { constants } = await loadTrainingRecord(ctx);
  const program = openProgram(ctx.runtime, await loadCandidate(ctx), "the rehearsed candidate's edge plan");
  try {
    const number = champion.manifest.version;
    const wanted = [
      { number: REHEARSED, judged: { program, constants, base: ctx.base }, fromMs: cutMs },
      { number, judged: champion, fromMs: cutMs },
    ];
    const seen = await replay(ctx, snapshot, wanted, await openQuarantines(ctx));
    const { utilities: worth } = valueAnswers(
      ctx.spec,
      await loadSplit({ store: ctx.store, run: ctx.run }),
      seen,
    );
    const pair = pairBetween(seen, worth, REHEARSED, number, cutMs, Infinity);
    const { n, gains, losses, units } = pair === null ? NOTHING_SEEN : compareAnswers(pair.examples);
    const file = { format: 'holdfast-rehearsal/1', n, units: [...units].sort(([a], [b]) => a - b) };
    await putJson(ctx.store, attemptKey(ctx, 'rehearsal.json'), file);
    return {
      note: `trained up to the middle of tonight's labels; of the other ${n}, ${
        wordingOf(ctx.spec) === 'right'
          ? `${gains} are right only with it and ${losses} only by version ${number}`
          : `${gains} are answered better with it and ${losses} by version ${number}`
      }`,
    };
  } finally {
    program.dispose();
    champion.program.dispose();
  }
}

/** Differences of the rehearsed candidate from the champion; null where there was no rehearsal. */
export async function loadRehearsal({ store, run }: RunFiles): Promise<Tally | null> {
  const read = await loadJson(
    store,
    attemptKey({ run, attempt: 'rehearsal' }, 'rehearsal.json'),
    rehearsalSchema,
  );
  if (read.ok) return read.value.value.units;
  if (read.error.kind === 'missing') return null;
  throw new RunFailure(describeReadError(read.error));
}
