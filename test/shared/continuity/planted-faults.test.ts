/**
 * One fault for each judge: what was planted, who must notice, who did. A judge that could be replaced by one that is
 * always content, without any row of this table changing, would be no judge.
 */
import { describe, expect, test } from 'vitest';
import type { CheckResult } from '../../../shared/continuity/findings/check-result.ts';
import {
  type Evidence,
  EVIDENCE_PARTS,
  type EvidencePart,
  type RegressionEvidence,
  type WindowEvidence,
} from '../../../shared/continuity/evidence/evidence.ts';
import {
  type Check,
  CHECKS,
  decideGate,
  decideRegressionGate,
  REGRESSION_CHECKS,
  type Verdict,
} from '../../../shared/continuity/gate.ts';
import { type GatePolicy, gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { withProbabilities } from '../../trainer/report/make-report.ts';
import { evidenceOf, withoutChampion } from './make-evidence.ts';
import { regressionOf } from './make-regression.ts';

const tenSplits = (score: number) => ({
  train: Float64Array.from({ length: 10 }, () => 0.95),
  test: Float64Array.from({ length: 10 }, (_, i) => score + 0.002 * (i % 3)),
});

const timings = (ms: number) => Float64Array.from({ length: 40 }, (_, i) => ms * (1 + 0.01 * (i % 5)));

const PASSED = { id: 'classes in the wrong order', passed: true, detail: 'gets reject' };

/** All that a policy can need is there, and all of it is good. */
const COMMON = {
  edge: {
    candidateBytes: 10_000,
    championBytes: 10_000,
    memoryBytes: 20_000_000,
    candidateMs: timings(1),
    championMs: timings(1),
  },
  splits: { trained: 1_600, tested: 400, candidate: tenSplits(0.93), champion: tenSplits(0.92) },
  selfTests: [PASSED],
  features: [{ name: 'device', values: ['desk', 'phone'] }],
};

const kept = { gains: 10, losses: 10, n: 2_000, bothWrong: 100 };
/** A third of a point better now: so little pays for no loss on the past. */
const plain = evidenceOf([kept, kept], { gains: 26, losses: 20, n: 2_000, bothWrong: 100 });
const reported = {
  exampleIds: Array.from({ length: 10 }, (_, i) => `reported/${i}`),
  labels: Int32Array.from({ length: 10 }, (_, i) => i % 2),
  candidate: Int32Array.from({ length: 10 }, (_, i) => i % 2),
  champion: Int32Array.from({ length: 10 }, (_, i) => i % 2),
};
const good: Evidence = {
  ...withProbabilities({
    ...plain,
    windows: plain.windows.map((window) => ({
      ...window,
      features: [window.labels.map((_, i) => (i % 10 === 0 ? 1 : 0))],
      previousLabels: window.labels.map((label, i) => (i % 3 === 0 ? label : 1 - label)),
    })),
  }),
  ...COMMON,
  reportedFlips: reported,
};
const POLICY = gatePolicySchema.parse({ slices: ['device'], bootstrap: { draws: 1_000 } });

const changeWindows = (
  which: 'past' | 'current',
  change: (window: WindowEvidence) => Partial<WindowEvidence>,
): Evidence => ({
  ...good,
  windows: good.windows.map((window) => (window.kind === which ? { ...window, ...change(window) } : window)),
});

/** The candidate is wrong where it says so, and as sure as before. */
const wrongWhere =
  (is: (i: number, window: WindowEvidence) => boolean) =>
  (window: WindowEvidence): Partial<WindowEvidence> => {
    const candidate = window.candidate.map((answer, i) =>
      is(i, window) ? 1 - (window.labels[i] as number) : answer,
    );
    const [scored] = withProbabilities({ ...good, windows: [{ ...window, candidate }] }).windows;
    return { candidate, candidateProbabilities: scored?.candidateProbabilities ?? new Float32Array() };
  };

/** The candidate alone is wrong where it says so, and the champion alone where it gains; elsewhere both are right. */
const traded =
  (loses: (i: number) => boolean, gains: (i: number) => boolean) =>
  (window: WindowEvidence): Partial<WindowEvidence> => {
    const wrong = (is: (i: number) => boolean): Int32Array =>
      window.labels.map((label, i) => (is(i) ? 1 - label : label));
    const answers = { candidate: wrong(loses), champion: wrong(gains) };
    return { ...withProbabilities({ ...good, windows: [{ ...window, ...answers }] }).windows[0] };
  };

interface Fault<Judged> {
  readonly fault: string;
  readonly evidence: Judged;
  readonly notices: string;
}

/** Ten small past windows, on each of which 8 of 250 are lost and 2 gained. */
const manyPast: Evidence = {
  ...good,
  windows: [
    ...Array.from({ length: 10 }, (_, w): WindowEvidence => {
      const [first] = good.windows;
      if (first === undefined) throw new RangeError('expected a window');
      const n = 250;
      const cut = {
        ...first,
        id: `small-${w}`,
        fromMs: w,
        toMs: w + 1,
        exampleIds: first.exampleIds.slice(0, n),
        labels: first.labels.slice(0, n),
        candidate: first.labels.slice(0, n),
        features: first.features?.map((ids) => ids.slice(0, n)) ?? [],
        previousLabels: first.previousLabels?.slice(0, n) ?? new Int32Array(n),
      };
      return {
        ...cut,
        ...traded(
          (i) => i % 30 === 7,
          (i) => i === 100 || i === 201,
        )(cut),
      };
    }),
    ...good.windows.slice(-1),
  ],
};

const fact = (change: Partial<Evidence['candidate']>): Evidence => ({
  ...good,
  candidate: { ...good.candidate, ...change },
});

const FAULTS: readonly Fault<Evidence>[] = [
  { fault: 'a weight is no number', evidence: fact({ finite: false }), notices: 'sanity' },
  { fault: 'stored files answer otherwise', evidence: fact({ reproduces: false }), notices: 'sanity' },
  {
    fault: 'the exported model answers otherwise',
    evidence: fact({ exportAgrees: false }),
    notices: 'sanity',
  },
  { fault: "the champion's own weights", evidence: fact({ digest: 'sha256:champion' }), notices: 'sanity' },
  {
    fault: 'a reported self-test failed',
    evidence: { ...good, selfTests: [{ ...PASSED, passed: false }] },
    notices: 'self-tests',
  },
  {
    fault: 'a little worse than the champion, and both worse than repeating the last label',
    evidence: changeWindows('current', (window) => ({
      ...traded(
        (i) => i % 100 < 5 && i < 600,
        (i) => i % 100 < 5 && i >= 1_500,
      )(window),
      previousLabels: window.labels,
    })),
    notices: 'baseline',
  },
  {
    fault: '2.5 points worse on what comes in',
    evidence: changeWindows(
      'current',
      traded(
        (i) => (i % 20 === 3 || i % 20 === 8) && i < 700,
        (i) => (i % 20 === 5 || i % 20 === 6) && i < 200,
      ),
    ),
    notices: 'current-window',
  },
  {
    fault: '4 points worse on each past window',
    evidence: changeWindows(
      'past',
      wrongWhere((i) => i >= 10 && i < 90),
    ),
    notices: 'past-mean',
  },
  {
    fault: '2 points worse on each of ten past windows, none of which shows it by itself',
    evidence: manyPast,
    notices: 'past-mean',
  },
  {
    fault: '5 points worse on the oldest window, and as much better on the next',
    evidence: {
      ...good,
      windows: good.windows.map((window, w) => {
        const [one, other] = [(i: number) => i % 100 < 6, (i: number) => i % 100 === 50];
        if (window.kind === 'current') return window;
        return { ...window, ...(w === 0 ? traded(one, other) : traded(other, one))(window) };
      }),
    },
    notices: 'worst-window',
  },
  {
    fault: 'one right answer in twelve turns wrong, and as many right, in every class',
    evidence: changeWindows(
      'current',
      traded(
        (i) => i % 24 === 0 || i % 24 === 9,
        (i) => i % 24 === 3 || i % 24 === 6 || i % 24 === 1 || i % 24 === 2,
      ),
    ),
    notices: 'negative-flips',
  },
  {
    fault: 'three of ten reported flips are back',
    evidence: {
      ...good,
      reportedFlips: {
        ...reported,
        candidate: reported.labels.map((label, i) => (i < 3 ? 1 - label : label)),
      },
    },
    notices: 'reported-flips',
  },
  {
    fault: 'one class is given up for the other',
    evidence: changeWindows(
      'current',
      traded(
        (i) => i % 10 === 2 && i < 750,
        (i) => i % 10 === 3 && i < 1_100,
      ),
    ),
    notices: 'class-recall',
  },
  {
    fault: 'users of phones are given up for the others',
    evidence: changeWindows(
      'current',
      traded(
        (i) => i % 10 === 0 && i < 200,
        (i) => (i % 10 === 3 || i % 10 === 4) && i < 200,
      ),
    ),
    notices: 'feature-slices',
  },
  {
    fault: 'surer of its mistakes, with the same answers',
    evidence: changeWindows('current', (window) => {
      const probabilities = window.candidateProbabilities ?? new Float32Array();
      return { candidateProbabilities: probabilities.map((p) => (p > 0.5 ? 0.5001 : 0.4999)) };
    }),
    notices: 'calibration',
  },
  {
    fault: 'a recipe that is 6 points worse, and a lucky night',
    evidence: { ...good, splits: { ...COMMON.splits, candidate: tenSplits(0.86) } },
    notices: 'repeated-splits',
  },
  {
    fault: 'twice as slow',
    evidence: { ...good, edge: { ...COMMON.edge, candidateMs: timings(2) } },
    notices: 'edge-budget',
  },
  {
    fault: 'three times as large',
    evidence: { ...good, edge: { ...COMMON.edge, candidateBytes: 30_000 } },
    notices: 'edge-budget',
  },
  {
    fault: 'more memory than an isolate has',
    evidence: { ...good, edge: { ...COMMON.edge, memoryBytes: 90_000_000 } },
    notices: 'edge-budget',
  },
];

const numbers: RegressionEvidence = (() => {
  const made = regressionOf(600, 0.99);
  const windows = made.windows.map((window) => ({
    ...window,
    features: [Int32Array.from(window.targets, (_, i) => (i % 5 === 0 ? 1 : 0))],
  }));
  const errors = (by: number) => ({ train: tenSplits(by).train, test: tenSplits(by).test });
  const splits = { trained: 1_600, tested: 400, candidate: errors(0.9), champion: errors(0.92) };
  return { ...made, windows, ...COMMON, splits };
})();

/** The candidate's errors on some windows are so many times as large. */
const fartherOff = (which: (w: number) => boolean, factor: number): RegressionEvidence => ({
  ...numbers,
  windows: numbers.windows.map((window, w) =>
    which(w)
      ? {
          ...window,
          candidate: window.candidate.map((value, i) => {
            const target = window.targets[i] as number;
            return target + factor * (value - target);
          }),
        }
      : window,
  ),
});

const NUMBER_FAULTS: readonly Fault<RegressionEvidence>[] = [
  {
    fault: 'stored files answer otherwise',
    evidence: { ...numbers, candidate: { ...numbers.candidate, reproduces: false } },
    notices: 'sanity',
  },
  {
    fault: 'a reported self-test failed',
    evidence: { ...numbers, selfTests: [{ ...PASSED, passed: false }] },
    notices: 'self-tests',
  },
  {
    fault: 'a little worse than the champion, and both worse than the last target',
    evidence: {
      ...fartherOff((w) => w === 2, 1.03),
      windows: fartherOff((w) => w === 2, 1.03).windows.map((window) => ({
        ...window,
        previousTargets: window.targets.map((target, i) => target + (i % 2 === 0 ? 0.1 : -0.1)),
      })),
    },
    notices: 'baseline',
  },
  { fault: '9 % farther off now', evidence: fartherOff((w) => w === 2, 1.1), notices: 'current-window' },
  {
    fault: '14 % farther off on all of the past',
    evidence: fartherOff((w) => w < 2, 1.15),
    notices: 'past-mean',
  },
  {
    fault: 'a third farther off on the oldest window, and as much closer on the next',
    evidence: {
      ...numbers,
      windows: numbers.windows.map((window, w) =>
        w === 0
          ? (fartherOff((at) => at === 0, 1.35).windows[0] ?? window)
          : w === 1
            ? (fartherOff((at) => at === 1, 0.65).windows[1] ?? window)
            : window,
      ),
    },
    notices: 'worst-window',
  },
  {
    fault: 'one prediction in seven, that was close, is far off, and the others are closer',
    evidence: {
      ...numbers,
      windows: numbers.windows.map((window, w) =>
        w < 2
          ? window
          : {
              ...window,
              candidate: window.targets.map((target, i) => {
                const error = (window.champion?.[i] ?? target) - target;
                return target + (Math.abs(error) < 0.15 ? 0.75 : 0.6 * error);
              }),
            },
      ),
    },
    notices: 'worsened',
  },
  {
    fault: 'users of phones are given up',
    evidence: {
      ...numbers,
      windows: numbers.windows.map((window, w) =>
        w < 2
          ? window
          : {
              ...window,
              candidate: window.targets.map((target, i) => {
                const error = (window.champion?.[i] ?? target) - target;
                return target + (i % 5 === 0 ? 1.4 : 0.85) * error;
              }),
            },
      ),
    },
    notices: 'feature-slices',
  },
  {
    fault: 'a recipe that errs a fifth more',
    evidence: {
      ...numbers,
      splits: { ...COMMON.splits, candidate: tenSplits(1.1), champion: tenSplits(0.92) },
    },
    notices: 'repeated-splits',
  },
  {
    fault: 'twice as slow',
    evidence: { ...numbers, edge: { ...COMMON.edge, candidateMs: timings(2) } },
    notices: 'edge-budget',
  },
];

/** By default, with each part needed, and with all of them. */
const policies = (parts: readonly EvidencePart[]): readonly (readonly [string, GatePolicy])[] => [
  ['default', POLICY],
  ...parts.map((part): readonly [string, GatePolicy] => [`needs ${part}`, { ...POLICY, needs: [part] }]),
  ['needs everything', { ...POLICY, needs: [...parts] }],
];

/** Those of them that a regression has. */
const OF_NUMBERS: readonly EvidencePart[] = ['previous', 'splits', 'edge', 'selfTests'];

const who = ({ checks }: Pick<Verdict, 'checks'>): string[] =>
  checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'hold').map(({ check }) => check);

