/**
 * The replay is honest by construction: nobody sees a label before its time, the oracle is a ceiling, what is counted is
 * what the edge serves, and the same seed gives the same table.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { createRandom } from '../../../shared/random.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { loadWasmModule } from '../../../shared/model/run/wasm-node.ts';
import type { Host } from '../../../trainer/run/context.ts';
import { createNodeHost } from '../../../trainer/node/node-host.ts';
import { createEdge } from '../../functions/support.ts';
import { createClock, createTimetable } from './lives/clock.ts';
import { type LifeRecord, runLife } from './lives/courses.ts';
import { createLife, toInstance } from './lives/life.ts';
import { planJobs } from './lives/jobs.ts';
import { specOf, STRATEGIES } from './lives/strategies.ts';
import { measure, requirementOf } from './measures/measures.ts';
import { describeReplay, gatherOutcomes, type LivedJob, type Replayed } from './measures/outcomes.ts';
import { generateStream } from './streams/generated.ts';
import { cutNights, type Nights, type Row, type Stream } from './streams/stream.ts';

const NIGHTS = 3;
const NAMES = STRATEGIES.map(({ name }) => name);

let host: Host;
beforeAll(async () => {
  const whole = await createNodeHost({ store: createMemoryStore(), threads: 1 });
  // How long a prediction takes is not asked here, and finding out takes most of a small night.
  const stopwatch = async (work: () => void) => (work(), 10);
  host = { ...whole, stopwatch };
});

function cut({ rows }: Stream): Nights {
  const nights = cutNights(rows.length, NIGHTS);
  if (!nights.ok) throw new Error(nights.error);
  return nights.value;
}

/** A small stream: few rows, few epochs, and no wait, so that every night trains. */
function small(stream: Stream, rows: number): Stream {
  const model = { training: { epochs: 6 }, gate: { minimum: { current: 1 } } };
  return { ...stream, rows: stream.rows.slice(0, rows), changes: [], model };
}

async function live(stream: Stream, wanted: readonly string[] = NAMES): Promise<LivedJob[]> {
  const nights = cut(stream);
  const condition = {
    stream: { name: stream.name, rows: null, csv: null },
    nights: NIGHTS,
    seed: 1,
    faults: [],
  };
  const lived: LivedJob[] = [];
  for (const job of planJobs(condition, wanted, [])) {
    lived.push({ job, life: await runLife(host, { ...job, stream, nights, base: null }) });
  }
  return lived;
}

const accuracy = (losses: Float32Array): number =>
  1 - losses.reduce((sum, loss) => sum + loss, 0) / losses.length;

/**
 * Labels by chance, features that say nothing, and one that tells the label of the row so many rows before: a log that
 * is read beyond its time holds the truth.
 */
function leakingStream(rowsLate: number): Stream {
  const random = createRandom(7);
  const labels = Array.from({ length: 480 }, () => random.below(2));
  const rows = labels.map((label, i): Row => {
    const told = labels[i - rowsLate] ?? 0;
    return { raw: Float32Array.of(told, random.uniform(), random.uniform()), label };
  });
  const features = ['told', 'a', 'b'].map((name) => ({ name, type: 'number' as const }));
  const stream: Stream = {
    name: 'leaking',
    part: '',
    task: { task: 'classification', labels: ['no', 'yes'] },
    input: { kind: 'tabular', features },
    rows,
    season: null,
    changes: [],
    relabelled: false,
  };
  return small(stream, rows.length);
}

describe('a label in the future of the log', () => {
  test('helps no strategy', async () => {
    const stream = leakingStream(1);
    const outcomes = gatherOutcomes(describeReplay(stream, cut(stream)), await live(stream), NAMES);
    for (const { strategy, losses } of outcomes) {
      // four standard errors of a fair coin; the oracle is the best of some twenty
      if (strategy !== 'oracle')
        expect(accuracy(losses), strategy).toBeLessThan(0.5 + 4 * (0.5 / Math.sqrt(432)));
    }
  });

  test('would show: told in the same row, it is used by everybody', async () => {
    const stream = leakingStream(0);
    const outcomes = gatherOutcomes(describeReplay(stream, cut(stream)), await live(stream), NAMES);
    for (const { strategy, losses } of outcomes) expect(accuracy(losses), strategy).toBeGreaterThan(0.75);
  });
});

