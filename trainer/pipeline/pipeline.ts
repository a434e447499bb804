/**
 * A retraining run from its first step to its last, the same in the trainer Worker and in Node:
 * snapshot, split, features, fine-tune, splits, evaluate, gate, publish, promote, report. Where the gate refuses a
 * candidate for its flips alone, fine-tune, evaluate and gate come once more before it is published.
 *
 * Every step reads what it needs from the store, writes what it found there, and may be repeated. The host decides how
 * a step is made durable: a Workflow remembers it, Node keeps its small result beside the run.
 */
import { collectInbox } from '../../shared/events/inbox.ts';
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import { extractCopies, planCopies } from './features/augmented-features.ts';
import type { RunContext, Host } from '../run/context.ts';
import { applyUnfreeze, basesRead } from './features/unfreeze.ts';
import { evaluate } from './judge/evaluate.ts';
import { extractFeatures } from './features/store-features.ts';
import { judge } from './judge/judge.ts';
import type { RunPart } from './features/portions.ts';
import { checkLabels } from '../labels/check-labels.ts';
import { wordingOf } from '../referee/answer-utility.ts';
import { openQuarantines } from './data/quarantines.ts';
import { findContenders } from '../referee/contenders.ts';
import { brokenChecks } from '../../shared/continuity/gate.ts';
import { BROKEN_NIGHTS, longBroken } from '../../shared/continuity/referee/ledger.ts';
import { describeReferee } from '../referee/describe.ts';
import { findRefereeRecord } from '../referee/record.ts';
import { followRehearsal } from '../referee/rehearsal.ts';
import { referee } from '../referee/referee.ts';
import { askQuestions, settle, settleApart, wasDecided } from '../referee/settle.ts';
import { loadTrainingRecord } from './fine-tune/fine-tune.ts';
import type { Choice } from '../../shared/continuity/referee/decide.ts';
import { choose, type Decision, promote } from './publish/promote.ts';
import { publish } from './publish/publish.ts';
import { compareWithChampion, describeSplits, saveSplits } from './judge/recipe-splits.ts';
import {
  currentRecord,
  enterStep,
  finishRun,
  goOnWithRun,
  openRun,
  recordStep,
  updateRecord,
} from '../run/record.ts';
import { saveReport } from './publish/report.ts';
import { deservesRetry, retryContext, retrySteps } from './retry.ts';
import { ingestEvents, makeSnapshot } from './data/snapshot.ts';
import { loadSnapshot, shardsOf, type Snapshot } from './data/snapshot-file.ts';
import { clearSelection, openSelection, selectExamples } from './data/selection.ts';
import { loadSplit, makeSplit } from './data/split.ts';
import { type StepRunner, timed } from '../run/steps.ts';
import { clearTraining } from './fine-tune/stored-dataset.ts';
import { followTraining } from './fine-tune/training-steps.ts';
import { isRunFailure, RunFailure } from '../run-failure.ts';

/**
 * Runs (or resumes) a started run to its end and returns its record. A failure that no repetition can mend is recorded
 * and returned as a failed run; anything else is thrown for the host to retry.
 */
export async function runPipeline(
  host: Host,
  model: string,
  runId: string,
  steps: StepRunner,
): Promise<RunRecord> {
  const ctx = await openRun(host, model, runId);
  if (ctx.run.status === 'complete' || ctx.run.status === 'skipped') return ctx.run;
  if (ctx.run.status === 'failed') await goOnWithRun(ctx);
  try {
    return await followSteps(await applyUnfreeze(ctx), steps);
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    await steps.do('fail', async () => {
      await finishRun(ctx, { status: 'failed', error: error.message, summary: `Failed: ${error.message}` });
      for (const attempt of ['retry', 'rehearsal'] as const) await clearTraining({ ...ctx, attempt });
      await clearTraining(ctx);
      await clearSelection(ctx);
      return {};
    });
    return currentRecord(ctx);
  }
}

