import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compareAnswers,
  type ChallengerComparison,
  judgeChallenger,
  NOTHING_SEEN,
} from '../../../../shared/continuity/referee/challenger-comparison.ts';
import { logWealth, mergeTallies } from '../../../../shared/continuity/statistics/e-process.ts';
import { createRandom, shuffle } from '../../../../shared/random.ts';

const MARGIN = -0.01;

/** So many gains, losses and ties, well mixed. */
function counts(gains: number, losses: number, ties: number, seed = 1): ChallengerComparison {
  const values = [gains, losses, ties].flatMap((k, i) => Array<number>(k).fill([1, -1, 0][i] as number));
  return compareAnswers({ differences: shuffle(Float64Array.from(values), createRandom(seed)) });
}

test('counts what only one of both had right', () => {
  expect(compareAnswers({ differences: Float64Array.of(1, 0, -1, 1, 0.5) })).toMatchObject({
    n: 5,
    gains: 3,
    losses: 1,
    mean: 0.3,
    blockLength: 1,
    share: 1,
  });
  expect(compareAnswers({ differences: new Float64Array(0) })).toBe(NOTHING_SEEN);
});

test('the labels of a late night, in 1,000 orders of arrival: the same verdict, bit for bit', () => {
  const random = createRandom(30);
  const n = 300;
  const rows = Array.from({ length: n }, (_, i) => ({
    at: i,
    group: i % 3 === 0 ? Math.floor(random.uniform() * 40) : -1,
    content: Math.floor(random.uniform() * 200),
    difference: random.uniform() < 0.06 ? 1 : random.uniform() < 0.03 ? -1 : 0,
  }));
  const order = Int32Array.from(rows, (_, i) => i);
  // Whoever hands them over sorts by when the input was seen; units are named by what they are.
  const judge = (arrived: Int32Array): unknown => {
    const sorted = [...arrived].map((i) => rows[i] as (typeof rows)[number]).sort((a, b) => a.at - b.at);
    const comparison = compareAnswers({
      differences: Float64Array.from(sorted, ({ difference }) => difference),
      groups: Int32Array.from(sorted, ({ group }) => group),
      contents: Int32Array.from(sorted, ({ content }) => content),
    });
    return {
      ...comparison,
      units: [...comparison.units].sort(([a], [b]) => a - b),
      ...judgeChallenger(comparison, MARGIN, 0.01),
    };
  };
  const expected = judge(order);
  for (let i = 0; i < 1_000; i++) expect(judge(shuffle(order, random))).toEqual(expected);
});

test('names are only names: other numbers for the same groups and inputs change no bit', () => {
  const random = createRandom(4);
  const ids = Int32Array.from({ length: 200 }, () => Math.floor(random.uniform() * 30));
  const differences = Float64Array.from({ length: 200 }, () => Math.floor(3 * random.uniform()) - 1);
  const renamed = ids.map((id) => 1_000 - 7 * id);
  const wealth = (contents: Int32Array): number =>
    logWealth(compareAnswers({ differences, contents }).units, MARGIN);
  expect(wealth(renamed)).toBe(wealth(ids));
});

test('two parts of groups that do not meet are worth what the whole is', () => {
  const [a, b] = [0, 1].map((part) => ({
    differences: Float64Array.from({ length: 60 }, (_, i) =>
      (i * 7 + part) % 5 === 0 ? 1 : i % 11 === 0 ? -1 : 0,
    ),
    groups: Int32Array.from({ length: 60 }, (_, i) => 100 * part + (i % 20)),
  })) as [
    { differences: Float64Array; groups: Int32Array },
    { differences: Float64Array; groups: Int32Array },
  ];
  const whole = compareAnswers({
    differences: Float64Array.from([...a.differences, ...b.differences]),
    groups: Int32Array.from([...a.groups, ...b.groups]),
  });
  const parts = mergeTallies([compareAnswers(a).units, compareAnswers(b).units]);
  expect(logWealth(parts, MARGIN)).toBe(logWealth(whole.units, MARGIN));
});

