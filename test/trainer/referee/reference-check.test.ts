import { expect, test } from 'vitest';
import {
  compareAnswers,
  judgeChallenger,
  NOTHING_SEEN,
} from '../../../shared/continuity/referee/challenger-comparison.ts';
import { createRandom } from '../../../shared/random.ts';
import type { ContenderRecord } from '../../../trainer/referee/record.ts';
import { againstReference } from '../../../trainer/referee/reference-check.ts';

/** So many examples on which only the first is right, only the other, and both alike, in no order. */
function compared(gains: number, losses: number, ties: number) {
  const n = gains + losses + ties;
  const random = createRandom(7);
  const order = Array.from({ length: n }, (_, i) => [random.uniform(), i] as const).sort(([a], [b]) => a - b);
  const differences = Float64Array.from(order, ([, i]) => (i < gains ? 1 : i < gains + losses ? -1 : 0));
  return compareAnswers({ differences, contents: Int32Array.from({ length: n }, (_, i) => i) });
}

const contender = (version: number, kind: ContenderRecord['kind']): ContenderRecord => {
  const comparison = compared(30, 4, 300);
  const judgement = kind === 'challenger' ? judgeChallenger(comparison, -0.01, 0.05) : null;
  return { version, kind, fromMs: version, floor: -0.01, level: 0.05, comparison, judgement, dropped: null };
};

const records = [
  contender(9, 'challenger'),
  contender(3, 'former champion'),
  contender(2, 'former champion'),
];

test('what may serve is out where a former champion is shown to be better by more than may be lost', () => {
  const asked: [number, number, number][] = [];
  const [challenger, ...former] = againstReference(records, 0.02, 0.05, (version, other, fromMs) => {
    asked.push([version, other, fromMs]);
    return other === 2 ? compared(5, 60, 400) : compared(20, 24, 400);
  });
  expect(records[0]?.judgement?.finding).toBe('better');
  expect(challenger).toMatchObject({
    judgement: null,
    dropped: 'version 2, a former champion, is better by more than 2.0 points on what came in',
  });
  expect(former).toEqual(records.slice(1));
  // on what neither of them learned
  expect(asked).toEqual([
    [9, 3, 9],
    [9, 2, 9],
  ]);
});

test.each([
  ['a loss that is not shown', compared(2, 7, 100)],
  ['a loss that is shown, and smaller than what may be lost', compared(10, 60, 8_000)],
  ['nothing seen', NOTHING_SEEN],
])('stays with %s', (_, comparison) => {
  expect(againstReference(records, 0.02, 0.05, () => comparison)).toEqual(records);
});

test('is asked only of challengers that may serve, and not against what could not be read', () => {
  const held = { ...contender(9, 'challenger'), judgement: judgeChallenger(NOTHING_SEEN, -0.01, 0.05) };
  const unread = { ...contender(2, 'former champion'), dropped: 'its files are damaged' };
  for (const list of [
    [held, contender(3, 'former champion')],
    [contender(9, 'challenger'), unread],
  ]) {
    expect(againstReference(list, 0.02, 0.05, () => compared(0, 200, 200))).toEqual(list);
  }
});
