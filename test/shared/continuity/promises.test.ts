/**
 * What the gate promises whoever relies on it, promise by promise.
 */
import { describe, expect, test } from 'vitest';
import type { Check } from '../../../shared/continuity/gate.ts';
import { CHECKS, decideGate } from '../../../shared/continuity/gate.ts';
import type { Evidence, WindowEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { judgePaired } from '../../../shared/continuity/findings/paired-finding.ts';
import { EVIDENCE_PARTS } from '../../../shared/continuity/evidence/evidence.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { blobSpec } from '../../support/tabular-model.ts';
import { specSchema } from '../../../shared/model/spec/spec.ts';
import { drawCounts, evidenceOf, ratesOf, seededRandom, windowOf, withoutChampion } from './make-evidence.ts';

const policy = gatePolicySchema.parse({});
const kept = { gains: 10, losses: 10, n: 2_000, bothWrong: 100 };
const better = { gains: 60, losses: 20, n: 2_000, bothWrong: 100 };
const good = evidenceOf([kept, kept], better);

function withCurrent(
  evidence: Evidence,
  change: (window: WindowEvidence) => Partial<WindowEvidence>,
): Evidence {
  const windows = evidence.windows.map((window) =>
    window.kind === 'current' ? { ...window, ...change(window) } : window,
  );
  return { ...evidence, windows };
}

test('the evidence that the refusals below are made from is promoted', () => {
  expect(decideGate(good, policy).verdict).toBe('promote');
});

describe('a first promotion', () => {
  const first = withoutChampion(good);
  /** Repeating the last label is right on all examples but so many. */
  const againstLast = (wrong: number): Evidence =>
    withCurrent(first, ({ labels }) => ({
      previousLabels: labels.map((label, i) => (i < wrong ? 1 - label : label)),
    }));
  const rightOn = (right: number, n: number): Evidence => {
    const window = windowOf('now', 'current', { gains: 0, losses: n - right, n });
    return withoutChampion({ ...good, windows: [window] });
  };

  test('must beat the majority answer by an interval, not by a hair', () => {
    // always 'cat' is right on half of them
    expect(decideGate(rightOn(310, 600), policy).verdict).toBe('hold');
    expect(decideGate(rightOn(400, 600), policy).verdict).toBe('promote');
    expect(decideGate(rightOn(200, 600), policy).verdict).toBe('reject');
  });

  test('must beat repeating the last label by an interval', () => {
    // the candidate errs on 120 of 2,000
    expect(decideGate(againstLast(1_000), policy).verdict).toBe('promote');
    expect(decideGate(againstLast(140), policy).verdict).toBe('hold');
    expect(decideGate(againstLast(20), policy).verdict).toBe('reject');
  });
});

describe('never a promotion:', () => {
  const broken: Check = {
    check: 'broken',
    title: 'Broken',
    run: () => {
      throw new Error('out of memory');
    },
  };
  const cases: readonly (readonly [string, () => { readonly verdict: string }])[] = [
    [
      'identical digests',
      () => decideGate({ ...good, candidate: { ...good.candidate, digest: 'sha256:champion' } }, policy),
    ],
    [
      "a window without the champion's answers",
      () =>
        decideGate(
          withCurrent(good, () => ({ champion: null })),
          policy,
        ),
    ],
    ['no window at all', () => decideGate({ ...good, windows: [] }, policy)],
    ['no current window', () => decideGate({ ...good, windows: good.windows.slice(0, -1) }, policy)],
    ['too few examples', () => decideGate(evidenceOf([kept, kept], { gains: 9, losses: 0, n: 99 }), policy)],
    ['an evaluation that threw', () => decideGate(good, policy, [...CHECKS, broken])],
    ['nothing that was checked', () => decideGate(good, policy, [])],
    [
      'probabilities that are no numbers',
      () => {
        const rows = ({ labels }: WindowEvidence) => new Float32Array(2 * labels.length).fill(Number.NaN);
        const windows = good.windows.map((window) => ({
          ...window,
          candidateProbabilities: rows(window),
          championProbabilities: rows(window),
        }));
        return decideGate({ ...good, windows }, policy);
      },
    ],
    ...EVIDENCE_PARTS.map(
      (part) =>
        [`${part} missing, where needed`, () => decideGate(good, { ...policy, needs: [part] })] as const,
    ),
  ];

  test.each(cases)('%s', (_, decide) => {
    expect(decide().verdict).not.toBe('promote');
  });
});

describe('a policy is refused when the spec is saved, where', () => {
  const save = (gate: object) => specSchema.safeParse({ ...blobSpec('saved'), gate });
  const margins = [
    'current',
    'pastMean',
    'worstWindow',
    'classRecall',
    'slice',
    'splits',
    'logLoss',
    'brier',
  ];
  const budgets = ['negativeFlips', 'sliceFlips', 'worsened'];

  test.each(margins)('the margin %s could never pass, or never fail', (name) => {
    expect(save({ margins: { [name]: 0 } }).success).toBe(false);
    expect(save({ margins: { [name]: -0.01 } }).success).toBe(false);
    const beyond = { logLoss: 4.6, brier: 2 }[name] ?? 1;
    expect(save({ margins: { [name]: beyond } }).success).toBe(false);
    expect(save({ margins: { [name]: 0.03 } }).success).toBe(true);
  });

  test.each(budgets)('the budget %s could never pass, or never fail', (name) => {
    expect(save({ budgets: { [name]: 0 } }).success).toBe(false);
    expect(save({ budgets: { [name]: 1 } }).success).toBe(false);
    expect(save({ budgets: { [name]: 0.03 } }).success).toBe(true);
  });

  test.each([
    ['alpha 0', { alpha: 0 }],
    ['alpha beyond a half', { alpha: 0.5 }],
    ['a latency ratio of 1', { edge: { latencyRatio: 1 } }],
    ['a latency ratio that nothing exceeds', { edge: { latencyRatio: 1_000 } }],
    ['more memory than an isolate has', { edge: { memoryBytes: 200_000_000 } }],
    ['no baseline', { baselines: [] }],
    ['a slice by a feature that the model does not have', { slices: ['colour'] }],
    ['a forgotten margin beyond the worst window’s', { margins: { forgotten: 0.05 } }],
    ['reported flips that may all come back', { budgets: { reportedFlips: 1 } }],
    ['a misspelt field', { margin: {} }],
  ])('it has %s', (_, gate) => {
    const saved = save(gate);
    expect(saved.success).toBe(false);
    expect(saved.error?.issues[0]?.path[0]).toBe('gate');
  });
});

describe('a hold', () => {
  test('says how many more labels there must be, and in simulated samples of that size it is settled four times in five', () => {
    const random = seededRandom(17);
    const question = { where: 'now', line: -0.01, alpha: 0.05 };
    const rates = ratesOf(0, 0.05);
    const expected = { gains: rates.gain * 600, losses: rates.loss * 600, n: 600 };
    const held = judgePaired({ counts: expected, share: 1 }, question);
    expect(held.verdict).toBe('hold');
    const n = 600 + (held.moreLabels?.n ?? 0);
    let settled = 0;
    for (let night = 0; night < 1_000; night++) {
      const counts = drawCounts(rates, n, random);
      if (judgePaired({ counts, share: 1 }, question).verdict !== 'hold') settled++;
    }
    expect(settled / 1_000).toBeGreaterThan(0.76);
    expect(settled / 1_000).toBeLessThan(0.86);
  });
});

describe('a rejection', () => {
  test('names its checks worst first, counted in margins, and what held after them', () => {
    // 16 points on the past mean: 16 margins; 16 points on one window: 3 margins of 5 points
    const forgetting = evidenceOf([{ gains: 10, losses: 330, n: 2_000 }], { gains: 2, losses: 0, n: 99 });
    const { verdict, reasons, summary, checks } = decideGate(forgetting, policy);
    expect(verdict).toBe('reject');
    const titleOf = (reason: string): string => reason.split(':')[0] ?? '';
    const verdictOf = (reason: string): string =>
      checks.find(({ title }) => title === titleOf(reason))?.verdict ?? '';
    const verdicts = reasons.map(verdictOf);
    expect(verdicts).toEqual([...verdicts].sort((a, b) => (a === b ? 0 : a === 'fail' ? -1 : 1)));
    expect(reasons.slice(0, 2).map(titleOf)).toEqual(['Past windows, mean', 'Past windows, worst']);
    expect(verdicts).toContain('hold');
    expect(summary).toMatch(
      /^Reject: it forgot more of older data than its gain on what comes in is worth\. Version 3 goes on serving\. .* Past windows, mean: .*; also failed: past windows, worst/,
    );
  });
});

describe('a promotion', () => {
  test('says by how much at least: the lower bound of the check that decides', () => {
    const { summary, checks } = decideGate(good, policy);
    const lower = checks.find(({ check }) => check === 'current-window')?.lower ?? 0;
    expect(lower).toBeGreaterThan(0);
    expect(summary).toContain(`At least ${(100 * lower).toFixed(1)} points better than version 3`);
  });
});
