/**
 * The whole story, once: drift, labels, a night's retraining, the gate, a poisoned night and the night after it, a
 * rollback. Nothing is staged but the digits: the recipe is the default one, traffic goes over HTTP, the nights are the
 * cron handler's, and every chapter checks its own claim.
 */
import type { RunReport } from '../../report/report.ts';
import { renderReportText } from '../../report/report-text.ts';
import type { Random } from '../../../shared/random.ts';
import { listQuarantines, type Quarantine } from '../../../shared/registry/quarantine.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { Local } from '../local/local.ts';
import { listRuns, loadReport, loadReportPage, showServing, watchRun } from '../local/operators.ts';
import { pause } from '../state/processes.ts';
import { unwrap } from '../cli/failure.ts';
import { loadSnapshot } from '../../pipeline/data/snapshot-file.ts';
import { loadSplit } from '../../pipeline/data/split.ts';
import { blendStyles, FIELD, OFFICE, type Style } from './digits.ts';
import { DIGITS } from './digits-model.ts';
import { type Narrator, percent, points } from './narrator.ts';
import { accuracyOf, askVersion, sendDigits, sendLabels, type Served } from './traffic.ts';

/** What a chapter claims did not happen. */
export class StoryFailure extends Error {
  override readonly name = 'StoryFailure';
}

/** Live accuracy on one day's traffic. */
export interface Day {
  readonly label: string;
  readonly version: number;
  readonly digits: number;
  readonly accuracy: number;
}

export interface StoryNight {
  readonly run: RunRecord;
  /** null of a night on which nothing was trained, and so nothing judged */
  readonly judged: Judged | null;
}

interface Judged {
  readonly report: RunReport;
  /** the run's own HTML page */
  readonly page: string;
}

/** What happened, for the page that the demo leaves. */
export interface Story {
  readonly days: Day[];
  readonly confirmed: { readonly chapter: string; readonly claim: string }[];
  readonly nights: StoryNight[];
}

export interface Stage {
  readonly local: Local;
  readonly narrator: Narrator;
  readonly random: Random;
}

/** How far each day's writing is from the office's (0) to the field's (1). */
const DRIFT = [0.25, 0.5, 0.75, 1, 1, 1];
const DIGITS_A_DAY = 160;
const POISONED_DIGITS = 800;
const CLEAN_DIGITS = 600;
/** What a careless import does to labels: pairs that look alike change places. */
const SWAPPED: Readonly<Record<number, number>> = { 1: 7, 7: 1, 3: 8, 8: 3, 4: 9, 9: 4 };

const LEAST_AT_FIRST = 0.97;
const LEAST_FALL = 0.08;
const LEAST_RECOVERED = 0.93;
/** How much of its old skill the promoted version may lose. */
const MOST_FORGOTTEN = 0.02;
/** The edge's HOLDFAST_ALIAS_TTL_SECONDS, and two seconds for a slow machine. */
const SWITCH_WITHIN_MS = 7_000;
/** Predictions are logged off the request's path, about a second later. */
const LOG_SETTLES_MS = 2_500;

/** A story before its first chapter. */
export function emptyStory(): Story {
  return { days: [], confirmed: [], nights: [] };
}

/**
 * Tells the story to its end; throws a StoryFailure at the first claim that does not hold.
 *
 * @param story  is filled as the story goes on, so what happened is there even when it ends early
 */
export async function tellStory(stage: Stage, story: Story): Promise<void> {
  const teller = createTeller(stage, story);
  const office = await versionOneServes(teller);
  const drifted = await writingDrifts(teller, office);
  const labels = await labelsComeBack(teller, [...office, ...drifted]);
  const night = await nightFalls(teller, labels);
  await gateOpens(teller, night, accuracyOf(office), accuracyOf(drifted.slice(-3 * DIGITS_A_DAY)));
  await poisonedNight(teller);
  await nightAfter(teller);
  await rollbackAndReturn(teller);
}

type Teller = ReturnType<typeof createTeller>;

