import { describe, expect, test } from 'vitest';
import { checkWorstWindow } from '../../../../shared/continuity/checks/worst-window.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
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

test('a window that straddles the margin is told, and waits for no label that cannot come', () => {
  const outcome = checkWorstWindow(evidenceOf([same, { gains: 5, losses: 15, n: 260 }], current), policy);
  expect(outcome.verdict).toBe('pass');
  expect(outcome.parts?.[1]).toMatchObject({ verdict: 'skip', skipped: 'unanswerable' });
  expect(outcome.parts?.[1]?.detail).not.toContain('would settle');
  expect(outcome.parts?.[1]?.moreLabels).toBeUndefined();
});

test('past windows that are small all together are judged by what they show', () => {
  const few = (losses: number) =>
    checkWorstWindow(evidenceOf([{ gains: 0, losses, n: 20 }], current), policy);
  expect(few(2)).toMatchObject({ verdict: 'skip', skipped: 'unanswerable' });
  expect(few(12).verdict).toBe('fail');
});

describe('a loss that is shown', () => {
  const lost = { gains: 0, losses: 100, n: 1_000 };
  const gaining = (gains: number) => ({ gains, losses: 0, n: 1_000 });
  // 10 points lost on the newest past window ask for a quarter of that now
  test.each([
    [
      24,
      'fail',
      'lost 10.0 points there, gained 2.4 points on what comes in; the exchange asks for 2.5 points: not paid for',
    ],
    [
      26,
      'pass',
      'lost 10.0 points there, gained 2.6 points on what comes in; the exchange asks for 2.5 points: paid for',
    ],
  ])('by %i gains of 1,000 now: %s', (gains, verdict, account) => {
    const outcome = checkWorstWindow(evidenceOf([lost], gaining(gains)), policy);
    expect(outcome.verdict).toBe(verdict);
    expect(outcome.detail).toContain(account);
  });

  test('asks for half as much four windows later', () => {
    const later = evidenceOf([lost, same, same, same, same], gaining(13));
    expect(checkWorstWindow(later, policy).parts?.[0]).toMatchObject({
      verdict: 'pass',
      detail: expect.stringContaining('the exchange asks for 1.3 points'),
    });
    expect(checkWorstWindow(evidenceOf([same, lost], gaining(13)), policy).verdict).toBe('fail');
  });

  test('is not paid for by nothing', () => {
    const nearly = gatePolicySchema.parse({ exchange: { weight: 1e-9 } });
    expect(checkWorstWindow(evidenceOf([lost], { gains: 5, losses: 5, n: 1_000 }), nearly).verdict).toBe(
      'fail',
    );
  });
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

  test('the alarm is not softened by a level that is nearly spent', () => {
    expect(checkWorstWindow({ ...forgetful, level: 1e-6 }, policy).verdict).toBe('fail');
  });
});
