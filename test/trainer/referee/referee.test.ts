import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { writeEvents } from '../../../shared/events/inbox.ts';
import { loadInput } from '../../../shared/events/stored-input.ts';
import { ask, candidateQuestion, levelOf, NEW_LEDGER } from '../../../shared/continuity/referee/ledger.ts';
import { createServable } from '../../../shared/model/run/predictor.ts';
import { loadHead } from '../../../shared/model/run/servable.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { loadLedger } from '../../../trainer/referee/ledger-file.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { promote } from '../../../shared/registry/champion/promotion.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { loadManifest } from '../../../shared/registry/versions/versions.ts';
import {
  predict,
  argmaxRows,
  openVersion,
  type LoadedVersion,
} from '../../../trainer/pipeline/features/judged-model.ts';
import { loadShard, shardsOf } from '../../../trainer/pipeline/data/snapshot-file.ts';
import { readExamples } from '../../../trainer/pipeline/features/features.ts';
import { findContenders, findNights, recipeOf } from '../../../trainer/referee/contenders.ts';
import { referee } from '../../../trainer/referee/referee.ts';
import { loadRehearsal } from '../../../trainer/referee/rehearsal.ts';
import { replay } from '../../../trainer/referee/replay.ts';
import { askQuestions } from '../../../trainer/referee/settle.ts';
import { copyOf } from '../../support/copy-of.ts';
import { blobEvents, type BlobNight, blobSpec, createBlobModel } from '../../support/tabular-model.ts';
import { openRunOf, type Opened, retrain } from '../open-run.ts';

