/**
 * The lives of a stream, block by block: what was made, what served, what was said. Test, then train: a block is
 * answered before its labels are anywhere, and they come after it and before the run that follows.
 */
import { assignSide } from '../../../../trainer/pipeline/data/holdout.ts';
import { storeInline } from '../../../../shared/events/stored-input.ts';
import type { Spec } from '../../../../shared/model/spec/spec.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import type { RunRecord } from '../../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import type { Host } from '../../../../trainer/run/context.ts';
import { createClock, createTimetable, type SimulatedClock, type Timetable } from './clock.ts';
import { collect, type Collected, type Fault } from '../streams/collect.ts';
import { createLife, type Life } from './life.ts';
import type { SeenRow } from './serving.ts';
import { type Policy, type RecipeName, type Rule, specOf, WINDOW_BLOCKS } from './strategies.ts';
import type { Nights, Row, Stream } from '../streams/stream.ts';

export interface VersionMade {
  /** The block after which it was trained; -1 for the history. */
  readonly after: number;
  /** What it answers to every row of every block, [rows of all blocks]. */
  readonly answers: Float32Array;
}

export interface NightNote {
  readonly status: RunRecord['status'];
  readonly verdict: string | null;
  readonly summary: string;
  /** Index of the version that the run made; null where it made none. */
  readonly candidate: number | null;
  readonly seconds: number;
  readonly fault: string | null;
}

/** What one strategy did with the versions of its life. */
export interface Course {
  readonly rule: Rule;
  /** By block: the index of the version that served it. */
  readonly serving: readonly number[];
}

export interface LifeRecord {
  /** Why there was never a version; null where it lived. */
  readonly failed: string | null;
  readonly versions: readonly VersionMade[];
  /** By block: the run that followed it. */
  readonly nights: readonly NightNote[];
  /** Of the history's run. */
  readonly first: NightNote | null;
  readonly courses: readonly Course[];
}

export interface LifeTask {
  readonly stream: Stream;
  readonly nights: Nights;
  readonly recipe: RecipeName;
  /** Rules whose courses are wanted. A life that depends on who serves has one. */
  readonly rules: readonly Rule[];
  readonly faults: readonly Fault[];
  readonly seed: number;
  readonly policy: Policy | null;
  readonly base: FrozenBase | null;
}

/** A base that is imported already, somewhere else. */
export interface FrozenBase {
  readonly digest: string;
  copyTo(store: ObjectStore): Promise<void>;
}

/** Whether what is trained depends on what serves. */
export function dependsOnServing(recipe: RecipeName): boolean {
  return recipe === 'ours' || recipe === 'newest';
}

/** Lives a life from its history to its last night. */
export async function runLife(host: Host, task: LifeTask): Promise<LifeRecord> {
  const world = createWorld(host, task);
  return dependsOnServing(task.recipe) ? liveAlong(world) : trainEachNight(world);
}

interface World extends LifeTask {
  readonly collected: readonly Collected[];
  readonly timetable: Timetable;
  /** Rows of all blocks. */
  readonly served: readonly Row[];
  open(rule: Rule): Promise<{ readonly life: Life; readonly clock: SimulatedClock }>;
}

function createWorld(host: Host, task: LifeTask): World {
  const { stream, nights, faults, seed, base } = task;
  return {
    ...task,
    collected: collect(stream, nights, faults, seed),
    timetable: createTimetable(nights),
    served: stream.rows.slice(nights.history.to, nights.blocks.at(-1)?.to),
    async open(rule) {
      const spec = specOf(stream, task.recipe, rule, seed, task.policy, base?.digest);
      const clock = createClock();
      return {
        life: await createLife(host, clock, spec, async (store) => base?.copyTo(store)),
        clock,
      };
    },
  };
}

const seen = ({ stream, timetable }: World, row: number): SeenRow => ({
  ...(stream.rows[row] as Row),
  atMs: timetable.rowMs(row),
});

function rowsOf(world: World, from: number, to: number): SeenRow[] {
  return Array.from({ length: to - from }, (_, i) => seen(world, from + i));
}

