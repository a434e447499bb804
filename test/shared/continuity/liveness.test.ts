/**
 * That the gate opens: no check but the current window (of a first version, the baselines) waits for evidence, whatever
 * the windows look like. A hold that no label can end would keep a model closed for ever.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CheckResult } from '../../../shared/continuity/findings/check-result.ts';
import type { Evidence, RegressionEvidence } from '../../../shared/continuity/evidence/evidence.ts';
import { decideGate, decideRegressionGate } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { evidenceOf, windowOf, withoutChampion } from './make-evidence.ts';
import { regressionOf, withoutRegressionChampion } from './make-regression.ts';
import { withProbabilities } from '../../trainer/report/make-report.ts';

const policy = gatePolicySchema.parse({ slices: ['device'] });

/** Sizes that lock a gate which waits: one example, ten, some hundreds, thousands. */
const size = fc.oneof(
  fc.integer({ min: 1, max: 12 }),
  fc.integer({ min: 13, max: 400 }),
  fc.constantFrom(1_000, 2_000),
);
const window = fc.record({ n: size, gains: fc.nat(), losses: fc.nat(), wrong: fc.nat(), shift: fc.nat(2) });

interface Drawn {
  readonly n: number;
  readonly gains: number;
  readonly losses: number;
  readonly wrong: number;
  readonly shift: number;
}

interface State {
  readonly past: readonly Drawn[];
  readonly current: Drawn;
  readonly extras: number;
}

/**
 * Three classes, some of which a window lacks; features; now and then groups, inputs that repeat in an order of time,
 * probabilities and previous labels.
 */
function build({ past, current, extras }: State): Evidence {
  const base = evidenceOf([], { gains: 0, losses: 0, n: 1 });
  const windows = [...past, current].map(({ n, gains, losses, wrong, shift }, i) => {
    const g = gains % (n + 1);
    const l = losses % (n - g + 1);
    const kind = i === past.length ? 'current' : 'past';
    const made = windowOf(`w${i}`, kind, { gains: g, losses: l, n, bothWrong: wrong % (n - g - l + 1) }, i);
    // the classes are turned round by the window, so that some are missing here and there
    const turn = (ids: Int32Array): Int32Array => ids.map((id) => (id + shift) % 3);
    return {
      ...made,
      labels: turn(made.labels),
      candidate: turn(made.candidate),
      champion: turn(made.champion ?? made.candidate),
      features: [made.labels.map((_, k) => (k % 5 === 0 ? 1 : 0))],
      ...((extras & 1) === 1 && { groups: made.labels.map((_, k) => (extras & 2) * 7 + (k >> 2)) }),
      ...((extras & 16) === 16 && {
        inTimeOrder: true as const,
        contents: made.labels.map((_, k) => (k % 4 === 0 ? 0 : 1 + ((k * 7) >> 3))),
      }),
      ...((extras & 4) === 4 && { previousLabels: made.labels.map((_, k) => (k % 3 === 0 ? -1 : k % 2)) }),
    };
  });
  const evidence = {
    ...base,
    classes: ['a', 'b', 'c'],
    windows,
    features: [{ name: 'device', values: ['desk', 'phone'] }],
  };
  return scored(evidence, extras);
}

/** With probabilities that fit the answers, in half of the states. */
function scored(evidence: Evidence, extras: number): Evidence {
  return (extras & 8) === 8 ? withProbabilities(evidence) : evidence;
}

/** Drawn small, and built in the property: so that what fails can be read. */
const states = fc.record({ past: fc.array(window, { maxLength: 6 }), current: window, extras: fc.nat(31) });

const holding = (checks: readonly CheckResult[]): string[] =>
  checks.filter(({ verdict }) => verdict === 'hold').map(({ check }) => check);

/** Its rightness in each class turned into the champion's: gains and losses alike, in every slice. */
function asGood(evidence: Evidence): Evidence {
  return {
    ...evidence,
    windows: evidence.windows.map((each) => ({ ...each, candidate: each.champion ?? each.candidate })),
  };
}

