import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Evidence, WindowEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { CHECKS, decideGate } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { drawCounts, evidenceOf, ratesOf, seededRandom, withoutChampion } from './make-evidence.ts';
import type { Rates } from './make-evidence.ts';

const policy = gatePolicySchema.parse({});
const kept = { gains: 10, losses: 10, n: 2_000, bothWrong: 100 };
const better = { gains: 60, losses: 20, n: 2_000, bothWrong: 100 };
const good = evidenceOf([kept, kept], better);

describe('promotes', () => {
  test('a candidate that is better now and keeps the past, saying by how much at least', () => {
    const verdict = decideGate(good, policy);
    expect(verdict.verdict).toBe('promote');
    expect(verdict.summary).toMatch(
      /^Promote: it does better than version 3 on what comes in, and nothing shows a loss that is not paid for\. A rollback brings version 3 back within seconds\. At least 1\.\d points better than version 3 on the current window; 8 checks passed$/,
    );
    expect(verdict.checks.map(({ check }) => check)).toEqual(CHECKS.map(({ check }) => check));
    expect(verdict.reasons).toHaveLength(8);
  });

  test('one that is as good, saying by how much at most it is worse', () => {
    expect(decideGate(evidenceOf([kept], kept), policy).summary).toContain('At most 0.4 points worse');
  });

  test('a first candidate that beats the majority answer', () => {
    const verdict = decideGate(withoutChampion(good), policy);
    expect(verdict.verdict).toBe('promote');
    expect(verdict.summary).toContain('than the best answer without a model');
    expect(verdict.checks.filter(({ verdict }) => verdict === 'skip')).toHaveLength(10);
  });
});

describe('rejects', () => {
  test('a candidate that forgets a past window, the gravest reason first', () => {
    const verdict = decideGate(evidenceOf([kept, { gains: 10, losses: 300, n: 2_000 }], better), policy);
    expect(verdict.verdict).toBe('reject');
    expect(verdict.reasons[0]).toContain('Past windows, worst: window past-1: candidate 14.5 points worse');
    expect(verdict.reasons[0]).toContain(
      'gained 2.0 points on what comes in; the exchange asks for 3.6 points',
    );
    expect(verdict.summary).toMatch(
      /^Reject: it forgot more of one older window than its gain .* is worth\./,
    );
  });

  test('files that do not reproduce, however good the predictions', () => {
    const verdict = decideGate({ ...good, candidate: { ...good.candidate, reproduces: false } }, policy);
    expect(verdict.verdict).toBe('reject');
    expect(verdict.summary).toContain('Files and weights');
  });

  test('a first candidate that loses to the majority answer', () => {
    const evidence = withoutChampion(evidenceOf([], { gains: 0, losses: 140, n: 200 }));
    expect(decideGate(evidence, policy).verdict).toBe('reject');
  });
});

describe('holds', () => {
  test('on too few examples, saying who judges it then; only a first version waits for the exam', () => {
    const verdict = decideGate(evidenceOf([kept], { gains: 5, losses: 0, n: 60 }), policy);
    expect(verdict.verdict).toBe('hold');
    expect(verdict.summary).toMatch(
      /^Hold: not known yet whether it is better\. Version 3 goes on serving\. What comes in from now on judges it\. Not settled: current window$/,
    );
    const first = withoutChampion(evidenceOf([], { gains: 0, losses: 0, n: 8 }));
    expect(decideGate(first, policy).summary).toMatch(
      /^Hold: .* Nothing serves yet\. About [0-9]+ labels of what comes in will decide\./,
    );
  });

  test('a first candidate seen on too few examples', () => {
    const evidence = withoutChampion(evidenceOf([], { gains: 0, losses: 0, n: 8 }));
    expect(decideGate(evidence, policy).verdict).toBe('hold');
  });

  test('when a check throws, naming it, though all others pass', () => {
    const broken = {
      check: 'broken',
      title: 'Broken',
      run: () => {
        throw new Error('no such table');
      },
    };
    const verdict = decideGate(good, policy, [...CHECKS, broken]);
    expect(verdict.verdict).toBe('hold');
    expect(verdict.reasons).toEqual(['Broken: the check itself broke: no such table']);
  });

  test('when there are no checks, or none that says anything', () => {
    expect(decideGate(good, policy, []).verdict).toBe('hold');
    const silent = CHECKS.filter(({ check }) => check === 'current-window');
    expect(decideGate(withoutChampion(good), policy, silent).verdict).toBe('hold');
  });

  test('on a policy that does not validate', () => {
    const verdict = decideGate(good, { ...policy, alpha: 0.7 });
    expect(verdict.verdict).toBe('hold');
    expect(verdict.reasons[0]).toContain('policy.alpha: expected alpha below 0.5');
  });

  test('on evidence that does not validate, naming every problem', () => {
    const verdict = decideGate({ ...good, majority: 9, windows: good.windows.slice(0, 2) }, policy);
    expect(verdict).toMatchObject({ verdict: 'hold', checks: [] });
    expect(verdict.reasons).toHaveLength(2);
  });
});