/** The stage, and what has been told so far. */
function createTeller(stage: Stage, story: Story) {
  const { local, narrator, random } = stage;
  let chapter = '';
  return {
    ...stage,
    story,
    open: (title: string): void => {
      chapter = title;
      narrator.chapter(title);
    },
    /** Goes on where the claim holds, ends the story where it does not. */
    claim: (holds: boolean, claim: string): void => {
      if (!holds) throw new StoryFailure(`Chapter "${chapter}" expected: ${claim}`);
      story.confirmed.push({ chapter, claim });
      narrator.confirm(claim);
    },
    /** One day of traffic, with its live accuracy shown. */
    day: async (label: string, style: Style, count = DIGITS_A_DAY): Promise<Served[]> => {
      const served = await sendDigits(local.client, DIGITS, count, style, random);
      const version = served.at(-1)?.version ?? 0;
      story.days.push({ label, version, digits: count, accuracy: accuracyOf(served) });
      narrator.bar(label, accuracyOf(served), `${count} digits, read by version ${version}`);
      return served;
    },
  };
}

async function versionOneServes(teller: Teller): Promise<Served[]> {
  teller.open('Version 1 serves');
  teller.narrator.say('Forms come in from the office, where everybody writes upright with a medium pen.');
  const served = [...(await teller.day('day 1', OFFICE)), ...(await teller.day('day 2', OFFICE))];
  const all = served.every(({ version }) => version === 1);
  teller.claim(
    all && accuracyOf(served) >= LEAST_AT_FIRST,
    `version 1 reads at least ${percent(LEAST_AT_FIRST)} of the office's digits right`,
  );
  return served;
}

async function writingDrifts(teller: Teller, office: readonly Served[]): Promise<Served[]> {
  teller.open('The writing drifts');
  teller.narrator.say(
    'The forms move out to the field: slanted, small, a thin pale pen. Nobody tells the model.',
  );
  const served: Served[] = [];
  for (const [i, share] of DRIFT.entries()) {
    served.push(...(await teller.day(`day ${i + 3}`, blendStyles(OFFICE, FIELD, share))));
  }
  const fall = accuracyOf(office) - accuracyOf(served.slice(-3 * DIGITS_A_DAY));
  teller.claim(
    fall >= LEAST_FALL,
    `live accuracy falls by ${points(fall)} (at least ${points(LEAST_FALL)} were expected)`,
  );
  return served;
}

async function labelsComeBack(teller: Teller, served: readonly Served[]): Promise<number> {
  teller.open('Labels come back');
  teller.narrator.say(
    'Somebody typed the forms in by hand. POST :feedback takes what was right, by prediction id.',
  );
  const accepted = await sendLabels(teller.local.client, DIGITS, served);
  teller.claim(accepted === served.length, `all ${served.length} labels are accepted, and so durable`);
  return accepted;
}

async function nightFalls(teller: Teller, labels: number): Promise<StoryNight> {
  teller.open('Three in the morning');
  teller.narrator.say(
    'The cron trigger wakes the trainer: snapshot, split, features, fine-tune, evaluate, gate.',
  );
  const night = await runNight(teller);
  const { run } = night;
  for (const { name, seconds, note } of run.steps) {
    teller.narrator.say(`${name.padEnd(10)}${seconds.toFixed(1).padStart(5)} s  ${note}`);
  }
  teller.claim(
    run.trigger === 'cron' && run.status === 'complete',
    'the run was started by cron and is complete',
  );
  const learnt = await countNewExamples(teller.local, run);
  teller.claim(learnt === labels, `it learnt from all ${labels} labels, each joined to its prediction`);
  return night;
}

/** Runs the real scheduled() handler and follows the run that it starts. */
async function runNight({ local, narrator, story }: Teller): Promise<StoryNight> {
  await pause(LOG_SETTLES_MS);
  const known = new Set((await listRuns(local.operators, DIGITS)).map(({ id }) => id));
  await local.runCron();
  const started = (await listRuns(local.operators, DIGITS)).find(({ id }) => !known.has(id));
  if (started === undefined) throw new StoryFailure('expected the cron trigger to start a run');
  const run = await watchRun(local.operators, DIGITS, started.id, (step) => narrator.passing(`${step} …`));
  if (run.status !== 'complete' && run.status !== 'skipped') {
    throw new StoryFailure(`expected run ${run.id} to end well, got ${run.status}: ${run.summary ?? ''}`);
  }
  const night = { run, judged: run.status === 'complete' ? await loadJudged(local, run) : null };
  story.nights.push(night);
  return night;
}

