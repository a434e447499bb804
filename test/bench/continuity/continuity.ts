/**
 * The instrument: real streams, every strategy, one command. `options.ts` says how it is called.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { ZodError } from 'zod';
import { describeIssues } from '../../../shared/registry/store/json.ts';
import { printTable, renderMarkdown, type Row, type Table } from '../gate/table.ts';
import { refuseUsage } from '../usage.ts';
import { type Job, openStream, planJobs } from './lives/jobs.ts';
import { openLives } from './lives/lives.ts';
import { measure, requirementOf } from './measures/measures.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import {
  describeReplay,
  gatherOutcomes,
  type LivedJob,
  lossesOf,
  meanOf,
  type Outcome,
  type Replayed,
} from './measures/outcomes.ts';
import { listLockouts, listPromotions } from './measures/promotions.ts';
import { renderContinuity } from './page.ts';
import { HOLDFAST, NOBODY, type Policy, specOf } from './lives/strategies.ts';
import { cutNights, type Stream } from './streams/stream.ts';
import { measureOverhead } from './lives/overhead.ts';
import { targetRows } from './targets.ts';
import {
  listFailures,
  type Measured,
  nightsTable,
  type Replay,
  strategyTable,
  summaryTable,
} from './tables.ts';

const parsed = parseOptions(process.argv.slice(2));
if (!parsed.ok) refuseUsage(parsed.error, HELP);
if (parsed.value.help) {
  process.stdout.write(HELP);
} else {
  process.exitCode = await run(parsed.value);
}

async function run(options: Options): Promise<number> {
  const startMs = Date.now();
  const conditions = await openConditions(options);
  const jobs = conditions.flatMap((condition) => condition.jobs);
  const lives = await openLives(jobs.length, {
    threads: options.threads,
    work: options.work,
    onLived: (job, seconds, done, all) =>
      console.error(`${done} of ${all}: ${describeJob(job)}, ${seconds.toFixed(0)} s`),
  });
  // Each condition is measured when its last life has ended, so that few lives are held at a time.
  const replays = await Promise.all(
    conditions.map(async (condition) =>
      measureCondition(condition, await lives.live(condition.jobs), options),
    ),
  ).finally(() => lives.close());
  for (const replay of replays) show(replay, options);
  const summaries = summarise(replays);
  if (replays.length > 1) for (const table of summaries) printTable(table);
  if (options.docs) refreshDocument(summaries);
  console.log(`\n${((Date.now() - startMs) / 60_000).toFixed(1)} minutes`);
  const [first] = replays;
  const rows = targetRows(replays);
  if (options.quick && first !== undefined) rows.push(await measureOverhead(first.replayed.stream));
  showTargets(rows);
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);
  if (options.page !== null)
    writeFileSync(options.page, renderContinuity(replays, rows, 'npm run bench:continuity'));
  const locked = replays.some(({ measured }) =>
    measured.some(({ outcome, measures }) => outcome.strategy === HOLDFAST && (measures?.lockedOut ?? 0) > 0),
  );
  return options.failOnLockout && locked ? 1 : 0;
}

interface Condition {
  readonly replayed: Replayed;
  readonly jobs: readonly Job[];
}

/** Reads every stream once before anything is lived, so that what is wrong with one is said at once. */
async function openConditions(options: Options): Promise<Condition[]> {
  const { streams, seeds, nights, conditions, strategies, policies } = options;
  const open: Condition[] = [];
  for (const stream of streams) {
    for (const seed of seeds) {
      const opened = await openStream(stream, seed);
      if (!opened.ok) refuse(opened.error);
      const cut = cutNights(opened.value.rows.length, nights);
      if (!cut.ok) refuse(`${stream.name}: ${cut.error}`);
      const replayed = describeReplay(opened.value, cut.value);
      for (const policy of policies) checkPolicy(opened.value, policy);
      for (const faults of conditions) {
        open.push({ replayed, jobs: planJobs({ stream, nights, seed, faults }, strategies, policies) });
      }
    }
  }
  return open;
}