const size = fc.integer({ min: 1, max: 400 });
const counts = fc.tuple(fc.nat(40), fc.nat(40), fc.nat(40), size).map(([gains, losses, bothWrong, rest]) => ({
  gains,
  losses,
  bothWrong,
  n: gains + losses + bothWrong + rest,
}));
const anyEvidence = fc
  .tuple(fc.array(counts, { maxLength: 4 }), counts)
  .map(([past, current]) => evidenceOf(past, current));

const breakages: readonly ((evidence: Evidence) => Evidence)[] = [
  (evidence) => ({ ...evidence, majority: -1 }),
  (evidence) => ({ ...evidence, classes: [] }),
  (evidence) => ({ ...evidence, windows: evidence.windows.slice(0, -1) }),
  (evidence) => ({ ...evidence, windows: [...evidence.windows, ...evidence.windows] }),
  (evidence) => ({ ...evidence, champion: null }),
  (evidence) => ({
    ...evidence,
    windows: evidence.windows.map((window) => ({ ...window, candidate: window.candidate.subarray(1) })),
  }),
  (evidence) => ({
    ...evidence,
    windows: evidence.windows.map((window) => ({ ...window, labels: window.labels.map(() => 7) })),
  }),
];

test('never promotes on invalid evidence', () => {
  fc.assert(
    fc.property(anyEvidence, fc.constantFrom(...breakages), (evidence, breakIt) => {
      expect(decideGate(breakIt(evidence), policy).verdict).toBe('hold');
    }),
  );
});

test('a permutation of the examples changes nothing', () => {
  fc.assert(
    fc.property(anyEvidence, fc.integer(), (evidence, seed) => {
      const shuffled = { ...evidence, windows: evidence.windows.map((window) => shuffle(window, seed)) };
      expect(withoutFlips(shuffled)).toEqual(withoutFlips(evidence));
    }),
  );
});

function withoutFlips(evidence: Evidence) {
  const { checks, ...rest } = decideGate(evidence, policy);
  return { ...rest, checks: checks.map(({ flips, ...check }) => ({ ...check, flips: flips?.total })) };
}

function shuffle(window: WindowEvidence, seed: number): WindowEvidence {
  const random = seededRandom(seed);
  const order = window.exampleIds.map((_, i) => [random(), i] as const).sort((a, b) => a[0] - b[0]);
  const take = (ids: Int32Array) => Int32Array.from(order, ([, i]) => ids[i] ?? -1);
  return {
    ...window,
    exampleIds: order.map(([, i]) => window.exampleIds[i] ?? ''),
    labels: take(window.labels),
    candidate: take(window.candidate),
    champion: window.champion && take(window.champion),
  };
}

test('exchanging champion and candidate turns the signs of the comparison round', () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      const exchanged = {
        ...evidence,
        windows: evidence.windows.map((w) => ({
          ...w,
          candidate: w.champion ?? w.candidate,
          champion: w.candidate,
        })),
      };
      for (const id of ['current-window', 'past-mean']) {
        const [there, back] = [evidence, exchanged].map((e) =>
          decideGate(e, policy).checks.find(({ check }) => check === id),
        );
        expect(there?.estimate ?? 0).toBeCloseTo(-(back?.estimate ?? 0), 12);
        expect(there?.lower ?? 0).toBeCloseTo(-(back?.upper ?? 0), 12);
      }
    }),
  );
});