async function followSteps(ctx: RunContext, steps: StepRunner): Promise<RunRecord> {
  const step = timed(ctx, steps);
  await collectSteps(ctx, steps);
  const { snapshot: snapshotId, reason: nothingNew } = await step('snapshot', () => snapshotStep(ctx));
  if (nothingNew !== null) return skip(ctx, steps, nothingNew);
  const snapshot = await loadSnapshot(ctx.store, ctx.run.model, snapshotId);
  await featuresSteps(ctx, steps, snapshot);
  const { nothingNew: keptApart } = await step('labels', () => checkLabels(ctx, snapshot));
  if (keptApart !== null) {
    await steps.do('apart', async () => {
      await settleApart(ctx, snapshotId);
      return {};
    });
    return skip(ctx, steps, keptApart);
  }
  await step('split', () => splitStep(ctx, snapshot));
  await copiesSteps(ctx, steps, snapshot);
  const { snapshot: selected } = await openSelection(ctx, snapshot);
  await followTraining(ctx, steps, selected);
  await followSplits(ctx, steps, snapshot);
  await followRehearsal(ctx, steps, selected);
  await step('referee', () => refereeStep(ctx, snapshot));
  await step('evaluate', () => evaluateStep(ctx, snapshot));
  const { retry } = await step('gate', () => gateStep(ctx));
  const judged = retry ? await followRetry(ctx, steps, snapshot) : ctx;
  await step('publish', () => publishStep(judged, snapshot));
  await step('promote', () => promoteStep(judged, snapshotId));
  await step('report', () => reportStep(judged, snapshotId));
  return currentRecord(ctx);
}

/** @returns the context of the attempt whose verdict counts */
async function followRetry(first: RunContext, steps: StepRunner, snapshot: Snapshot): Promise<RunContext> {
  const ctx = retryContext(first);
  const again = retrySteps(ctx, steps);
  const step = timed(ctx, again);
  await followTraining(ctx, again, (await openSelection(ctx, snapshot)).snapshot);
  await step('referee', () => refereeStep(ctx, snapshot));
  await step('evaluate', () => evaluateStep(ctx, snapshot));
  await step('gate', () => gateStep(ctx));
  return ctx;
}

async function skip(ctx: RunContext, steps: StepRunner, reason: string): Promise<RunRecord> {
  await steps.do('skip', async () => {
    await finishRun(ctx, { status: 'skipped', summary: reason });
    return {};
  });
  return currentRecord(ctx);
}

/** What lies in the inbox becomes batches, and what is new in those comes into the index: as much a step as the platform allows. */
async function collectSteps(ctx: RunContext, steps: StepRunner): Promise<void> {
  const { run, store, now } = ctx;
  if (run.wantedSnapshot !== null) return;
  for (let portion = 1; ; portion++) {
    const { left } = await steps.do(`collect ${portion}`, async () => {
      const { objects, left } = await collectInbox(store, run.model, now());
      return { objects, left };
    });
    if (left === 0) break;
  }
  for (let portion = 1; ; portion++) {
    const { left } = await steps.do(`read events ${portion}`, async () => ({ ...(await ingestEvents(ctx)) }));
    if (left === 0) return;
  }
}

async function snapshotStep(ctx: RunContext) {
  const snapshot = await makeSnapshot(ctx);
  await updateRecord(ctx, { snapshot: snapshot.id });
  return {
    snapshot: snapshot.id,
    reason: await reasonToSkip(ctx, snapshot),
    note: describeSnapshot(snapshot),
  };
}

async function reasonToSkip(
  ctx: RunContext,
  { id, windows, examples, problems }: Snapshot,
): Promise<string | null> {
  if (examples === 0) return `Nothing to learn from: there are no labelled examples yet${unread(problems)}`;
  if (ctx.run.championAtStart !== null && windows.at(-1)?.examples === 0) {
    return 'Nothing new: no labelled examples since the champion was trained';
  }
  return (await wasDecided(ctx, id))
    ? 'Nothing new since the last run, which looked at the same labels'
    : null;
}

