import { expect, test } from 'vitest';
import { checkClassRecall } from '../../../../shared/continuity/checks/class-recall.ts';
import type { Evidence } from '../../../../shared/continuity/evidence/evidence.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy.ts';
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

test('holds when a class with enough examples straddles the margin', () => {
  const outcome = checkClassRecall(withFish(250, 10), policy);
  expect(outcome.verdict).toBe('hold');
  expect(outcome.moreLabels?.where).toBe("class 'fish'");
});

test('a class with few examples does not hold, but fails when shown to be worse', () => {
  const harmless = checkClassRecall(withFish(30, 1), policy);
  expect(harmless.verdict).toBe('pass');
  expect(harmless.parts?.at(2)).toMatchObject({ verdict: 'skip', n: 30 });
  expect(checkClassRecall(withFish(30, 12), policy).verdict).toBe('fail');
});

test('skips classes without examples, and everything when there is no champion or no class is large', () => {
  expect(checkClassRecall(withFish(0, 0), policy).parts?.at(2)).toMatchObject({ verdict: 'skip', n: 0 });
  expect(checkClassRecall(withoutChampion(withFish(400, 0)), policy).verdict).toBe('skip');
  expect(checkClassRecall(evidenceOf([], { gains: 0, losses: 0, n: 100 }), policy).verdict).toBe('skip');
});