test('a candidate with the answers of the champion fails no comparison', () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      const same = {
        ...evidence,
        windows: evidence.windows.map((w) => ({ ...w, candidate: w.champion ?? w.candidate })),
      };
      const comparisons = decideGate(same, policy).checks.filter(({ check }) => check !== 'baseline');
      expect(comparisons.map(({ verdict }) => verdict)).not.toContain('fail');
    }),
  );
});

test('every estimate lies between its bounds, and a label count is a positive integer', () => {
  fc.assert(
    fc.property(anyEvidence, (evidence) => {
      for (const { lower, estimate, upper, moreLabels } of decideGate(evidence, policy).checks) {
        if (lower !== null && estimate !== null && upper !== null) {
          expect(lower <= estimate && estimate <= upper).toBe(true);
        }
        if (moreLabels !== undefined) expect(Number.isInteger(moreLabels.n) && moreLabels.n > 0).toBe(true);
      }
    }),
  );
});

describe('error rates, simulated', () => {
  const share = (rounds: number, past: Rates, current: Rates, n: number): number => {
    const pastWindows = 10;
    const random = seededRandom(41);
    let promoted = 0;
    for (let i = 0; i < rounds; i++) {
      const windows = Array.from({ length: pastWindows }, () => drawCounts(past, n, random));
      if (decideGate(evidenceOf(windows, drawCounts(current, n, random)), policy).verdict === 'promote')
        promoted++;
    }
    return promoted / rounds;
  };
  const gain = ratesOf(0.03, 0.06);

  test('a candidate exactly at the current margin is promoted at most 5 % of the time', () => {
    const rate = share(300, gain, ratesOf(-0.01, 0.04), 1_000);
    expect(rate).toBeLessThan(0.07);
    expect(rate).toBeGreaterThan(0.02);
  });

  // No gain pays for what is lost: what is shown beyond the margin refuses.
  const dear = gatePolicySchema.parse({ exchange: { weight: 1_000 } });

  test('a candidate exactly at the margin of the past mean is refused for it at most 5 % of the time, one far beyond nearly always', () => {
    const refused = (difference: number): number => {
      const random = seededRandom(43);
      let count = 0;
      for (let i = 0; i < 300; i++) {
        const past = Array.from({ length: 10 }, () => drawCounts(ratesOf(difference, 0.04), 1_000, random));
        const { checks } = decideGate(evidenceOf(past, drawCounts(gain, 1_000, random)), dear);
        count += Number(checks.find(({ check }) => check === 'past-mean')?.verdict === 'fail');
      }
      return count / 300;
    };
    expect(refused(-0.01)).toBeLessThan(0.09);
    expect(refused(-0.03)).toBeGreaterThan(0.95);
  });

  test('a candidate that forgets one window beyond its margin is refused where nothing pays for it, and let through where the exchange says so', () => {
    const random = seededRandom(43);
    let [refused, borne] = [0, 0];
    for (let i = 0; i < 100; i++) {
      const forgotten = drawCounts(ratesOf(-0.07, 0.09), 500, random);
      const others = Array.from({ length: 9 }, () => drawCounts(ratesOf(0, 0.04), 500, random));
      const evidence = evidenceOf([...others, forgotten], drawCounts(ratesOf(0.05, 0.06), 500, random));
      refused += Number(decideGate(evidence, dear).verdict === 'reject');
      borne += Number(decideGate(evidence, policy).verdict === 'promote');
    }
    expect(refused / 100).toBeGreaterThan(0.95);
    expect(borne / 100).toBeGreaterThan(0.95);
  });

  test('a candidate 2 points better now and unchanged on the past is promoted most of the time', () => {
    // 5 % disagreement; the gate must not be safe only by never opening
    expect(share(200, ratesOf(0, 0.05), ratesOf(0.02, 0.05), 500)).toBeGreaterThan(0.7);
    expect(share(200, ratesOf(0, 0.05), ratesOf(0.02, 0.05), 1_000)).toBeGreaterThan(0.95);
  });
});
