import { expect, test } from 'vitest';
import { checkClassRecall } from '../../../../shared/continuity/checks/class-recall.ts';
import type { Evidence } from '../../../../shared/continuity/evidence/evidence.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});

/** Three classes; the champion is always right, the candidate answers `fish` wrongly on the first `wrong`. */
function withFish(fish: number, wrong: number): Evidence {
  const evidence = evidenceOf([], { gains: 0, losses: 0, n: 1_000 + fish });
  const windows = evidence.windows.map((window) => {
    const labels = window.labels.map((label, i) => (i < fish ? 2 : label));
    return {
      ...window,
      labels,
      champion: labels,
      candidate: labels.map((label, i) => (i < wrong ? 0 : label)),
    };
  });
  return { ...evidence, classes: ['cat', 'dog', 'fish'], windows };
}

test('passes when the recall of each class is kept', () => {
  const outcome = checkClassRecall(withFish(400, 4), policy);
  expect(outcome.verdict).toBe('pass');
  expect(outcome.parts?.map(({ id, n }) => [id, n])).toEqual([
    ['cat', 500],
    ['dog', 500],
    ['fish', 400],
  ]);
});

test('fails when one class is given up, though it is a small share of all', () => {
  const outcome = checkClassRecall(withFish(250, 60), policy);
  expect(outcome.verdict).toBe('fail');
  expect(outcome.detail).toContain("class 'fish': candidate 24.0 points worse");
});

test('holds only where a loss beyond 15 points is still possible and the class is large enough to exclude it', () => {
  // 40 of 250: 16 points, shown; 5 of 250: 2 points, told
  expect(checkClassRecall(withFish(250, 5), policy)).toMatchObject({ verdict: 'pass' });
  expect(checkClassRecall(withFish(250, 5), policy).parts?.[2]?.verdict).toBe('pass');
  const wide = gatePolicySchema.parse({ margins: { classRecall: 0.14 } });
  const held = checkClassRecall(withFish(250, 35), wide);
  expect(held).toMatchObject({ verdict: 'hold', moreLabels: { where: 'what comes in' } });
  expect(held.detail).toContain('a loss of more than 15.0 points is still possible');
  const borne = gatePolicySchema.parse({ margins: { classRecall: 0.14 }, holdBeyond: 0.25 });
  expect(checkClassRecall(withFish(250, 35), borne).parts?.[2]?.skipped).toBe('unanswerable');
});

test('a class that no equal candidate could clear, disagreeing as often, holds nobody back', () => {
  const few = checkClassRecall(withFish(12, 2), policy);
  expect(few.parts?.[2]).toMatchObject({ verdict: 'skip', skipped: 'unanswerable', n: 12 });
  expect(few.verdict).toBe('pass');
});

test('a class with few examples fails when it is shown to be worse', () => {
  expect(checkClassRecall(withFish(30, 12), policy).verdict).toBe('fail');
});

test('what older windows lose is not counted: the exchange prices it', () => {
  const { windows, ...rest } = withFish(250, 60);
  const [lost] = windows;
  const [kept] = withFish(250, 0).windows;
  if (lost === undefined || kept === undefined) throw new Error('expected windows');
  const old = { ...lost, id: 'old', kind: 'past' as const };
  expect(checkClassRecall({ ...rest, windows: [old, kept] }, policy).verdict).toBe('pass');
});

test('skips classes without examples, and everything when there is no champion', () => {
  expect(checkClassRecall(withFish(0, 0), policy).parts?.at(2)).toMatchObject({ skipped: 'not-asked', n: 0 });
  expect(checkClassRecall(withoutChampion(withFish(400, 0)), policy).skipped).toBe('not-asked');
});