async function loadJudged({ operators }: Local, { id }: RunRecord): Promise<Judged> {
  const report = await loadReport(operators, DIGITS, id);
  return { report, page: await loadReportPage(operators, DIGITS, id) };
}

/** Shows the report of a night on which a candidate was judged. */
function showReport({ narrator }: Teller, { judged }: StoryNight): void {
  if (judged === null) return;
  narrator.block(renderReportText(judged.report, { colour: narrator.colour, width: narrator.width - 3 }));
  narrator.say('');
}

async function countNewExamples({ store }: Local, run: RunRecord): Promise<number> {
  const snapshot = await loadSnapshot(store, DIGITS, run.snapshot ?? '');
  return snapshot.windows.at(-1)?.examples ?? 0;
}

async function gateOpens(teller: Teller, night: StoryNight, before: number, fallen: number) {
  teller.open('The gate opens');
  showReport(teller, night);
  const { promoted, candidate } = night.run;
  // By the exam on what was held out, or by what its recipe showed on half of the night.
  teller.claim(promoted && candidate === 2, 'version 2 is shown to be better, and promoted');
  await seeServed(teller, 2);
  const field = [...(await teller.day('day 9', FIELD)), ...(await teller.day('day 10', FIELD))];
  const office = await teller.day('office', OFFICE);
  const recovered = accuracyOf(field);
  teller.claim(
    recovered >= LEAST_RECOVERED && recovered >= fallen + LEAST_FALL,
    `live accuracy recovers to at least ${percent(LEAST_RECOVERED)} (from ${percent(fallen)} to ${percent(recovered)})`,
  );
  teller.claim(
    accuracyOf(office) >= before - MOST_FORGOTTEN,
    `what was learnt before is kept: the office's digits within ${points(MOST_FORGOTTEN)} of before`,
  );
}

/** Sends traffic until a version answers. Every request on the way must succeed. */
async function seeServed({ local, random, claim }: Teller, version: number): Promise<void> {
  const startMs = Date.now();
  let requests = 0;
  let seen = 0;
  while (seen !== version && Date.now() - startMs < SWITCH_WITHIN_MS) {
    seen = (await sendDigits(local.client, DIGITS, 1, FIELD, random))[0]?.version ?? 0;
    requests += 1;
    if (seen !== version) await pause(50);
  }
  const seconds = ((Date.now() - startMs) / 1_000).toFixed(1);
  claim(
    seen === version,
    `version ${version} answers after ${seconds} s; of ${requests} requests on the way none failed`,
  );
}

async function poisonedNight(teller: Teller): Promise<void> {
  const { local, narrator } = teller;
  teller.open('A poisoned night');
  narrator.say('A careless import swaps labels: 1 with 7, 3 with 8, 4 with 9.');
  const served = await teller.day('day 11', FIELD, POISONED_DIGITS);
  const accepted = await sendLabels(local.client, DIGITS, served, (digit) => SWAPPED[digit] ?? digit);
  narrator.say(`${accepted} labels are accepted: one by one they look like any others.`);
  const before = await showServing(local.operators, DIGITS);
  const { run } = await runNight(teller);
  const found = await quarantines(local);
  const [held] = found;
  teller.claim(
    run.status === 'skipped' && found.length === 1 && held?.status === 'held' && held.examples === accepted,
    `the night keeps all ${accepted} of them apart: ${held?.reason ?? run.summary ?? ''}`,
  );
  teller.claim(namesTheSwap(held), `it names what changed places: ${describeRenamings(held)}`);
  const after = await showServing(local.operators, DIGITS);
  teller.claim(
    run.candidate === null && after.versions.length === before.versions.length,
    'nothing is learned from them: no version was trained',
  );
  const [answer] = await sendDigits(local.client, DIGITS, 1, FIELD, teller.random);
  teller.claim(after.champion === 2 && answer?.version === 2, 'version 2 goes on serving');
}