describe('the block that is being predicted', () => {
  test('in another order changes neither its predictions row by row nor any choice before', async () => {
    const stream = small(generateStream('generated-quick', 1), 400);
    const nights = cut(stream);
    const block = nights.blocks[1] ?? { from: 0, to: 0 };
    const turned = stream.rows.slice(block.from, block.to).toReversed();
    const shuffled = {
      ...stream,
      rows: [...stream.rows.slice(0, block.from), ...turned, ...stream.rows.slice(block.to)],
    };
    for (const recipe of ['ours', 'window'] as const) {
      const task = {
        nights,
        recipe,
        rules: ['always' as const],
        faults: [],
        seed: 1,
        policy: null,
        base: null,
      };
      const [straight, reversed] = [
        await runLife(host, { ...task, stream }),
        await runLife(host, { ...task, stream: shuffled }),
      ];
      expect(choicesBefore(reversed, 1)).toEqual(choicesBefore(straight, 1));
      expect(servedOn(reversed, nights, 1).toReversed()).toEqual(servedOn(straight, nights, 1));
    }
  });
});

/** What served up to a block, and what the runs before it made and said. */
function choicesBefore({ courses, nights, versions }: LifeRecord, block: number) {
  return {
    serving: courses[0]?.serving.slice(0, block + 1),
    nights: nights
      .slice(0, block)
      .map(({ candidate, verdict, summary }) => ({ candidate, verdict, summary })),
    versions: versions.filter(({ after }) => after < block).length,
  };
}

function servedOn(
  { courses, versions }: LifeRecord,
  { history, blocks }: Nights,
  block: number,
): Float32Array {
  const { from, to } = blocks[block] ?? { from: 0, to: 0 };
  const version = versions[courses[0]?.serving[block] ?? -1];
  return version?.answers.slice(from - history.to, to - history.to) ?? new Float32Array();
}

describe('a replay of every strategy', () => {
  let stream: Stream;
  let replayed: Replayed;
  let lived: LivedJob[];
  beforeAll(async () => {
    stream = small(generateStream('generated-quick', 1), 400);
    replayed = describeReplay(stream, cut(stream));
    lived = await live(stream);
  });

  test('has an oracle that is never below any of them, on any block', () => {
    const outcomes = gatherOutcomes(replayed, lived, NAMES);
    const scores = new Map(
      outcomes.map((outcome) => [outcome.strategy, measure(replayed, outcome, 0.5).scores] as const),
    );
    expect(scores.size).toBe(NAMES.length + 1);
    for (const [strategy, own] of scores) {
      for (const [block, score] of own.entries()) {
        expect(scores.get('oracle')?.[block], `${strategy} on block ${block}`).toBeGreaterThanOrEqual(score);
      }
    }
  });

  test('comes out the same from the same seed', async () => {
    const table = (lives: readonly LivedJob[]) => {
      const outcomes = gatherOutcomes(replayed, lives, NAMES);
      const required = requirementOf(replayed, outcomes[0] ?? { losses: new Float32Array() });
      return outcomes.map((outcome) => ({
        ...measure(replayed, outcome, required),
        strategy: outcome.strategy,
        secondsANight: 0,
      }));
    };
    expect(table(await live(stream))).toEqual(table(lived));
  });

  test('has a "nobody retrains" that is the first version as the edge serves it over HTTP', async () => {
    const nights = cut(stream);
    const timetable = createTimetable(nights);
    const spec = specOf(stream, 'ours', 'gate', 1, null);
    const life = await createLife(host, createClock(), spec);
    const history = stream.rows.slice(0, nights.history.to);
    await life.importRows(history.map((row, i) => ({ ...row, atMs: timetable.rowMs(i) })));
    const { candidate } = await life.run(timetable.runMs(-1));
    if ((await life.champion()) === null) await life.promote(candidate ?? 0, 'the first one');
    const edge = createEdge(life.store, await loadWasmModule(), { maxInstances: 1_000 });
    const rows = stream.rows.slice(nights.history.to);
    const instances = rows.map(({ raw }) => toInstance(spec, raw));
    const response = await edge.predict(spec.name, { instances });
    const { labels } = (await response.json()) as { labels: string[] };
    const nobody = gatherOutcomes(replayed, lived, NAMES).find(({ strategy }) => strategy === 'nobody');
    const names = stream.task.task === 'classification' ? stream.task.labels : [];
    expect(labels).toEqual([...(nobody?.answers ?? [])].map((id) => names[id]));
  });
});