/** A judge that is content whatever it is shown. */
function withHollow<Judged>(checks: readonly Check<Judged>[], id: string): Check<Judged>[] {
  return checks.map((check) => (check.check === id ? { ...check, run: () => CONTENT } : check));
}

const CONTENT: Omit<CheckResult, 'check' | 'title'> = {
  estimate: null,
  lower: null,
  upper: null,
  margin: null,
  passes: 'above',
  n: 0,
  verdict: 'pass',
  detail: 'whatever it is shown',
};

describe.each(policies(EVIDENCE_PARTS))('under the policy: %s', (_, policy) => {
  test('the evidence in which the faults are planted is promoted', () => {
    const verdict = decideGate(good, policy);
    expect(who(verdict)).toEqual([]);
    expect(verdict.verdict).toBe('promote');
  });

  test.each(FAULTS)('$fault: $notices', ({ evidence, notices }) => {
    const verdict = decideGate(evidence, policy);
    expect(verdict.verdict).toBe('reject');
    expect(verdict.checks.find(({ check }) => check === notices)?.verdict).toBe('fail');
  });
});

describe.each(policies(OF_NUMBERS))('of numbers, under the policy: %s', (_, policy) => {
  test('the evidence in which the faults are planted is promoted', () => {
    const verdict = decideRegressionGate(numbers, policy);
    expect(who(verdict)).toEqual([]);
    expect(verdict.verdict).toBe('promote');
  });

  test.each(NUMBER_FAULTS)('$fault: $notices', ({ evidence, notices }) => {
    const verdict = decideRegressionGate(evidence, policy);
    expect(verdict.verdict).toBe('reject');
    expect(verdict.checks.find(({ check }) => check === notices)?.verdict).toBe('fail');
  });
});

