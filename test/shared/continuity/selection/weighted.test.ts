import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../../shared/random.ts';
import type { Judgement } from '../../../../shared/continuity/referee/challenger-comparison.ts';
import {
  decideSelection,
  judgeWeighted,
  type Served,
} from '../../../../shared/continuity/selection/weighted.ts';

const PLAIN: Judgement = { finding: 'better', progress: 1, moreLabels: 0 };
const KNOWN = { right: 0.25, wrong: 1, error: 0.1, shown: true, coverage: 0.4 };

/** Of each: gains (served wrong), losses (served right), ties of both kinds. */
function labelsOf(gains: number, losses: number, ties: number) {
  const kinds = [
    ...Array.from({ length: gains }, () => [1, 'wrong'] as const),
    ...Array.from({ length: losses }, () => [-1, 'right'] as const),
    ...Array.from({ length: ties }, () => [0, 'right'] as const),
  ];
  // In no order: runs of equals would be taken for neighbours that resemble each other.
  const random = createRandom(1);
  kinds.sort(() => random.uniform() - 0.5);
  return {
    examples: { differences: Float64Array.from(kinds, ([difference]) => difference) },
    served: kinds.map(([, served]): Served => served),
  };
}

test('the weighted mean is the ratio of sums that one works out by hand', () => {
  // 100 gains for 100, 30 losses for 120, 300 ties for 1,200.
  const { examples, served } = labelsOf(100, 30, 300);
  const found = judgeWeighted(examples, served, KNOWN, -0.01, 0.05);
  expect(found?.mean).toBeCloseTo((100 - 120) / (100 + 120 + 1_200), 12);
});

test('wins that are all selection are not believed, and wins beyond it are', () => {
  const judged = (gains: number, losses: number) => {
    const { examples, served } = labelsOf(gains, losses, 300);
    return judgeWeighted(examples, served, KNOWN, -0.01, 0.05)?.finding;
  };
  expect(judged(100, 30)).not.toBe('better');
  expect(judged(150, 2)).toBe('better');
  expect(judged(20, 150)).toBe('worse');
});

test('where labels are complete, or nothing is known of them, there is nothing to weigh', () => {
  const { examples, served } = labelsOf(100, 30, 300);
  expect(judgeWeighted(examples, served, null, -0.01, 0.05)).toBeNull();
  expect(judgeWeighted(examples, served, { ...KNOWN, coverage: 0.99 }, -0.01, 0.05)).toBeNull();
});

describe('where the two do not say the same', () => {
  const weighted = { mean: -0.01, finding: 'open' } as const;

  test('nothing is decided for three nights, and then the weighted one decides', () => {
    let nights = 0;
    const findings = [1, 2, 3, 4, 5].map(() => {
      const decided = decideSelection(PLAIN, weighted, nights, 3);
      nights = decided.nights;
      return [decided.judgement.finding, decided.held];
    });
    expect(findings).toEqual([
      ['open', true],
      ['open', true],
      ['open', true],
      ['open', false],
      ['open', false],
    ]);
    const won = decideSelection({ ...PLAIN, finding: 'open' }, { mean: 0.1, finding: 'better' }, 3, 3);
    expect(won).toMatchObject({ judgement: { finding: 'better' }, held: false });
  });

  test('a night on which they agree begins the count anew', () => {
    expect(decideSelection(PLAIN, { mean: 0.1, finding: 'better' }, 2, 3)).toEqual({
      judgement: PLAIN,
      held: false,
      nights: 0,
    });
    expect(decideSelection(PLAIN, null, 2, 3)).toEqual({ judgement: PLAIN, held: false, nights: 0 });
  });

  test('with no nights to wait the weighted one decides at once', () => {
    expect(decideSelection(PLAIN, weighted, 0, 0)).toMatchObject({
      held: false,
      judgement: { finding: 'open' },
    });
  });
});
