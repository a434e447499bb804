import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ChallengerComparison,
  NOTHING_SEEN,
} from '../../../../shared/continuity/referee/challenger-comparison.ts';
import {
  decideChampion,
  describeComparison,
  type NightOutcome,
  type Winner,
} from '../../../../shared/continuity/referee/decide.ts';

const comparison = (mean: number): ChallengerComparison => ({
  ...NOTHING_SEEN,
  n: 1_840,
  gains: 212,
  losses: 96,
  mean,
});
const winner = (version: number, mean: number, kind: Winner['kind'] = 'challenger'): Winner => ({
  version,
  kind,
  comparison: comparison(mean),
});
const standing: NightOutcome = {
  candidate: 9,
  champion: 6,
  exam: 'hold',
  open: true,
  examSummary: 'the exam is not settled',
  trusted: false,
  winners: [],
  waiting: [],
  wording: 'right',
};

describe('who serves', () => {
  test('tonight’s candidate, when the exam promotes it, whoever else has won', () => {
    const choice = decideChampion({ ...standing, exam: 'promote', trusted: true, winners: [winner(7, 0.4)] });
    expect(choice).toEqual({ version: 9, by: 'exam', why: 'the exam is not settled' });
  });

  test('tonight’s candidate of a trusted recipe, before the night is over', () => {
    expect(decideChampion({ ...standing, trusted: true, winners: [winner(7, 0.4)] })).toMatchObject({
      version: 9,
      by: 'trust',
    });
  });

  test('the winner with the largest gain, and of two alike the newer', () => {
    const winners = [winner(5, 0.02), winner(7, 0.06), winner(8, 0.06), winner(4, 0.01)];
    expect(decideChampion({ ...standing, winners })).toMatchObject({ version: 8, by: 'referee' });
  });

  test('nobody else, and the exam says why', () => {
    expect(decideChampion(standing)).toEqual({ version: null, by: null, why: 'the exam is not settled' });
  });

  test('nobody yet, and the nearest decision is foretold from what came in, not from the exam', () => {
    const waiting = [
      { version: 8, comparison: { ...comparison(0.02), n: 100, gains: 9, losses: 7 }, moreLabels: 2_400 },
      { version: 7, comparison: { ...comparison(0.05), n: 200, gains: 20, losses: 9 }, moreLabels: 130 },
      { version: 5, comparison: comparison(0), moreLabels: null },
    ];
    expect(decideChampion({ ...standing, waiting }).why).toBe(
      'the exam is not settled. About 130 more labels of any kind decide about version 7, about 2 nights: on the 200 labels that came in since it was trained, 20 were right only by version 7 and 9 only by version 6',
    );
    expect(decideChampion({ ...standing, waiting, open: false }).why).toBe('the exam is not settled');
    expect(decideChampion({ ...standing, waiting, exam: 'reject' }).why).toBe('the exam is not settled');
    expect(decideChampion({ ...standing, waiting: waiting.slice(2) }).why).toBe('the exam is not settled');
  });

  test('nobody by trust or by the referee, where nobody serves yet', () => {
    expect(
      decideChampion({ ...standing, champion: null, trusted: true, winners: [winner(7, 1)] }).version,
    ).toBe(null);
  });
});

test('a candidate that the exam refuses never serves, and a winner’s order in the list does not matter', () => {
  const one = fc.record({
    version: fc.integer({ min: 1, max: 8 }),
    mean: fc.double({ min: -0.01, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(one, { selector: ({ version }) => version }),
      fc.boolean(),
      (list, trusted) => {
        const winners = list.map(({ version, mean }) => winner(version, mean));
        const choice = decideChampion({ ...standing, exam: 'reject', trusted, winners });
        expect(choice.version).not.toBe(9);
        expect(
          decideChampion({ ...standing, exam: 'reject', trusted, winners: winners.toReversed() }),
        ).toEqual(choice);
      },
    ),
  );
});

test('says in plain words which labels decided', () => {
  expect(describeComparison(7, 6, comparison(0.063), 'right')).toBe(
    'on the 1,840 labels that came in since it was trained, 212 were right only by version 7 and 96 only by version 6',
  );
  expect(decideChampion({ ...standing, winners: [winner(7, 0.063)] }).why).toMatch(
    /^version 7 serves: on the 1,840 labels .* \(6\.3 points better\)$/,
  );
  expect(decideChampion({ ...standing, winners: [winner(3, -0.004, 'former champion')] }).why).toMatch(
    /^version 3, a former champion, serves: .* \(at most 0\.4 points worse\)$/,
  );
});

test('what is no right or wrong is told as better answers', () => {
  expect(describeComparison(7, 6, comparison(0.02), 'better')).toBe(
    'on the 1,840 labels that came in since it was trained, 212 were answered better by version 7 and 96 by version 6',
  );
});
