import { describe, expect, test } from 'vitest';
import {
  meanOf,
  poolWindows,
  scoreOf,
  type WindowScore,
  worstOf,
} from '../../../trainer/training/validation.ts';

const score = (id: string, loss: number, examples = 10): WindowScore => ({
  id,
  past: true,
  examples,
  loss,
  accuracy: 1 - loss / 10,
});

describe('scores by window', () => {
  test('their mean is over examples, not over windows', () => {
    expect(meanOf([score('a', 1, 10), score('b', 4, 30)])?.loss).toBeCloseTo(3.25, 12);
    expect(meanOf([])).toBeNull();
  });

  test('the worst is the one that rose most, not the one that is hardest', () => {
    const scores = [score('hard', 3), score('forgotten', 1)];
    expect(worstOf(scores, [3, 0.2])).toEqual({ id: 'forgotten', rise: 0.8 });
    expect(worstOf(scores, null)).toEqual({ id: 'hard', rise: 3 });
  });

  test('what is to be small is the mean or the worst, as the recipe says', () => {
    const scores = [score('a', 1), score('b', 3)];
    expect(scoreOf(scores, [0, 3], 'mean')).toBe(2);
    expect(scoreOf(scores, [0, 3], 'worst')).toBe(1);
    expect(scoreOf([], null, 'worst')).toBeNull();
  });
});

describe('small windows', () => {
  const window = (id: string, n: number, past = true) => ({
    id,
    past,
    positions: Array.from({ length: n }, (_, i) => i),
  });
  const pool = (...windows: ReturnType<typeof window>[]) =>
    poolWindows(windows, 10).map(({ id, positions }) => [id, positions.length]);

  test('are watched as one with their neighbours', () => {
    expect(pool(window('w1', 4), window('w2', 4), window('w3', 4), window('w4', 20))).toEqual([
      ['w1 to w3', 12],
      ['w4', 20],
    ]);
  });

  test('at the end of the past join the one before', () => {
    expect(pool(window('w1', 20), window('w2', 4), window('w3', 3, false))).toEqual([
      ['w1 to w2', 24],
      ['w3', 3],
    ]);
  });

  test('never join the past to the present, and disappear when they are empty', () => {
    expect(pool(window('w1', 4), window('w2', 4, false))).toEqual([
      ['w1', 4],
      ['w2', 4],
    ]);
    expect(pool(window('w1', 0), window('w2', 0, false))).toEqual([]);
  });
});