const MODEL = 'blobs';
const HISTORY: BlobNight = { n: 1_500, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
const FIRST_NIGHT: BlobNight = { n: 60, seed: 2, fromMs: HISTORY.fromMs + 2 * HISTORY.n * 1_000, drift: 0.8 };
const SECOND_NIGHT: BlobNight = { n: 200, seed: 3, fromMs: FIRST_NIGHT.fromMs + 1_000_000, drift: 0.8 };
/** As the snapshot has it: one past its newest example. */
const LEARNED_BY_SECOND = FIRST_NIGHT.fromMs + (FIRST_NIGHT.n - 1) * 1_000 + 1;

/** Version 1 serves, version 2 was trained on the first night and waits; the second night's labels came since. */
let world: ObjectStore;
let firstNight: RunRecord;
let store: ObjectStore;
let opened: Opened;
let runs = 0;

beforeAll(async () => {
  world = createMemoryStore();
  await createBlobModel(world, MODEL, HISTORY);
  expect(await retrain(world, MODEL)).toMatchObject({ promoted: true, candidate: 1 });
  await collect(world, FIRST_NIGHT);
  firstNight = await retrain(world, MODEL, false);
  expect(firstNight).toMatchObject({ promoted: false, candidate: 2 });
  await collect(world, SECOND_NIGHT);
});

beforeEach(async () => {
  store = await copyOf(world);
  opened = await openRunOf(store, MODEL, String(runs++));
});

async function collect(to: ObjectStore, night: BlobNight): Promise<void> {
  await writeEvents(to, MODEL, blobEvents(night), new Date(night.fromMs));
}

async function withVersion<T>(version: number, use: (version: LoadedVersion) => Promise<T>): Promise<T> {
  const one = await openVersion(opened.ctx, version, opened.ctx.runtime);
  try {
    return await use(one);
  } finally {
    one.program.dispose();
  }
}

async function makeFormer(): Promise<void> {
  const by = { by: 'ada', reason: 'a test', force: true, at: new Date() };
  expect(await promote(store, MODEL, 2, by)).toMatchObject({ ok: true });
  opened = await openRunOf(store, MODEL, String(runs++));
}

/** What stands beside the champion, as a run would find it. */
async function standBeside() {
  const { ctx, snapshot } = opened;
  const contenders = await findContenders(ctx, ctx.run.championAtStart as number);
  return referee(ctx, snapshot, contenders, await askQuestions(ctx, 'of tonight', contenders));
}

async function damage(key: string): Promise<void> {
  const bytes = (await store.get(key))?.bytes.slice() as Uint8Array;
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
  await store.put(key, bytes);
}

describe('who stands beside the champion', () => {
  test('is a candidate that nobody refused, from what it did not learn', async () => {
    expect(await findContenders(opened.ctx, 1)).toMatchObject([
      { version: 2, kind: 'challenger', learnedToMs: LEARNED_BY_SECOND },
    ]);
  });

  test('is a champion of former times, though nobody could have promoted it again', async () => {
    await makeFormer();
    const found = await findContenders(opened.ctx, 2);
    expect(found.map(({ version, kind }) => [version, kind])).toEqual([[1, 'former champion']]);
  });

  test('is not a candidate that was refused, nor one of this run, nor one of other labels', async () => {
    const read = await loadManifest(store, MODEL, 2);
    if (!read.ok) throw new Error(read.error.detail);
    const { ctx } = opened;
    const changes = [
      { verdict: 'reject' as const },
      { run: ctx.run.id },
      { labels: ['blue', 'green', 'red'] },
      { snapshot: null },
    ];
    for (const change of changes) {
      const manifest = new TextEncoder().encode(JSON.stringify({ ...read.value, ...change }));
      await store.put(keys.manifest(MODEL, 2), manifest);
      expect(await findContenders(ctx, 1)).toEqual([]);
    }
  });

  test('is the two newest candidates, and never one that can’t be read', async () => {
    const read = await loadManifest(store, MODEL, 2);
    if (!read.ok) throw new Error(read.error.detail);
    const put = (version: number, text: string) =>
      store.put(keys.manifest(MODEL, version), new TextEncoder().encode(text));
    for (const version of [3, 4, 6]) await put(version, JSON.stringify({ ...read.value, version }));
    await put(5, '{');
    expect((await findContenders(opened.ctx, 1)).map(({ version }) => version)).toEqual([6, 4]);
  });
});

test('a recipe is what is trained and how, whatever the seed', () => {
  const spec = blobSpec(MODEL);
  expect(recipeOf({ ...spec, training: { ...spec.training, seed: 7 } })).toBe(recipeOf(spec));
  expect(recipeOf({ ...spec, training: { ...spec.training, epochs: 7 } })).not.toBe(recipeOf(spec));
  expect(recipeOf({ ...spec, head: [] })).not.toBe(recipeOf(spec));
});

test('the night of a candidate is what came after it was trained, beside the version that served then', async () => {
  const recipe = recipeOf(opened.ctx.spec);
  expect(await findNights(opened.ctx, recipe)).toEqual([
    { version: 2, rival: 1, fromMs: LEARNED_BY_SECOND, toMs: Infinity },
  ]);
  expect(await findNights(opened.ctx, 'another')).toEqual([]);
});

describe('a replay', () => {
  test('answers what the version would have answered in production, bit for bit', async () => {
    const { ctx, snapshot } = opened;
    const served = await loadManifest(store, MODEL, 2);
    if (!served.ok) throw new Error(served.error.detail);
    const head = await loadHead(store, ctx.runtime, served.value);
    if (!head.ok) throw new Error(head.error.detail);
    const servable = createServable(blobSpec(MODEL), served.value, null, head.value);
    const events = blobEvents(SECOND_NIGHT);
    const inputs = await Promise.all(
      events.map(async ({ input }) => {
        const read = await loadInput(store, MODEL, input, 2);
        if (!read.ok) throw new Error(read.error);
        return read.value;
      }),
    );
    // One by one, as requests come.
    const production = inputs.flatMap((input) => [...servable.predict([input])]);
    await withVersion(2, async (judged) => {
      const wanted = [{ number: 2, judged, fromMs: SECOND_NIGHT.fromMs }];
      const { times, labels, answers } = await replay(ctx, snapshot, wanted, []);
      expect([...times]).toEqual(events.map(({ at }) => at));
      expect([...labels]).toEqual(events.map(({ label }) => label));
      const first = snapshot.examples - SECOND_NIGHT.n;
      const positions = events.map((_, i) => first + i);
      const again = await predict(ctx, judged, await readExamples(ctx, snapshot, positions));
      expect([...again]).toEqual(production);
      expect([...(answers.get(2) ?? [])]).toEqual([
        ...argmaxRows(Float32Array.from(production), events.length),
      ]);
    });
  });

  test('leaves out what nobody believes, and asks nobody before its time', async () => {
    const { ctx, snapshot } = opened;
    const middle = SECOND_NIGHT.fromMs + 100_000;
    const apart = [{ fromMs: middle, toMs: middle + 10_000 }];
    await withVersion(1, (one) =>
      withVersion(2, async (two) => {
        const wanted = [
          { number: 1, judged: one, fromMs: SECOND_NIGHT.fromMs },
          { number: 2, judged: two, fromMs: middle },
        ];
        const { times, answers } = await replay(ctx, snapshot, wanted, apart);
        expect(times).toHaveLength(SECOND_NIGHT.n - 10);
        expect(times.some((at) => at >= middle && at < middle + 10_000)).toBe(false);
        const [first, second] = [answers.get(1), answers.get(2)];
        expect(first?.every((said) => Number.isInteger(said))).toBe(true);
        for (const [i, said] of second?.entries() ?? []) {
          expect(Number.isNaN(said)).toBe((times[i] as number) < middle);
        }
      }),
    );
  });

  test('tells repeated inputs by one id', async () => {
    const { ctx, snapshot } = opened;
    await withVersion(1, async (judged) => {
      const wanted = [{ number: 1, judged, fromMs: SECOND_NIGHT.fromMs }];
      const { contents, groups } = await replay(ctx, snapshot, wanted, []);
      expect(groups).toBeNull();
      const digests = (await Promise.all(shardsOf(snapshot).map((shard) => loadShard(store, MODEL, shard))))
        .flat()
        .slice(-SECOND_NIGHT.n)
        .map(({ input }) => input.digest);
      const known = new Map<string, number>();
      for (const [i, digest] of digests.entries()) {
        expect(contents[i]).toBe(known.get(digest) ?? known.size);
        known.set(digest, contents[i] as number);
      }
    });
  });
});

describe('the referee', () => {
  test('compares on what neither learned from, at a part of the level that was asked for', async () => {
    const record = await standBeside();
    expect(record).toMatchObject({ champion: 1, recipe: recipeOf(opened.ctx.spec) });
    expect(record?.contenders).toMatchObject([
      { version: 2, kind: 'challenger', fromMs: LEARNED_BY_SECOND, dropped: null, comparison: { n: 200 } },
    ]);
    const [{ comparison, level, floor } = { comparison: null, level: NaN, floor: NaN }] =
      record?.contenders ?? [];
    const right = async (version: number): Promise<number[]> =>
      withVersion(version, async (judged) => {
        const wanted = [{ number: version, judged, fromMs: SECOND_NIGHT.fromMs }];
        const { answers, labels } = await replay(opened.ctx, opened.snapshot, wanted, []);
        return Array.from(answers.get(version) ?? [], (said, i) => (said === labels[i] ? 1 : 0));
      });
    const [one, two] = [await right(1), await right(2)];
    const gains = two.filter((mine, i) => mine > (one[i] as number)).length;
    const losses = two.filter((mine, i) => mine < (one[i] as number)).length;
    expect(comparison).toMatchObject({ gains, losses });
    expect(comparison?.mean).toBeCloseTo((gains - losses) / 200, 12);
    expect(floor).toBe(-opened.ctx.spec.gate.margins.current);
    expect(level).toBeGreaterThan(0);
    expect(level).toBeLessThan(opened.ctx.spec.gate.alpha);
  });

  test('drops a damaged challenger by name, and the champion stays where it is', async () => {
    await damage(keys.versionFile(MODEL, 2, 'edge.bin'));
    const record = await standBeside();
    expect(record?.contenders).toMatchObject([
      {
        version: 2,
        judgement: null,
        comparison: { n: 0 },
        dropped: expect.stringMatching(/version 2.*edge\.bin/) as string,
      },
    ]);
    const run = await retrain(store, MODEL);
    expect(run).toMatchObject({ status: 'complete', championAtStart: 1 });
    expect(run.winner).toBeUndefined();
    const note = run.steps.find(({ name }) => name === 'referee')?.note;
    expect(note).toMatch(/version 2 is out: version 2.*edge\.bin/);
  });

  test('gives a former champion a question of its own, in which it has to be better', async () => {
    await makeFormer();
    const record = await standBeside();
    expect(record?.contenders).toMatchObject([
      { version: 1, kind: 'former champion', floor: 0, dropped: null },
    ]);
    const ledger = await loadLedger(store, MODEL);
    expect(Object.keys((ledger.ok && ledger.value?.state.levels) || {})).toContain(
      'former champions against 2',
    );
  });

  test('that is asked again gives what it wrote down', async () => {
    const before = await standBeside();
    await damage(keys.versionFile(MODEL, 2, 'edge.bin'));
    expect(await standBeside()).toMatchObject(before as object);
  });

  test('has nothing to say where nobody serves', async () => {
    const { ctx, snapshot } = opened;
    const nobody = { ...ctx, run: { ...ctx.run, championAtStart: null } };
    expect(await referee(nobody, snapshot, [], NEW_LEDGER)).toBeNull();
    expect(await askQuestions(nobody, 'of tonight', [])).toMatchObject({
      tests: expect.any(Number) as number,
    });
  });

  test('a question that is asked twice costs once', () => {
    const question = candidateQuestion('abc');
    const once = ask(NEW_LEDGER, question, 0.05);
    expect(ask(once, question, 0.05)).toBe(once);
    expect(levelOf(once, question)).toBeCloseTo(0.66 * 0.05, 12);
  });
});

describe('a rehearsal', () => {
  test('is held once, on a recipe that has no night yet, and tried on half of the new labels', async () => {
    const names = firstNight.steps.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('rehearsal'))).toEqual([
      'rehearsal fine-tune',
      'rehearsal referee',
    ]);
    const note = firstNight.steps.find(({ name }) => name === 'rehearsal referee')?.note;
    expect(note).toMatch(
      /^trained up to the middle of tonight's labels; of the other 30, \d+ are right only/,
    );
    const tally = await loadRehearsal({ ...opened.ctx, run: firstNight });
    const units = [...(tally ?? [])].reduce((sum, [, count]) => sum + count, 0);
    expect(units).toBeGreaterThan(0);
    expect(units).toBeLessThanOrEqual(30);
    expect(await loadRehearsal(opened.ctx)).toBeNull();
  });

  test('is not held again once the recipe has lived through a night', async () => {
    const run = await retrain(store, MODEL);
    expect(run.status).toBe('complete');
    expect(run.steps.some(({ name }) => name.startsWith('rehearsal'))).toBe(false);
  });
});
