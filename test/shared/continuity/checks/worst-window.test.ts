import { expect, test } from 'vitest';
import { checkWorstWindow } from '../../../../shared/continuity/checks/worst-window.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

const policy = gatePolicySchema.parse({});
const current = { gains: 0, losses: 300, n: 500 };
const same = { gains: 5, losses: 5, n: 1_000 };
const gained = { gains: 200, losses: 0, n: 1_000 };
const forgotten = { gains: 10, losses: 110, n: 1_000 };

test('passes when every past window is kept', () => {
  const outcome = checkWorstWindow(evidenceOf([same, gained, same], current), policy);
  expect(outcome.verdict).toBe('pass');
  expect(outcome.parts?.map(({ id }) => id)).toEqual(['past-0', 'past-1', 'past-2']);
});

test('fails a candidate that forgets one window, even when the others gain more', () => {
  const outcome = checkWorstWindow(evidenceOf([gained, forgotten, gained], current), policy);
  expect(outcome.verdict).toBe('fail');
  expect(outcome.estimate).toBeCloseTo(-0.1, 12);
  expect(outcome.detail).toMatch(
    /^window past-1: candidate 10\.0 points worse.*\(gravest of 3 past windows\)$/,
  );
});

test('holds when one window straddles the margin', () => {
  const outcome = checkWorstWindow(evidenceOf([same, { gains: 5, losses: 15, n: 260 }], current), policy);
  expect(outcome.verdict).toBe('hold');
  expect(outcome.moreLabels?.where).toBe('window past-1');
});

test('holds when all past windows together are too small', () => {
  const outcome = checkWorstWindow(evidenceOf([{ gains: 0, losses: 0, n: 100 }], current), policy);
  expect(outcome).toMatchObject({ verdict: 'hold', moreLabels: { n: 150 } });
});

test('skips without past windows and without a champion', () => {
  expect(checkWorstWindow(evidenceOf([], current), policy).verdict).toBe('skip');
  expect(checkWorstWindow(withoutChampion(evidenceOf([same], current)), policy).verdict).toBe('skip');
});