/** What was there and could not be read, with the first of it. */
function unread({ count, first: [first = ''] }: Snapshot['problems']): string {
  return count === 0 ? '' : `; ${count} batches or lines could not be read, the first: ${first}`;
}

function describeSnapshot({ examples, windows, late = 0, unmatchedLabels, problems }: Snapshot): string {
  const current = windows.at(-1)?.examples ?? 0;
  const unmatched = unmatchedLabels > 0 ? `, ${unmatchedLabels} labels without their prediction` : '';
  const unreadable = problems.count > 0 ? `, ${problems.count} unreadable lines` : '';
  const earlier = late > 0 ? ` (${late} of these for earlier times)` : '';
  return `${examples} examples in ${windows.length} windows, ${current} of them new${earlier}${unmatched}${unreadable}`;
}

async function splitStep(ctx: RunContext, snapshot: Snapshot) {
  const split = await makeSplit(ctx, snapshot, await openQuarantines(ctx));
  const held = split.holdout.reduce((sum, positions) => sum + positions.length, 0);
  const hasBase = (await basesRead(ctx)).some((base) => base !== null);
  const selected = hasBase ? null : await selectExamples(ctx, snapshot, split);
  const drawn = split.trainable === undefined ? '' : ` drawn from ${split.trainable} (training.maxExamples)`;
  const judging = split.judged === undefined ? '' : `, of which ${split.judged.flat().length} judge`;
  const read =
    selected === null ? '' : `; ${selected} of ${snapshot.examples} examples are read from here on`;
  const note = `${split.train.length} to train on${drawn}, ${split.validation.length} to watch, ${held} held out${judging}${read}`;
  return { note };
}

/** What bases see, in as many steps as they take their time for. */
export async function featuresSteps(ctx: RunContext, steps: StepRunner, snapshot: Snapshot): Promise<void> {
  if (ctx.base === null) return;
  const { computed, portions, seconds } = await extractFeatures(
    ctx,
    snapshot,
    await basesRead(ctx),
    entering(ctx, steps, 'features'),
  );
  await steps.do('features', async () => {
    const shards = shardsOf(snapshot).length;
    const note = `${shards} shards, ${portions} of them new${describePace(computed, seconds)}`;
    await recordStep(ctx, 'features', note, ctx.now(), seconds);
    return {};
  });
}

/** The features of augmented copies, as many steps as they take; none where the recipe augments nothing. */
export async function copiesSteps(ctx: RunContext, steps: StepRunner, snapshot: Snapshot): Promise<void> {
  const parts = planCopies(ctx.spec, ctx.spec.training, snapshot, await loadSplit(ctx));
  if (parts.length === 0) return;
  const { computed, seconds } = await extractCopies(ctx, parts, entering(ctx, steps, 'augment'));
  await steps.do('augment', async () => {
    const all = parts.reduce((sum, { indices }) => sum + indices.length, 0);
    const note = `${all} augmented copies, ${computed} of them new${describePace(computed, seconds)}`;
    await recordStep(ctx, 'augment', note, ctx.now(), seconds);
    return {};
  });
}

/** Several enter at once, all with the same word: whoever writes last writes what the others did. */
function entering(ctx: RunContext, steps: StepRunner, step: string): RunPart {
  return (name, body) =>
    steps.do(name, async () => {
      await enterStep(ctx, step);
      return body();
    });
}

function describePace(computed: number, seconds: number): string {
  if (computed === 0 || seconds <= 0) return '';
  const pace = computed / seconds;
  return `, ${pace < 100 ? pace.toPrecision(3) : Math.round(pace)} a second`;
}