describe('no judge is one that nobody would miss', () => {
  test.each(CHECKS.map(({ check }) => [check]))('%s alone stands between a fault and its promotion', (id) => {
    const missed = FAULTS.filter(
      ({ evidence }) => decideGate(evidence, POLICY, withHollow(CHECKS, id)).verdict === 'promote',
    );
    const left = FAULTS.filter(({ notices }) => notices === id).map(({ evidence }) =>
      who(decideGate(evidence, POLICY)).join(),
    );
    expect(
      missed.map(({ notices }) => notices),
      left.join('; '),
    ).toContain(id);
  });

  test.each(REGRESSION_CHECKS.map(({ check }) => [check]))('of numbers: %s', (id) => {
    const missed = NUMBER_FAULTS.filter(
      ({ evidence }) =>
        decideRegressionGate(evidence, POLICY, withHollow(REGRESSION_CHECKS, id)).verdict === 'promote',
    );
    const left = FAULTS.filter(({ notices }) => notices === id).map(({ evidence }) =>
      who(decideGate(evidence, POLICY)).join(),
    );
    expect(
      missed.map(({ notices }) => notices),
      left.join('; '),
    ).toContain(id);
  });
});

describe('what is left out', () => {
  const without = (part: EvidencePart): Evidence => {
    const { edge, splits, selfTests, reportedFlips, ...rest } = good;
    const parts = { edge, splits, selfTests, reportedFlips };
    const kept = Object.fromEntries(Object.entries(parts).filter(([name]) => name !== part));
    const windows = rest.windows.map(
      ({ candidateProbabilities, championProbabilities, previousLabels, ...window }) => ({
        ...window,
        ...(part !== 'probabilities' && { candidateProbabilities, championProbabilities }),
        ...(part !== 'previous' && { previousLabels }),
      }),
    );
    return { ...rest, ...kept, windows };
  };
  const HOLDS: Readonly<Record<EvidencePart, string>> = {
    probabilities: 'calibration',
    previous: 'baseline',
    splits: 'repeated-splits',
    edge: 'edge-budget',
    selfTests: 'self-tests',
    reportedFlips: 'reported-flips',
  };

  test.each(EVIDENCE_PARTS)('%s holds by name where the policy needs it, and broke', (part) => {
    const evidence = without(part);
    const needed = decideGate(evidence, { ...POLICY, needs: [part] });
    const broke = decideGate({ ...evidence, missing: { [part]: 'the disk was full' } }, POLICY);
    for (const verdict of [needed, broke]) {
      expect(verdict.verdict).toBe('hold');
      expect(who(verdict)).toEqual([HOLDS[part]]);
      expect(verdict.summary).toMatch(/^Hold: something that should be there is missing or broke/);
    }
    expect(broke.reasons.join()).toContain('the disk was full');
  });

  test.each(EVIDENCE_PARTS)('%s is no question where nobody needs it', (part) => {
    expect(decideGate(without(part), POLICY).verdict).toBe('promote');
  });
});

test('a first version: the baselines alone stand between what learnt nothing and its promotion', () => {
  const { edge: _edge, splits: _splits, reportedFlips: _reported, ...first } = withoutChampion(good);
  const windows = first.windows.map(({ championProbabilities: _champion, ...window }) => ({
    ...window,
    candidate: window.labels.map(() => 0),
  }));
  const evidence = { ...first, windows };
  expect(who(decideGate(evidence, POLICY))).toEqual(['baseline']);
  expect(decideGate(evidence, POLICY, withHollow(CHECKS, 'baseline')).verdict).toBe('promote');
});
