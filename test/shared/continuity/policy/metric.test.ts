import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Evidence, WindowEvidence } from '../../../../shared/continuity/evidence/evidence.ts';
import { decideGate, decideRegressionGate } from '../../../../shared/continuity/gate.ts';
import {
  classMetric,
  type ClassMetric,
  errorUtilities,
  priorsOf,
  utilities,
  utilityMargin,
  utilityScale,
} from '../../../../shared/continuity/policy/metric.ts';
import { gatePolicySchema, metricProblem } from '../../../../shared/continuity/policy/policy.ts';
import { evidenceOf, seededRandom, withoutChampion } from '../make-evidence.ts';
import { regressionOf, withoutRegressionChampion } from '../make-regression.ts';

const policy = gatePolicySchema.parse({});

describe('utilities of one example', () => {
  const labels = Int32Array.of(0, 0, 0, 1, 1, 2);
  const answers = Int32Array.of(0, 1, 0, 1, 0, 2);
  const priors = priorsOf(labels, 3);
  const none = undefined;

  test('by accuracy are 1 where right', () => {
    expect([...utilities('accuracy', labels, answers, none, priors)]).toEqual([1, 0, 1, 1, 0, 1]);
  });

  test('by balanced accuracy weigh a class by how rare it is: their mean times the scale is the mean recall', () => {
    const values = utilities('balanced-accuracy', labels, answers, none, priors);
    expect([...values].map((value) => Number(value.toFixed(6)))).toEqual([
      0.333_333, 0, 0.333_333, 0.5, 0, 1,
    ]);
    const mean = values.reduce((sum, value) => sum + value, 0) / 6;
    expect(mean * utilityScale('balanced-accuracy', priors)).toBeCloseTo((2 / 3 + 1 / 2 + 1) / 3, 12);
    // a point of balanced accuracy is half a point of utility here: 3 classes, the rarest a sixth
    expect(utilityMargin(0.01, 'balanced-accuracy', priors)).toBeCloseTo(0.005, 12);
    expect(utilityMargin(0.01, 'accuracy', priors)).toBe(0.01);
  });

  test('by costs fall with the cost of the mistake', () => {
    const costs = [
      [0, 1, 4],
      [2, 0, 4],
      [4, 4, 0],
    ];
    expect([...utilities({ costs }, labels, answers, none, priors)]).toEqual([1, 0.75, 1, 1, 0.5, 1]);
    expect(utilityScale({ costs }, priors)).toBe(4);
  });

  test('by log loss fall with what the probabilities were worth', () => {
    const rows = Float32Array.of(0.5, 0.5, 1, 0, 0, 1);
    const values = utilities(
      'log-loss',
      Int32Array.of(0, 0, 0),
      Int32Array.of(0, 0, 1),
      rows,
      priorsOf([0], 2),
    );
    expect(values[0]).toBeCloseTo(1 - Math.LN2 / 4.6, 6);
    expect(values[1]).toBe(1);
    expect(values[2]).toBe(0);
    expect(() => utilities('log-loss', labels, answers, none, priors)).toThrow(RangeError);
  });

  const metric = fc.constantFrom<ClassMetric>('accuracy', 'balanced-accuracy', {
    costs: [
      [0, 3, 1],
      [5, 0, 0.5],
      [1, 1, 0],
    ],
  });

  test('lie in [0, 1], whatever is answered, and are highest where it is right', () => {
    fc.assert(
      fc.property(metric, fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { minLength: 1 }), (by, pairs) => {
        const truth = Int32Array.from(pairs, ([label]) => label);
        const said = Int32Array.from(pairs, ([, answer]) => answer);
        const shares = priorsOf(truth, 3);
        const best = utilities(by, truth, truth, none, shares);
        for (const [i, value] of utilities(by, truth, said, none, shares).entries()) {
          expect(value >= 0 && value <= 1 && value <= (best[i] as number)).toBe(true);
        }
      }),
    );
  });

  test('of a number are its losses over the largest that counts, or whether it is near', () => {
    const [targets, said] = [Float64Array.of(10, 10, 10), Float64Array.of(10, 12, 0)];
    expect([...errorUtilities('mae', targets, said, 4)]).toEqual([1, 0.5, 0]);
    expect([...errorUtilities('rmse', targets, said, 16)]).toEqual([1, 0.75, 0]);
    expect([...errorUtilities({ pinball: 0.75 }, targets, said, 4)]).toEqual([1, 0.875, 0]);
    expect([...errorUtilities({ tolerance: 2 }, targets, said, 4)]).toEqual([1, 1, 0]);
  });
});

test('a metric must be one of the task, and costs one row and column a class', () => {
  const of = (metric: unknown) => gatePolicySchema.parse({ metric });
  const square = {
    costs: [
      [0, 1],
      [1, 0],
    ],
  };
  expect(metricProblem(of('mae'), 'classification', 2)).toBe(
    "expected a metric of a classification, got 'mae'",
  );
  expect(metricProblem(of('log-loss'), 'regression', 0)).toBe(
    "expected a metric of a regression, got 'log-loss'",
  );
  expect(metricProblem(of({ tolerance: 1 }), 'classification', 2)).toContain("got 'tolerance'");
  expect(metricProblem(of(square), 'classification', 3)).toBe(
    'expected 3 rows and columns of costs, one per class',
  );
  expect(metricProblem(of(square), 'classification', 2)).toBeNull();
  expect(metricProblem(of('auto'), 'regression', 0)).toBeNull();
  const { verdict, reasons } = decideGate(evidenceOf([], { gains: 0, losses: 0, n: 500 }), of('rmse'));
  expect(verdict).toBe('hold');
  expect(reasons[0]).toContain('policy.metric: expected a metric of a classification');
});