/** A model that lives on from night to night. */
async function liveAlong(world: World): Promise<LifeRecord> {
  const { nights, timetable, collected } = world;
  const rule = world.rules[0] ?? 'gate';
  const { life, clock } = await world.open(rule);
  clock.set(timetable.runMs(-1));
  await life.importRows(rowsOf(world, 0, nights.history.to));
  const first = await timed(() => life.run(timetable.runMs(-1)));
  const book = createBook(world, life);
  await book.enter(-1);
  if (first.run.candidate === null) return stillborn(describeNight(first, null, book));
  if ((await life.champion()) === null) await life.promote(first.run.candidate, 'the first one');
  const serving: number[] = [];
  const notes: NightNote[] = [];
  for (const [block, { from, to }] of nights.blocks.entries()) {
    const rows = rowsOf(world, from, to);
    const champion = await life.champion();
    const { answers, ids } = await life.serve(rows);
    serving.push(book.indexOf(champion as number));
    book.check(champion as number, block, answers);
    const came = collected[block] as Collected;
    if (world.recipe === 'newest') await forget(life);
    await life.giveLabels(toReturned(rows, ids, came), timetable.labelsMs(block));
    const night = await timed(() => life.run(timetable.runMs(block)));
    await book.enter(block);
    notes.push(describeNight(night, came.fault, book));
    if (night.run.candidate !== null) {
      await decide(world, life, rule, block, book, champion as number, night.run.candidate);
    }
  }
  return {
    failed: null,
    versions: book.versions,
    nights: notes,
    first: describeNight(first, null, book),
    courses: [{ rule, serving }],
  };
}

function stillborn(first: NightNote): LifeRecord {
  return { failed: first.summary, versions: [], nights: [], first, courses: [] };
}

/** What a person, or a script of one line, does with a candidate. */
async function decide(
  world: World,
  life: Life,
  rule: Rule,
  block: number,
  book: Book,
  champion: number,
  candidate: number,
): Promise<void> {
  if (rule === 'gate' || (await life.champion()) !== champion) return;
  const pair = [book.version(champion), book.version(candidate)] as const;
  if (rule === 'point' && !scoresNoWorse(world, life.spec, block, ...pair)) return;
  await life.promote(candidate, rule === 'always' ? 'promoted always' : 'no worse on the held-out rows');
}

/** By the point estimate, on those rows of the newest block that are held out, with the labels that came. */
function scoresNoWorse(
  { nights, stream, collected }: World,
  spec: Spec,
  block: number,
  champion: VersionMade,
  candidate: VersionMade,
): boolean {
  const { from, to } = nights.blocks[block] ?? { from: 0, to: 0 };
  const fractions = { holdout: spec.holdout.fraction, validation: spec.training.validation };
  let gain = 0;
  for (let row = from; row < to; row++) {
    const { label } = collected[block]?.rows[row - from] ?? { label: null };
    const { raw } = stream.rows[row] as Row;
    if (label === null) continue;
    if (assignSide(spec.salt, `input:${storeInline(raw).digest}`, fractions) !== 'holdout') continue;
    const at = row - nights.history.to;
    gain += lossOf(spec, champion.answers[at], label) - lossOf(spec, candidate.answers[at], label);
  }
  return gain >= 0;
}

/** 1 for a wrong answer; of a regression the absolute error. */
export function lossOf(spec: Pick<Spec, 'task'>, answer: number | undefined, label: number): number {
  if (answer === undefined) return Number.NaN;
  return spec.task === 'regression' ? Math.abs(answer - label) : answer === label ? 0 : 1;
}

/** A bucket whose lifecycle rule deletes what is older than the newest block. */
async function forget({ store, spec }: Life): Promise<void> {
  for (const key of await store.list(keys.eventsPrefix(spec.name))) await store.delete(key);
}

function toReturned(rows: readonly SeenRow[], ids: readonly string[], { rows: came }: Collected) {
  return came.flatMap(({ label, raw }, i) =>
    label === null
      ? []
      : [
          {
            label,
            prediction: ids[i] ?? '',
            damaged: raw === null ? null : { raw, atMs: rows[i]?.atMs ?? 0 },
          },
        ],
  );
}

