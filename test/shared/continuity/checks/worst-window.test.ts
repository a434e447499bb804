import { describe, expect, test } from 'vitest';
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

const kept = { gains: 25, losses: 25, n: 1_000 };

describe('a window shown to be worse, though within the margin', () => {
  // 3 points worse on one of ten windows, 5 % disagreement: bounds near -4.5 and -1.5
  const forgetful = evidenceOf(
    [{ gains: 10, losses: 40, n: 1_000 }, ...Array.from({ length: 9 }, () => kept)],
    kept,
  );

  test('fails as forgotten, with the bound that shows it', () => {
    const outcome = checkWorstWindow(forgetful, policy);
    expect(outcome.verdict).toBe('fail');
    expect(outcome.detail).toMatch(
      /^window past-0: candidate 3\.0 points worse, 99\.75 % upper bound −1\.\d, forgotten below 0\.0/,
    );
    expect(outcome.moreLabels).toBeUndefined();
    expect(outcome.margin).toBe(-0.05);
  });

  test('passes where the policy bears it', () => {
    const lenient = gatePolicySchema.parse({ margins: { forgotten: 0.02 } });
    expect(checkWorstWindow(forgetful, lenient).verdict).toBe('pass');
  });

  test('the level is divided over the windows: one of ten needs more than one alone', () => {
    const loss = { gains: 10, losses: 23, n: 1_000 };
    expect(checkWorstWindow(evidenceOf([loss], kept), policy).verdict).toBe('fail');
    expect(
      checkWorstWindow(evidenceOf([loss, ...Array.from({ length: 9 }, () => kept)], kept), policy).verdict,
    ).toBe('pass');
  });

  test('the alarm is not softened by wear', () => {
    const worn = {
      ...forgetful,
      windows: forgetful.windows.map((window) => ({ ...window, decisions: 300 })),
    };
    expect(checkWorstWindow(worn, policy).verdict).toBe('fail');
  });
});