/** A table of 97 to 3, answered with these recalls of either class; the champion always says the majority, or has its own. */
function skewedNight(
  n: number,
  [common, rare]: readonly [number, number],
  champion: readonly [number, number],
  seed: number,
): Evidence {
  const random = seededRandom(seed);
  const windowOf = (id: string, kind: 'past' | 'current'): WindowEvidence => {
    const labels = Int32Array.from({ length: n }, () => (random() < 0.03 ? 1 : 0));
    const answer = (recalls: readonly [number, number]) =>
      labels.map((label) => (random() < (recalls[label] as number) ? label : 1 - label));
    const exampleIds = Array.from(labels, (_, i) => `${id}/${i}`);
    return {
      id,
      kind,
      fromMs: 0,
      toMs: 1,
      exampleIds,
      labels,
      candidate: answer([common, rare]),
      champion: answer(champion),
    };
  };
  const base = evidenceOf([], { gains: 0, losses: 0, n: 1 });
  return { ...base, majority: 0, windows: [windowOf('past', 'past'), windowOf('now', 'current')] };
}

const share = (nights: number, promoted: (seed: number) => boolean): number =>
  Array.from({ length: nights }, (_, i) => promoted(i + 1)).filter(Boolean).length / nights;

describe('a table of 97 to 3, by default', () => {
  test('is judged by balanced accuracy, and says so; one of 60 to 40 is not', () => {
    const night = skewedNight(1_000, [0.97, 0.8], [0.97, 0.4], 1);
    expect(classMetric(night, policy)).toBe('balanced-accuracy');
    expect(
      decideGate(night, policy).checks.find(({ check }) => check === 'current-window')?.detail,
    ).toContain('by balanced accuracy');
    expect(classMetric(evidenceOf([], { gains: 0, losses: 0, n: 100 }), policy)).toBe('accuracy');
    expect(classMetric(night, gatePolicySchema.parse({ metric: 'accuracy' }))).toBe('accuracy');
  });

  test('gets its first version, though always answering the majority is right more often', () => {
    const first = (seed: number) => withoutChampion(skewedNight(1_000, [0.95, 0.8], [1, 0], seed));
    expect(share(40, (seed) => decideGate(first(seed), policy).verdict === 'promote')).toBeGreaterThan(0.95);
    // one that learnt nothing does not
    const nothing = (seed: number) => withoutChampion(skewedNight(1_000, [1, 0], [1, 0], seed));
    expect(share(40, (seed) => decideGate(nothing(seed), policy).verdict === 'promote')).toBe(0);
  });

  test('promotes what is better on the rare class, and refuses what gives it up', () => {
    const better = (seed: number) =>
      decideGate(skewedNight(2_000, [0.97, 0.85], [0.97, 0.5], seed), policy).verdict;
    expect(share(40, (seed) => better(seed) === 'promote')).toBeGreaterThan(0.9);
    const worse = (seed: number) =>
      decideGate(skewedNight(2_000, [0.99, 0.3], [0.97, 0.8], seed), policy).verdict;
    expect(share(40, (seed) => worse(seed) === 'reject')).toBeGreaterThan(0.9);
  });

  test('a candidate exactly at the margin is promoted at most 5 % of the time', () => {
    // 2 points of recall of the common class, none of the rare one: 1 point of balanced accuracy
    const wide = gatePolicySchema.parse({ minimum: { window: 1 } });
    const rate = share(400, (seed) => {
      const { windows, ...rest } = skewedNight(4_000, [0.93, 0.8], [0.95, 0.8], seed);
      return decideGate({ ...rest, windows: windows.slice(1) }, wide).verdict === 'promote';
    });
    expect(rate).toBeLessThan(0.08);
  });
});

describe('by other metrics', () => {
  const costs = [
    [0, 1],
    [20, 0],
  ];

  test('a candidate that makes the cheap mistake for the dear one is promoted by costs, and refused by accuracy', () => {
    const night = skewedNight(4_000, [0.93, 0.9], [0.97, 0.4], 3);
    const decide = (metric: object | string) =>
      decideGate(night, gatePolicySchema.parse({ metric, margins: { classRecall: 0.2 } }));
    const by = (metric: object | string) =>
      decide(metric).checks.find(({ check }) => check === 'current-window');
    expect(by({ costs })).toMatchObject({
      verdict: 'pass',
      detail: expect.stringContaining('by the cost of mistakes'),
    });
    expect(by('accuracy')?.verdict).toBe('fail');
  });

  test('log loss needs probabilities, and holds by name without them', () => {
    const night = evidenceOf([], { gains: 30, losses: 0, n: 2_000 });
    const verdict = decideGate(night, gatePolicySchema.parse({ metric: 'log-loss' }));
    expect(verdict.verdict).toBe('hold');
    expect(verdict.checks.find(({ check }) => check === 'current-window')).toMatchObject({
      verdict: 'hold',
      broken: true,
    });
    expect(verdict.summary).toContain('something that should be there is missing or broke');
  });

  test.each(['mae', 'rmse', { pinball: 0.5 }, { tolerance: 0.6 }])(
    'a regression by %j promotes what errs less and refuses what errs more',
    (metric) => {
      const by = gatePolicySchema.parse({ metric });
      expect(decideRegressionGate(regressionOf(800, 0.7), by).verdict).toBe('promote');
      expect(decideRegressionGate(regressionOf(800, 1.5), by).verdict).toBe('reject');
      expect(decideRegressionGate(withoutRegressionChampion(regressionOf(800, 0.5)), by).verdict).toBe(
        'promote',
      );
    },
  );
});