/** Each night another model, from nothing: nothing of it depends on what serves. */
async function trainEachNight(world: World): Promise<LifeRecord> {
  const { nights, timetable, collected, stream } = world;
  const history = rowsOf(world, 0, nights.history.to);
  const labelled: SeenRow[][] = [history];
  const versions: VersionMade[] = [];
  const notes: NightNote[] = [];
  let spec: Spec | null = null;
  for (let block = -1; block < nights.blocks.length; block++) {
    const { from = 0, to = 0 } = nights.blocks[block] ?? {};
    if (block >= 0) labelled.push(asCollected(rowsOf(world, from, to), collected[block] as Collected));
    const { life, clock } = await world.open('always');
    clock.set(timetable.runMs(block));
    spec = life.spec;
    await life.importRows(inWindow(world, labelled));
    const night = await timed(() => life.run(timetable.runMs(block)));
    const { candidate } = night.run;
    if (candidate !== null) {
      versions.push({ after: block, answers: await life.answer(candidate, world.served) });
    }
    const made = candidate === null ? null : versions.length - 1;
    notes.push(noteOf(night, made, collected[block]?.fault ?? null));
    if (block === -1 && candidate === null) return stillborn(notes[0] as NightNote);
  }
  const courses = world.rules.map((rule) => choose(world, spec as Spec, rule, versions, notes.slice(1)));
  return { failed: null, versions, nights: notes.slice(1), first: notes[0] ?? null, courses };

  function inWindow({ recipe }: World, parts: readonly SeenRow[][]): SeenRow[] {
    if (recipe !== 'window') return parts.flat();
    const rows = parts.flat();
    const size = Math.round((stream.rows.length - nights.history.to) / nights.blocks.length) * WINDOW_BLOCKS;
    return rows.slice(-size);
  }
}

function asCollected(rows: readonly SeenRow[], { rows: came }: Collected): SeenRow[] {
  return rows.flatMap((row, i) => {
    const { label, raw } = came[i] ?? { label: null, raw: null };
    return label === null ? [] : [{ ...row, label, raw: raw ?? row.raw }];
  });
}

/** Which of the versions served, where somebody decides each night by a rule. */
function choose(
  world: World,
  spec: Spec,
  rule: Rule,
  versions: readonly VersionMade[],
  notes: readonly NightNote[],
): Course {
  let champion = 0;
  const serving = [0];
  for (const [block, { candidate }] of notes.entries()) {
    if (candidate !== null) {
      const pair = [versions[champion], versions[candidate]] as [VersionMade, VersionMade];
      if (rule === 'always' || scoresNoWorse(world, spec, block, ...pair)) champion = candidate;
    }
    serving.push(champion);
  }
  return { rule, serving: serving.slice(0, world.nights.blocks.length) };
}

interface Timed {
  readonly run: RunRecord;
  readonly seconds: number;
}

async function timed(work: () => Promise<RunRecord>): Promise<Timed> {
  const startMs = performance.now();
  const run = await work();
  return { run, seconds: (performance.now() - startMs) / 1_000 };
}

/** A life's versions by their numbers, each asked once about all blocks. */
interface Book {
  readonly versions: readonly VersionMade[];
  /** Takes note of what was published since. */
  enter(after: number): Promise<void>;
  indexOf(version: number): number;
  version(version: number): VersionMade;
  /** @throws Error where what served differs from what the version answers by itself */
  check(version: number, block: number, answers: Float32Array): void;
}

function createBook({ served, nights }: World, life: Life): Book {
  const versions: VersionMade[] = [];
  const index = new Map<number, number>();
  const indexOf = (version: number): number => index.get(version) ?? -1;
  return {
    versions,
    indexOf,
    async enter(after) {
      for (const version of await life.versions()) {
        if (index.has(version)) continue;
        index.set(version, versions.length);
        versions.push({ after, answers: await life.answer(version, served) });
      }
    },
    version: (version) => versions[indexOf(version)] as VersionMade,
    check(version, block, answers) {
      const from = (nights.blocks[block]?.from ?? 0) - nights.history.to;
      const own = versions[indexOf(version)]?.answers.subarray(from, from + answers.length);
      if (own === undefined || answers.some((answer, i) => answer !== own[i])) {
        throw new Error(`block ${block}: version ${version} did not serve what it answers`);
      }
    },
  };
}

function describeNight(night: Timed, fault: string | null, book: Book): NightNote {
  const { candidate } = night.run;
  return noteOf(night, candidate === null ? null : book.indexOf(candidate), fault);
}

function noteOf({ run, seconds }: Timed, candidate: number | null, fault: string | null): NightNote {
  const { status, verdict, summary, error } = run;
  return { status, verdict, summary: summary ?? error ?? status, candidate, seconds, fault };
}
