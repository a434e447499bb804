import { describe, expect, test } from 'vitest';
import { trainingSchema } from '../../../shared/model/training.ts';
import { openCheckpoint } from '../../../trainer/training/checkpoint.ts';
import { interpolate } from '../../../trainer/training/interpolate.ts';
import { beginTraining, type LoopOptions } from '../../../trainer/training/loop.ts';
import { rangeTest } from '../../../trainer/training/range-test.ts';
import type { Step } from '../../../trainer/training/trainable.ts';
import type { TrainingSet, WatchedWindow } from '../../../trainer/training/training-set.ts';
import { createToy, type Toy } from './toy.ts';

const SET: TrainingSet = { features: new Float32Array(8), labels: new Float32Array(8) };

const watchedAt = (...centers: readonly number[]): WatchedWindow[] =>
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

async function follow(toy: Toy, how: LoopOptions, watched: readonly WatchedWindow[] = []) {
  const training = beginTraining(toy, { train: SET, watched }, how);
  await training.run(how.training.epochs);
  return training;
}

describe('the loop', () => {
  test('goes on with half the rate, from the last good state, where a loss is not a number', async () => {
    const toy = createToy({ at: 8, breaksAbove: 0.3 });
    const { course } = await follow(toy, options());
    expect(course().halvings).toBe(1);
    expect(course().epochs.map(({ rate }) => rate)).toEqual(Array.from({ length: 6 }, () => 0.25));
    expect(course().epochs.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    expect(toy.at()).toBeLessThan(8);
  });

  test('an epoch that failed leaves no trace in what is counted', async () => {
    const calm = await follow(createToy({ at: 8 }), options({ learningRate: 0.25 }));
    const rough = await follow(createToy({ at: 8, breaksAbove: 0.3 }), options());
    expect(rough.course().steps).toBe(calm.course().steps);
    expect(rough.course().epochs.map(({ loss }) => loss)).toEqual(
      calm.course().epochs.map(({ loss }) => loss),
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
    const { epochs, best } = training.course();
    expect(epochs.length).toBe(best.epoch + 2);
    const rises = epochs.map(({ worst }) => worst?.rise as number);
    expect(rises[best.epoch - 1]).toBe(Math.min(...rises));
    training.restoreBest();
    expect(Math.abs(toy.at() - 3)).toBeLessThan(1);
  });

  test('the rate falls while a past window suffers', async () => {
    const how = options({ learningRate: 0.05, patience: 9 }, { fromChampion: true });
    const suffering = await follow(createToy({ at: 8 }), how, watchedAt(8, 0));
    const rates = suffering.course().epochs.map(({ rate }) => rate);
    expect(rates.slice(0, 3)).toEqual([0.05, 0.025, 0.0125]);
    const fine = await follow(createToy({ at: 8 }), how, watchedAt(0, 8));
    expect(fine.course().epochs.map(({ rate }) => rate)).toEqual(rates.map(() => 0.05));
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

  test('a checkpoint that was altered is refused by name', async () => {
    const training = await follow(createToy({ at: 8 }), options());
    const bytes = training.checkpoint();
    expect(openCheckpoint(bytes)?.course).toEqual(training.course());
    const altered = bytes.with(60, (bytes[60] as number) ^ 1);
    for (const wrong of [altered, bytes.subarray(0, 100), new Uint8Array()]) {
      expect(() =>
        beginTraining(createToy({ at: 8 }), { train: SET, watched: [] }, options(), wrong),
      ).toThrow('the checkpoint was truncated or altered');
    }
  });
});

describe('interpolation', () => {
  const mixOf = (candidate: number, windows: readonly WatchedWindow[], reference: readonly number[]) => {
    const toy = createToy({ at: candidate });
    const part = interpolate(toy, Float32Array.of(0), windows, reference, 'worst');
    return { part, at: toy.at() };
  };

  test('keeps the candidate where it is best', () => {
    expect(mixOf(10, watchedAt(10, 10), [100, 100])).toEqual({ part: 1, at: 10 });
  });

  test('goes back to the champion where that is best', () => {
    expect(mixOf(10, watchedAt(0, 0), [0, 0])).toEqual({ part: 0, at: 0 });
  });

  test('of equal mixtures, the candidate has the greatest part', () => {
    expect(mixOf(0, watchedAt(4, 4), [0, 0])).toEqual({ part: 1, at: 0 });
  });

  test('takes the middle where old and new windows ask for different things', () => {
    const { part, at } = mixOf(10, watchedAt(0, 10), [0, 0]);
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
  const step: Step = { rate: 0.1, random: { uniform: () => 0.5, below: () => 0 } };
  const toy = createToy({ at: 1 });
  toy.batch.targets.fill(0);
  toy.step(1, step);
  expect(toy.at()).toBeCloseTo(0.8, 6);
});
