import { expect, test } from 'vitest';
import { checkWorsened } from '../../../../shared/continuity/checks/worsened.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { regressionOf } from '../make-regression.ts';

const policy = gatePolicySchema.parse({ tau: 1 });

/** The candidate is off by `error` on so many of the newest 800 examples, and exact on the others; the champion always is. */
function off(error: number, count: number) {
  const evidence = regressionOf(800, 1);
  let left = count;
  const windows = evidence.windows.toReversed().map((window) => ({
    ...window,
    champion: window.targets.slice(),
    candidate: window.targets.map((target) => (left-- > 0 ? target + error : target)),
  }));
  return { ...evidence, windows: windows.toReversed() };
}

test('a growth of exactly tau is not yet worse', () => {
  const exact = off(1, 300);
  const rounded = {
    ...exact,
    windows: exact.windows.map((window) => ({
      ...window,
      targets: window.targets.map(Math.round),
      champion: window.targets.map(Math.round),
      candidate: window.candidate.map(Math.round),
    })),
  };
  expect(checkWorsened(rounded, policy).estimate).toBe(0);
  expect(checkWorsened(off(1.5, 300), policy).estimate).toBeGreaterThan(0.1);
});

test('near the budget it is told, and refuses nobody; what older windows lose is not counted', () => {
  expect(checkWorsened(off(2, 36), policy)).toMatchObject({
    verdict: 'skip',
    skipped: 'unanswerable',
    n: 800,
  });
  const old = off(2, 0).windows.map((window) =>
    window.kind === 'current' ? window : { ...window, candidate: window.targets.map((target) => target + 2) },
  );
  expect(checkWorsened({ ...off(2, 0), windows: old }, policy)).toMatchObject({
    verdict: 'pass',
    estimate: 0,
  });
});

test('where the champion has fallen behind, half of what unrelated errors would worsen is borne', () => {
  // the champion is off by 3 on most, by 0 on a tenth; the candidate by 2 on another tenth that it was right on
  const evidence = regressionOf(800, 1);
  const windows = evidence.windows.map((window) => ({
    ...window,
    champion: window.targets.map((target, i) => target + (i % 4 === 0 ? 0 : 3)),
    candidate: window.targets.map((target, i) => target + (i % 10 === 0 || i % 10 === 4 ? 2 : 0.1)),
  }));
  // 10 % are worse; a quarter of the champion's errors are below a fifth of the candidate's: 5 %, of which half is less
  // than the budget
  expect(checkWorsened({ ...evidence, windows }, policy)).toMatchObject({ verdict: 'fail', margin: 0.05 });
  const wider = windows.map((window) => ({
    ...window,
    champion: window.targets.map((target, i) => target + (i % 4 < 2 ? 0 : 6)),
    candidate: window.targets.map((target, i) => target + (i % 10 < 4 ? 2 : 0.1)),
  }));
  // half of the champion's errors are below two fifths of the candidate's: 20 %, of which half is borne
  expect(checkWorsened({ ...evidence, windows: wider }, policy).margin).toBeCloseTo(0.1, 12);
});