describe('a judgement', () => {
  test('of nothing is open, with nothing to say about how long', () => {
    expect(judgeChallenger(NOTHING_SEEN, MARGIN, 0.01)).toEqual({
      finding: 'open',
      progress: 0,
      moreLabels: null,
    });
  });

  test('better: 60 gains and 10 losses of 1,000', () => {
    expect(judgeChallenger(counts(60, 10, 930), MARGIN, 0.001)).toEqual({
      finding: 'better',
      progress: 1,
      moreLabels: 0,
    });
  });

  test('worse: the same the other way round', () => {
    expect(judgeChallenger(counts(10, 60, 930), MARGIN, 0.001).finding).toBe('worse');
  });

  test('worse is never said of one that is better by the margin as far as one can see', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), fc.nat(600), (gains, losses, ties) => {
        const comparison = counts(gains, losses, ties);
        const { finding } = judgeChallenger(comparison, MARGIN, 0.05);
        if (finding === 'worse') expect(comparison.mean).toBeLessThanOrEqual(MARGIN);
        if (finding === 'better') expect(comparison.mean).toBeGreaterThan(MARGIN);
      }),
      { numRuns: 300 },
    );
  });

  test('the better side can not be shown worse by the same labels, seen from the other side', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), fc.nat(300), (gains, losses, ties) => {
        const values = [gains, losses, ties].flatMap((k, i) =>
          Array<number>(k).fill([1, -1, 0][i] as number),
        );
        const differences = shuffle(Float64Array.from(values), createRandom(gains));
        const mine = judgeChallenger(compareAnswers({ differences }), 0, 0.05).finding;
        const opposite = differences.map((x) => -x);
        const theirs = judgeChallenger(compareAnswers({ differences: opposite }), 0, 0.05).finding;
        expect(theirs).toBe({ better: 'worse', worse: 'better', open: 'open' }[mine]);
      }),
      { numRuns: 300 },
    );
  });

  test('the forecast is about right: so many more labels of the same kind decide, and much fewer do not', () => {
    for (const [gains, losses] of [
      [8, 2],
      [6, 6],
      [1, 8],
      [0, 0],
      [4, 14],
    ] as const) {
      const ties = 200 - gains - losses;
      const { finding, moreLabels } = judgeChallenger(counts(gains, losses, ties), MARGIN, 0.0005);
      expect(finding).toBe('open');
      const grown = (labels: number): string => {
        const factor = (200 + labels) / 200;
        const { units, ...rest } = counts(gains, losses, ties);
        const more = new Map([...units].map(([cell, count]) => [cell, count * factor]));
        return judgeChallenger({ ...rest, units: more }, MARGIN, 0.0005).finding;
      };
      expect(moreLabels, `${gains} gains, ${losses} losses`).not.toBeNull();
      expect(grown(moreLabels as number)).not.toBe('open');
      expect(grown(0.9 * (moreLabels as number))).toBe('open');
    }
  });

  test('large groups that lose are not outvoted by many small ones that gain', () => {
    // 100 users with one gain each, and one with 400 losses: by users better, by examples far worse.
    const differences = Float64Array.from([...Array<number>(100).fill(1), ...Array<number>(400).fill(-1)]);
    const groups = Int32Array.from(differences, (_, i) => Math.min(i, 100));
    const comparison = compareAnswers({ differences, groups });
    expect(logWealth(comparison.units, MARGIN)).toBeGreaterThan(Math.log(1 / 0.001));
    expect(judgeChallenger(comparison, MARGIN, 0.001).finding).toBe('open');
  });

  test('group for group, a thousand copies are worth no more than one', () => {
    const differences = Float64Array.from({ length: 1_000 }, () => 1);
    const comparison = compareAnswers({ differences, groups: new Int32Array(1_000) });
    expect(judgeChallenger(comparison, MARGIN, 0.05).finding).toBe('open');
  });

  test('ends for every challenger: better, at its margin, or worse, all are settled by so many labels', () => {
    for (const mean of [-0.05, -0.01, -0.005, 0, 0.03]) {
      const n = 400_000;
      const [gains, losses] = [Math.round((n * (0.08 + mean)) / 2), Math.round((n * (0.08 - mean)) / 2)];
      const large = judgeChallenger(counts(gains, losses, n - gains - losses), MARGIN, 1e-6);
      expect(large.finding, `${mean}`).toBe(mean <= MARGIN ? 'worse' : 'better');
    }
  });
});