async function quarantines({ store }: Local): Promise<Quarantine[]> {
  const found = await listQuarantines(store, DIGITS);
  if (!found.ok) throw new StoryFailure(found.error.detail);
  return found.value;
}

/** All six classes that changed places, and no other. A class's id is its digit. */
function namesTheSwap(held: Quarantine | undefined): boolean {
  const named = new Map(held?.renamings.map(({ from, to }) => [from, to]));
  const swapped = Object.entries(SWAPPED);
  return named.size === swapped.length && swapped.every(([from, to]) => named.get(Number(from)) === to);
}

function describeRenamings(held: Quarantine | undefined): string {
  const named = held?.renamings.map(({ from, to }) => `${from} labelled ${to}`) ?? [];
  return named.length === 0 ? 'nothing' : named.join(', ');
}

async function nightAfter(teller: Teller): Promise<void> {
  const { local, narrator } = teller;
  teller.open('The night after');
  narrator.say('The import is mended. The swapped labels lie where they are; the new ones are right.');
  const served = await teller.day('day 12', FIELD, CLEAN_DIGITS);
  const accepted = await sendLabels(local.client, DIGITS, served);
  const night = await runNight(teller);
  showReport(teller, night);
  const { run } = night;
  const used = run.status === 'complete' ? await countUsed(local, run) : 0;
  teller.claim(
    used === accepted && (await quarantines(local)).every(({ status }) => status === 'held'),
    `the night goes on with all ${accepted} right labels, and without the ${POISONED_DIGITS} swapped ones`,
  );
  const version = run.candidate ?? 0;
  const read = await askVersion(local.client, DIGITS, version, DIGITS_A_DAY, FIELD, teller.random);
  teller.claim(
    accuracyOf(read) >= LEAST_RECOVERED,
    `version ${version} learned nothing wrong: asked by its number, it reads ${percent(accuracyOf(read))} of the field's digits right`,
  );
  const { champion } = await showServing(local.operators, DIGITS);
  const expected = run.promoted ? version : 2;
  teller.claim(
    champion === expected,
    `version ${champion} serves, as the gate decided: ${run.summary ?? ''}`,
  );
}

/** New examples that train, watch the training or judge: all but those that are kept apart. */
async function countUsed({ store }: Local, run: RunRecord): Promise<number> {
  const { windows } = await loadSnapshot(store, DIGITS, run.snapshot ?? '');
  const { train, validation, holdout } = await loadSplit({ store, run });
  const firstNew = windows.slice(0, -1).reduce((sum, { examples }) => sum + examples, 0);
  return [...train, ...validation, ...holdout.flat()].filter((position) => position >= firstNew).length;
}

/** Who moves the champion, in its history. */
const BY = 'the demo';

async function rollbackAndReturn(teller: Teller): Promise<void> {
  const { operators } = teller.local;
  teller.open('Back, and forth again');
  const { champion } = await showServing(operators, DIGITS);
  teller.narrator.say(
    `Somebody does not trust version ${champion} tonight. One command puts back what served before.`,
  );
  const back = unwrap(
    await operators.rollback(DIGITS, {
      reason: `the demo wants to see what served before ${champion}`,
      by: BY,
      expectedChampion: champion,
      to: null,
      untilBetter: false,
    }),
  );
  teller.claim(
    back.from === champion && back.to === champion - 1,
    `the champion moves from version ${champion} to version ${back.to}`,
  );
  await seeServed(teller, back.to);
  await teller.day('day 13', FIELD);
  teller.narrator.say(
    `It was a mistake. Version ${champion} was promoted before, so it may come back without force.`,
  );
  const forth = unwrap(
    await operators.promote(DIGITS, champion, {
      reason: `version ${champion} reads the field better`,
      by: BY,
      expectedChampion: back.to,
      force: false,
    }),
  );
  teller.claim(
    forth.from === back.to && forth.to === champion && !forth.forced,
    `version ${champion} is promoted again`,
  );
  await seeServed(teller, champion);
  await teller.day('day 14', FIELD);
}
