import { describe, expect, test } from 'vitest';
import { checkReportedFlips } from '../../../../shared/continuity/checks/reported-flips.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { evidenceOf } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});
const evidence = evidenceOf([], { gains: 1, losses: 1, n: 100 });
const reported = (n: number, wrong: number) => ({
  ...evidence,
  reportedFlips: {
    exampleIds: Array.from({ length: n }, (_, i) => `r${i}`),
    labels: new Int32Array(n),
    candidate: Int32Array.from({ length: n }, (_, i) => (i < wrong ? 1 : 0)),
  },
});

test('passes when all stay right, and when no more are wrong than the budget bears', () => {
  expect(checkReportedFlips(reported(10, 0), policy).verdict).toBe('pass');
  expect(checkReportedFlips(reported(40, 2), policy).verdict).toBe('pass');
});

test('fails when more come back, and names them', () => {
  const outcome = checkReportedFlips(reported(10, 1), policy);
  expect(outcome.verdict).toBe('fail');
  expect(outcome.detail).toBe('1 of 10 reported flips are wrong again (10.0 %), budget 5.0 %');
  expect(outcome.flips).toEqual({
    total: 1,
    examples: [{ window: 'reported', id: 'r0', label: 'cat', candidate: 'dog' }],
  });
});

test('is skipped where none were reported; where none were collected the policy decides', () => {
  expect(checkReportedFlips(reported(0, 0), policy).verdict).toBe('skip');
  expect(checkReportedFlips(evidence, policy).verdict).toBe('skip');
  expect(checkReportedFlips(evidence, gatePolicySchema.parse({ needs: ['reportedFlips'] })).verdict).toBe(
    'hold',
  );
});

describe("with the champion's answers", () => {
  const withChampion = (champion: readonly number[], candidate: readonly number[]) => ({
    ...evidence,
    reportedFlips: {
      exampleIds: champion.map((_, i) => `r${i}`),
      windows: champion.map(() => 'w03'),
      labels: new Int32Array(champion.length),
      candidate: Int32Array.from(candidate),
      champion: Int32Array.from(champion),
    },
  });

  test('only what is right again can turn wrong again, and the others are counted', () => {
    const outcome = checkReportedFlips(withChampion([0, 0, 1, 1], [0, 0, 1, 0]), policy);
    expect(outcome).toMatchObject({ verdict: 'pass', n: 2 });
    expect(outcome.detail).toBe(
      '0 of 2 reported flips are wrong again (0.0 %), budget 5.0 %; 2 more are wrong with the champion too',
    );
  });

  test('one that is right again and turns wrong fails, with the window it is in', () => {
    const outcome = checkReportedFlips(withChampion([0, 0, 1], [1, 0, 1]), policy);
    expect(outcome.verdict).toBe('fail');
    expect(outcome.flips?.examples).toEqual([{ window: 'w03', id: 'r0', label: 'cat', candidate: 'dog' }]);
  });

  test('is skipped while none is right again: a report alone holds no candidate back', () => {
    const outcome = checkReportedFlips(withChampion([1, 1], [1, 1]), policy);
    expect(outcome).toMatchObject({ verdict: 'skip' });
    expect(outcome.detail).toBe('none of 2 reported flips is right again yet');
  });
});
