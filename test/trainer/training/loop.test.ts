import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { trainingSchema } from '../../../shared/model/spec/training.ts';
import { UNLIMITED } from '../../../trainer/training/training-budget.ts';
import { beginTraining, type LoopOptions } from '../../../trainer/training/loop.ts';
import { rangeTest } from '../../../trainer/lr-find/range-test.ts';
import type { StepOptions } from '../../../trainer/training/models/trainable.ts';
import type { DataLoader, Dataset, ValidationWindow } from '../../../trainer/training/dataset.ts';
import { keepCheckpoint } from './keep-checkpoint.ts';
import { createToy, type Toy } from './toy.ts';

const SET: Dataset = { features: new Float32Array(8), labels: new Float32Array(8) };

const watchedAt = (...centers: readonly number[]): ValidationWindow[] =>
  centers.map((center, i) => ({
    id: `w${i + 1}`,
    past: i < centers.length - 1,
    set: { features: Float32Array.of(0), labels: Float32Array.of(center) },
  }));

const options = (changes: object = {}, more: Partial<LoopOptions> = {}): LoopOptions => ({
  training: trainingSchema.parse({ epochs: 6, batchSize: 4, learningRate: 0.5, ...changes }),
  seed: 1,
  fromChampion: false,
  ...more,
});

async function follow(toy: Toy, how: LoopOptions, watched: readonly ValidationWindow[] = []) {
  const training = await beginTraining(toy, { train: SET, watched }, how);
  await training.run(UNLIMITED);
  return training;
}