/** One step a split, where the recipe is another than the champion's. */
async function followSplits(ctx: RunContext, steps: StepRunner, snapshot: Snapshot): Promise<void> {
  if (ctx.run.championAtStart === null) return;
  const splits = await compareWithChampion(ctx, snapshot, (name, body) => steps.do(name, body));
  await steps.do('splits', async () => {
    await saveSplits(ctx, splits);
    const seconds = splits.outcome === 'trained' ? splits.seconds : 0;
    await recordStep(ctx, 'splits', describeSplits(splits), ctx.now(), seconds);
    return {};
  });
}

async function refereeStep(ctx: RunContext, snapshot: Snapshot) {
  const { championAtStart } = ctx.run;
  const contenders = championAtStart === null ? [] : await findContenders(ctx, championAtStart);
  const state = await askQuestions(ctx, (await loadTrainingRecord(ctx)).digest, contenders);
  const record = await referee(ctx, snapshot, contenders, state);
  return { note: describeReferee(record, wordingOf(ctx.spec)) };
}

async function evaluateStep(ctx: RunContext, snapshot: Snapshot) {
  const { windows } = await evaluate(ctx, snapshot);
  const judged = windows.flatMap(({ exampleIds }) => exampleIds).length;
  return { note: `${judged} held-out examples in ${windows.length} windows` };
}

async function gateStep(ctx: RunContext) {
  const verdict = await judge(ctx);
  await updateRecord(ctx, { verdict: verdict.verdict });
  const retry = deservesRetry(ctx, verdict);
  const note = retry
    ? `${verdict.summary}. Flips alone: trained once more, closer to the champion`
    : verdict.summary;
  return { retry, note };
}

async function publishStep(ctx: RunContext, snapshot: Snapshot) {
  const verdict = await judge(ctx);
  const { version } = await publish(ctx, snapshot, verdict);
  await updateRecord(ctx, { candidate: version });
  return { version, note: `version ${version}` };
}

async function promoteStep(ctx: RunContext, snapshotId: string) {
  const { candidate } = await currentRecord(ctx);
  const verdict = await judge(ctx);
  const record = await findRefereeRecord(ctx);
  const choice = choose(ctx, candidate as number, verdict, record);
  const decision = await promote(ctx, choice);
  const broken = brokenChecks(verdict);
  const { broken: nights } = await settle(ctx, snapshotId, choice, decision.promoted, record, broken);
  const { version, by } = choice;
  await updateRecord(ctx, {
    promoted: decision.promoted,
    why: decision.why,
    ...(decision.promoted && by !== null && { decidedBy: by }),
    ...(decision.promoted && version !== null && version !== candidate && { winner: version }),
    summary: summarize(choice, decision),
    ...(broken.length > 0 && { broken: nights }),
  });
  return {
    promoted: decision.promoted,
    note: decision.promoted ? `version ${version} is champion` : decision.why,
  };
}

/** One sentence that says how it ended. */
function summarize({ version, by, why }: Choice, decision: Decision): string {
  if (version !== null && !decision.promoted) return `Not promoted: ${decision.why}`;
  return by === 'trust' || by === 'referee' ? `Promote: ${why}` : `${why}${decision.paused ?? ''}`;
}

/** What holds for what broke is a hold once or twice; then somebody has to look. */
function describeBroken(checks: readonly string[], why: string): string {
  return `for ${BROKEN_NIGHTS} nights running something that should be there was missing or broke (${checks.join(', ')}); mend it and start another run: ${why}`;
}

async function reportStep(ctx: RunContext, snapshotId: string) {
  const { candidate, promoted, why, broken = {} } = await currentRecord(ctx);
  const decision = { promoted, why: why ?? '' };
  await saveReport(ctx, snapshotId, candidate as number, await judge(ctx), decision);
  const long = longBroken({ broken });
  if (long.length > 0) throw new RunFailure(describeBroken(long, why ?? ''));
  await finishRun(ctx, { status: 'complete' });
  await clearSelection(ctx);
  return { note: 'report.json, report.html' };
}