describe('no reachable state of windows holds for ever:', () => {
  test('a candidate that answers as the champion does is held by the current window alone, if at all', () => {
    fc.assert(
      fc.property(states, (state) => {
        const evidence = build(state);
        const held = holding(decideGate(scored(asGood(evidence), state.extras), policy).checks);
        expect(held.filter((check) => check !== 'current-window')).toEqual([]);
      }),
      { numRuns: 120 },
    );
  });

  test('a candidate that is right wherever the champion is, and more often, is held by the current window alone', () => {
    fc.assert(
      fc.property(states, fc.integer({ min: 2, max: 9 }), (state, every) => {
        const evidence = build(state);
        const windows = evidence.windows.map((each) => ({
          ...each,
          candidate: (each.champion ?? each.candidate).map((answer, i) =>
            i % every === 0 ? (each.labels[i] as number) : answer,
          ),
        }));
        const { checks, verdict } = decideGate(scored({ ...evidence, windows }, state.extras), policy);
        expect(checks.filter((each) => each.verdict === 'fail').map(({ detail }) => detail)).toEqual([]);
        expect(verdict).not.toBe('reject');
        expect(holding(checks).filter((check) => check !== 'current-window')).toEqual([]);
      }),
      { numRuns: 120 },
    );
  });

  test('of any candidate, another check holds only where the candidate looks worse by far, and names what comes in', () => {
    fc.assert(
      fc.property(states, (state) => {
        const evidence = build(state);
        const { checks } = decideGate(evidence, policy);
        for (const { check, verdict, estimate, lower, moreLabels } of checks) {
          if (verdict !== 'hold' || check === 'current-window') continue;
          expect(['class-recall', 'feature-slices']).toContain(check);
          expect(estimate).toBeLessThan(0);
          expect(lower).toBeLessThanOrEqual(-policy.holdBeyond);
          expect(moreLabels?.where).toBe('what comes in');
        }
      }),
      { numRuns: 120 },
    );
  });

  test('a part that a first version cannot have is not waited for', () => {
    const first = withoutChampionsProbabilities(evidenceOf([], { gains: 0, losses: 0, n: 400 }));
    const needy = { ...policy, slices: [], needs: ['reportedFlips' as const, 'splits' as const] };
    expect(holding(decideGate(first, needy).checks).filter((check) => check !== 'baseline')).toEqual([]);
  });

  test('a first version is held by the baselines alone', () => {
    fc.assert(
      fc.property(states, (state) => {
        const evidence = build(state);
        const held = holding(decideGate(withoutChampionsProbabilities(evidence), policy).checks);
        expect(held.filter((check) => check !== 'baseline')).toEqual([]);
      }),
      { numRuns: 80 },
    );
  });

  test('whatever holds says what is wanted of what comes in, never of a window that is closed', () => {
    fc.assert(
      fc.property(states, (state) => {
        const evidence = build(state);
        for (const { moreLabels, parts = [] } of decideGate(evidence, policy).checks) {
          for (const wanted of [moreLabels, ...parts.map((part) => part.moreLabels)]) {
            if (wanted !== undefined) expect(wanted.where).toBe('what comes in');
          }
        }
      }),
      { numRuns: 80 },
    );
  });

  test('and every skip says which kind it is', () => {
    fc.assert(
      fc.property(states, (state) => {
        const evidence = build(state);
        for (const { verdict, skipped, parts = [] } of decideGate(evidence, policy).checks) {
          for (const each of [{ verdict, skipped }, ...parts]) {
            expect(each.skipped !== undefined).toBe(each.verdict === 'skip');
          }
        }
      }),
      { numRuns: 80 },
    );
  });
});

function withoutChampionsProbabilities(evidence: Evidence): Evidence {
  const first = withoutChampion(evidence);
  const windows = first.windows.map(({ championProbabilities: _probabilities, ...rest }) => rest);
  return { ...first, windows };
}

describe('of a regression', () => {
  const quick = gatePolicySchema.parse({ bootstrap: { draws: 1_000 } });
  const cut = (evidence: RegressionEvidence, sizes: readonly number[]): RegressionEvidence => ({
    ...evidence,
    windows: evidence.windows.map((each, i) => {
      const n = sizes[i] ?? 1;
      return {
        ...each,
        exampleIds: each.exampleIds.slice(0, n),
        targets: each.targets.slice(0, n),
        candidate: each.candidate.slice(0, n),
        champion: each.champion?.slice(0, n) ?? null,
        ...(each.previousTargets && { previousTargets: each.previousTargets.slice(0, n) }),
      };
    }),
  });
  const sizes = fc.array(fc.constantFrom(1, 2, 10, 19, 20, 60, 200), { minLength: 3, maxLength: 3 });

  test('only the current window holds, or the baselines of a first version', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.double({ min: 0.3, max: 3, noNaN: true }),
        fc.boolean(),
        (lengths, factor, first) => {
          const evidence = cut(regressionOf(200, factor), lengths);
          const judged = first ? withoutRegressionChampion(evidence) : evidence;
          const held = holding(decideRegressionGate(judged, quick).checks);
          expect(held.filter((check) => check !== (first ? 'baseline' : 'current-window'))).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });
});