describe('the loop', () => {
  test('goes on with half the rate, from the last good state, where a loss is not a number', async () => {
    const toy = createToy({ at: 8, breaksAbove: 0.3 });
    const { history: course } = await follow(toy, options());
    expect(course().halvings).toBe(1);
    expect(course().epochs.map(({ rate }) => rate)).toEqual(Array.from({ length: 6 }, () => 0.25));
    expect(course().epochs.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    expect(toy.at()).toBeLessThan(8);
  });

  test('an epoch that failed leaves no trace in what is counted', async () => {
    const calm = await follow(createToy({ at: 8 }), options({ learningRate: 0.25 }));
    const rough = await follow(createToy({ at: 8, breaksAbove: 0.3 }), options());
    expect(rough.history().steps).toBe(calm.history().steps);
    expect(rough.history().epochs.map(({ loss }) => loss)).toEqual(
      calm.history().epochs.map(({ loss }) => loss),
    );
  });

  test('fails by name when no rate is small enough', async () => {
    await expect(follow(createToy({ at: 8, breaksAbove: 0 }), options())).rejects.toThrow(
      'the training loss became NaN in epoch 1, also after the rate was halved 5 times: lower training.learningRate',
    );
  });

  test('a validation loss that is not a number counts as well', async () => {
    const nowhere = watchedAt(Number.NaN);
    await expect(follow(createToy({ at: 8 }), options(), nowhere)).rejects.toThrow('loss became NaN');
  });

  test('stops when the worst window no longer gets better, and puts back the weights of its best epoch', async () => {
    // Training pulls to 0; one window wants 6, the other 0.
    const toy = createToy({ at: 8 });
    const training = await follow(
      toy,
      options({ epochs: 30, learningRate: 0.05, patience: 2, stopOn: 'worst', continuity: { watch: false } }),
      watchedAt(6, 0),
    );
    const { epochs, best } = training.history();
    expect(epochs.length).toBe(best.epoch + 2);
    const rises = epochs.map(({ worst }) => worst?.rise as number);
    expect(rises[best.epoch - 1]).toBe(Math.min(...rises));
    training.settle();
    expect(Math.abs(toy.at() - 3)).toBeLessThan(1);
  });

  test('the rate falls while a past window suffers', async () => {
    const how = options({ learningRate: 0.05, patience: 9 }, { fromChampion: true });
    const suffering = await follow(createToy({ at: 8 }), how, watchedAt(8, 0));
    const rates = suffering.history().epochs.map(({ rate }) => rate);
    expect(rates.slice(0, 3)).toEqual([0.05, 0.025, 0.0125]);
    const fine = await follow(createToy({ at: 8 }), how, watchedAt(0, 8));
    expect(fine.history().epochs.map(({ rate }) => rate)).toEqual(rates.map(() => 0.05));
  });

  test('what a hook does to a batch is what is learned from', async () => {
    const toy = createToy({ at: 8 });
    const seen: number[] = [];
    const prepare: LoopOptions['prepare'] = (batch, rows, random) => {
      batch.targets.fill(20, 0, rows);
      seen.push(random.uniform());
    };
    await follow(toy, options({}, { prepare }), []);
    expect(toy.at()).toBeGreaterThan(15);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

/** So many packs of a few examples each, as if they lay in a bucket: none is there but the one that was asked for. */
function createPacks(rows: readonly number[], loaded: number[] = []): DataLoader {
  return {
    size: 1,
    taught: false,
    rows,
    load: (pack) => {
      loaded.push(pack);
      const n = rows[pack] as number;
      const labels = Float32Array.from({ length: n }, (_, row) => Math.sin(7 * pack + row));
      return Promise.resolve({ features: new Float32Array(n), labels });
    },
  };
}

describe('a training that is left', () => {
  const asked = {
    epochs: 4,
    batchSize: 3,
    learningRate: 0.2,
    schedule: 'plateau',
    patience: 3,
    stopOn: 'worst',
    interpolation: 'validation',
  };
  const watched: ValidationWindow[] = [
    { id: 'old', past: true, set: createPacks([9, 8, 2]) },
    ...watchedAt(0.5),
  ];
  /** Draws from the generator, so that its place in the stream matters. */
  const prepare: LoopOptions['prepare'] = (batch, rows, random) => {
    for (let i = 0; i < rows; i++) batch.targets[i] = (batch.targets[i] as number) + random.uniform() / 4;
  };
  const how = options(asked, { fromChampion: true, prepare });
  /** Breaks in the first epochs, until the rate was halved. */
  const create = (): Toy => createToy({ at: 8, breaksAbove: 0.15 });

  /** @param turns  how many batches the turns have; the training is left where it says 0 */
  async function followTurns(train: Dataset | DataLoader, turns: readonly number[]) {
    let toy = create();
    let training = await beginTraining(toy, { train, watched }, how);
    let leavings = 0;
    for (let i = 0, over = false; !over; i++) {
      const batches = turns[i % turns.length] as number;
      if (batches === 0) {
        const kept = await keepCheckpoint(training.checkpoint());
        toy = create();
        training = await beginTraining(toy, { train, watched }, how, kept);
        leavings++;
      }
      over = await training.run({ batches: () => Math.max(1, batches), continues: async () => false });
    }
    const part = training.settle();
    return { course: training.history(), part, at: toy.at(), leavings };
  }

  test.each([
    ['in one pack', [10]],
    ['in packs', [6, 6, 5]],
  ])('and taken up, wherever and how often, ends as one that never stopped, %s', async (_, rows) => {
    const whole = await followTurns(createPacks(rows), [Infinity]);
    expect(whole.course.halvings).toBe(1);
    expect(whole.course.epochs.length).toBeGreaterThan(1);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(4), { minLength: 1, maxLength: 12 }).filter((turns) => turns.some((n) => n > 0)),
        async (turns) => {
          const left = await followTurns(createPacks(rows), turns);
          expect({ ...left, leavings: 0 }).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('is left in the middle of an epoch, of a pack, of the scoring and of the mixing alike', async () => {
    const everywhere = await followTurns(createPacks([6, 6, 5]), [0]);
    const whole = await followTurns(createPacks([6, 6, 5]), [Infinity]);
    expect(everywhere.leavings).toBeGreaterThan(100);
    expect(everywhere.at).toBe(whole.at);
  });

  test("learns from every pack once an epoch, in an order of the epoch's own", async () => {
    const loaded: number[] = [];
    const expected: number[] = [];
    const train: DataLoader = {
      ...createPacks([2, 2, 2, 2, 2, 2], loaded),
      prefetch: (pack) => void expected.push(pack),
    };
    const training = await beginTraining(
      createToy({ at: 1 }),
      { train, watched: [] },
      options({ epochs: 3 }),
    );
    await training.run(UNLIMITED);
    const epochs = [0, 6, 12].map((at) => loaded.slice(at, at + 6));
    for (const epoch of epochs) expect(epoch.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(new Set(epochs.map(String)).size).toBe(3);
    // Each but an epoch's first was announced while the one before was learned from.
    expect(expected).toEqual(epochs.flatMap((epoch) => epoch.slice(1)));
  });
});

describe('interpolation', () => {
  /** Learns what the candidate ends at from where the champion stands, and mixes the two. */
  const mixOf = async (candidate: number, windows: readonly ValidationWindow[], stopOn = 'worst') => {
    const toy = createToy({ at: 0 });
    const how = options(
      { epochs: 1, interpolation: 'validation', stopOn },
      { fromChampion: true, prepare: (batch, rows) => void batch.targets.fill(candidate, 0, rows) },
    );
    const part = (await follow(toy, how, windows)).settle();
    return { part, at: toy.at() };
  };

  test('keeps the candidate where it is best', async () => {
    expect(await mixOf(10, watchedAt(10, 10))).toEqual({ part: 1, at: 10 });
  });

  test('goes back to the champion where that is best', async () => {
    expect(await mixOf(10, watchedAt(0, 0))).toEqual({ part: 0, at: 0 });
  });

  test('of equal mixtures, the candidate has the greatest part', async () => {
    expect(await mixOf(0, watchedAt(4, 4))).toEqual({ part: 1, at: 0 });
  });

  test('takes the middle where old and new windows ask for different things', async () => {
    const { part, at } = await mixOf(10, watchedAt(0, 10), 'mean');
    expect(part).toBe(0.5);
    expect(at).toBeCloseTo(5, 5);
  });
});

describe('a range test', () => {
  test('finds where the loss falls fastest, stops where it breaks, and leaves the model as it was', () => {
    const toy = createToy({ at: 8, breaksAbove: 0.3 });
    const { points, suggestion } = rangeTest(toy, SET, { batchSize: 4, seed: 1, from: 1e-4, to: 10 });
    expect(toy.at()).toBe(8);
    expect(points.at(-1)?.rate).toBeLessThan(0.5);
    expect(points.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    expect(suggestion).toBeGreaterThan(1e-3);
    expect(suggestion).toBeLessThan(0.3);
  });

  test('ends where the loss has grown to four times the least', () => {
    const { points } = rangeTest(createToy({ at: 8 }), SET, { batchSize: 4, seed: 1, from: 0.01, to: 100 });
    expect(points.length).toBeLessThan(100);
    const losses = points.map(({ loss }) => loss);
    const [last, ...before] = losses.toReversed();
    expect(last).toBeGreaterThan(4 * Math.min(...before));
  });

  test('suggests nothing where nothing is learned', () => {
    expect(rangeTest(createToy({ at: 0 }), SET, { batchSize: 4, seed: 1 }).suggestion).toBeNull();
  });
});

test('a step is told the rate and where chance comes from', () => {
  const step: StepOptions = { rate: 0.1, random: { uniform: () => 0.5, below: () => 0 } };
  const toy = createToy({ at: 1 });
  toy.batch.targets.fill(0);
  toy.step(1, step);
  expect(toy.at()).toBeCloseTo(0.8, 6);
});