/** A policy that is no part of a spec is refused by its first mistakes. */
function checkPolicy(stream: Stream, policy: Policy): void {
  try {
    specOf(stream, 'ours', 'gate', 1, policy);
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    refuse(`--policy ${policy.name}: ${describeIssues(error)}`);
  }
}

function refuse(problem: string): never {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}

function describeJob({ stream, recipe, rules, faults, seed, policy }: Job): string {
  const condition = faults.length === 0 ? 'clean' : 'faulty';
  return `${stream.name}, ${condition}, seed ${seed}, ${policy?.name ?? recipe} (${rules.join(', ')})`;
}

function measureCondition(
  { replayed, jobs }: Condition,
  lived: readonly LivedJob[],
  { strategies }: Options,
): Replay {
  const outcomes = gatherOutcomes(replayed, lived, [...strategies, NOBODY]);
  const nobody = outcomes.find(({ strategy }) => strategy === NOBODY);
  const started = nobody !== undefined && nobody.failed === null;
  const required = started ? requirementOf(replayed, nobody) : Number.NaN;
  return {
    replayed,
    faults: jobs[0]?.faults ?? [],
    seed: jobs[0]?.seed ?? 1,
    required,
    measured: outcomes.map((outcome) => measureOutcome(replayed, outcome, required)),
  };
}

function measureOutcome(replayed: Replayed, outcome: Outcome, required: number): Measured {
  const { versions, answers: _, ...kept } = outcome;
  const lived = outcome.failed === null;
  // Everybody's versions are the oracle's: as a matrix they would be shown once more.
  const own = outcome.strategy === HOLDFAST ? versions : [];
  return {
    outcome: kept,
    measures: lived ? measure(replayed, outcome, required) : null,
    promotions: lived ? listPromotions(replayed, outcome) : [],
    lockouts: lived ? listLockouts(replayed, outcome) : [],
    matrix: own.map(({ after, answers }) => {
      const losses = lossesOf(replayed, answers);
      return { after, losses: replayed.ranges.map(({ from, to }) => meanOf(losses, from, to)) };
    }),
  };
}

function show(replay: Replay, { nightsLog }: Options): void {
  printTable(strategyTable(replay));
  for (const why of listFailures(replay)) console.log(why);
  if (!nightsLog) return;
  for (const measured of replay.measured) {
    if (measured.outcome.nights.length > 0) printTable(nightsTable(measured));
  }
}

/** Of each condition. */
function summarise(replays: readonly Replay[]): Table[] {
  const [clean, faulty] = [true, false].map((clean) =>
    replays.filter(({ faults }) => (faults.length === 0) === clean),
  ) as [Replay[], Replay[]];
  return [
    ...(clean.length > 0 ? [summaryTable(clean, 'Scores, clean')] : []),
    ...(faulty.length > 0 ? [summaryTable(faulty, 'Scores, with faults')] : []),
  ];
}

const DOCUMENT = new URL('../../../docs/continuity.md', import.meta.url);
const [BEGIN, END] = ['<!-- bench:continuity -->', '<!-- end of bench:continuity -->'];

/** Puts the tables between the two marks; what people wrote around them stays. */
function refreshDocument(tables: readonly Table[]): void {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`expected ${BEGIN} and ${END} in docs/continuity.md`);
  const block = `${BEGIN}\n\n${tables.map(renderMarkdown).join('\n')}\n`;
  writeFileSync(DOCUMENT, text.slice(0, begin) + block + text.slice(end));
}

function showTargets(rows: readonly Row[]): void {
  const aimed = rows.filter(({ met }) => met !== null);
  const missed = aimed.filter(({ met }) => met === false);
  console.log(`\n${aimed.length - missed.length} of ${aimed.length} targets met`);
  for (const { case: name, ours, target } of missed) {
    console.log(`  missed: ${name}: ${Number(ours.toPrecision(4))}, target ${target}`);
  }
}
