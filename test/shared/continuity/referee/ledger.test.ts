import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  answerByPromotion,
  ask,
  candidateQuestion,
  formerQuestion,
  knownClasses,
  levelOf,
  type LedgerState,
  loseTrust,
  longBroken,
  NEW_LEDGER,
  noteBroken,
  noteLabels,
  trustIn,
  withTrust,
} from '../../../../shared/continuity/referee/ledger.ts';
import { divideLevel, levelOfNext } from '../../../../shared/continuity/referee/levels.ts';
import { UNTRIED } from '../../../../shared/continuity/referee/trust.ts';

const ALPHA = 0.05;

/** A night's dealings with the ledger. `former`: which version it is asked about. */
type Deed =
  | { readonly kind: 'candidate'; readonly digest: string }
  | { readonly kind: 'former'; readonly champion: number }
  | { readonly kind: 'promote'; readonly which: number };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ kind: fc.constant('candidate' as const), digest: fc.nat(60).map(String) }),
  fc.record({ kind: fc.constant('former' as const), champion: fc.integer({ min: 1, max: 50 }) }),
  fc.record({ kind: fc.constant('promote' as const), which: fc.nat(40) }),
);

function deal(state: LedgerState, what: Deed): LedgerState {
  const open = Object.keys(state.levels);
  switch (what.kind) {
    case 'candidate':
      return ask(state, candidateQuestion(what.digest), ALPHA);
    case 'former':
      return ask(state, formerQuestion(what.champion), ALPHA);
    case 'promote':
      return answerByPromotion(state, open[what.which % Math.max(1, open.length)] ?? 'nobody asked');
  }
}

describe('a question', () => {
  test('has the level that is left when it is first asked', () => {
    const state = ask(ask(NEW_LEDGER, 'first', ALPHA), 'second', ALPHA);
    expect(state.tests).toBe(2);
    expect(levelOf(state, 'first')).toBeCloseTo(0.66 * ALPHA, 12);
    expect(levelOf(state, 'second')).toBeCloseTo(0.17 * ALPHA, 12);
  });

  test('that was asked already keeps its level and costs nothing', () => {
    const state = ask(ask(NEW_LEDGER, 'first', ALPHA), 'second', ALPHA);
    expect(ask(state, 'first', ALPHA)).toBe(state);
  });

  test('that ends in a promotion is closed, and what it cost comes back, once', () => {
    const asked = ask(NEW_LEDGER, 'first', ALPHA);
    const answered = answerByPromotion(asked, 'first');
    expect(answered).toEqual({ ...asked, levels: {}, rejections: 1 });
    expect(answerByPromotion(answered, 'first')).toBe(answered);
    expect(levelOf(ask(answered, 'second', ALPHA), 'second')).toBeCloseTo(2 * 0.17 * ALPHA, 12);
  });

  test('that nobody asked has no level', () => {
    expect(() => levelOf(NEW_LEDGER, 'first')).toThrow(
      new RangeError("expected a question that was asked, got 'first'"),
    );
  });

  test('is forgotten when 32 younger ones were asked', () => {
    let state = ask(NEW_LEDGER, 'first', ALPHA);
    for (let i = 0; i < 31; i++) state = ask(state, `${i} follows`, ALPHA);
    expect('first' in state.levels).toBe(true);
    expect('first' in ask(state, 'one more', ALPHA).levels).toBe(false);
  });
});

describe('whatever happens in a life', () => {
  const life = fc.array(deed, { maxLength: 200 });

  test('every question that is open has a level above 0, through JSON and back', () => {
    fc.assert(
      fc.property(life, (deeds) => {
        let state = NEW_LEDGER;
        for (const what of deeds) {
          state = JSON.parse(JSON.stringify(deal(state, what))) as LedgerState;
          if (what.kind === 'candidate')
            expect(levelOf(state, candidateQuestion(what.digest))).toBeGreaterThan(0);
          if (what.kind === 'former')
            expect(levelOf(state, formerQuestion(what.champion))).toBeGreaterThan(0);
          for (const level of Object.values(state.levels)) {
            expect(divideLevel(level).referee).toBeGreaterThan(0);
            expect(level).toBeLessThanOrEqual(ALPHA);
          }
          expect(Object.keys(state.levels).length).toBeLessThanOrEqual(32);
          expect(state.rejections).toBeLessThanOrEqual(state.tests);
        }
      }),
    );
  });

  test('without a promotion all levels ever given sum to at most alpha', () => {
    fc.assert(
      fc.property(life, (deeds) => {
        let [state, given] = [NEW_LEDGER, 0];
        for (const what of deeds) {
          if (what.kind === 'promote') continue;
          const after = deal(state, what);
          if (after.tests > state.tests) given += Object.values(after.levels).at(-1) as number;
          state = after;
        }
        expect(given).toBeLessThanOrEqual(ALPHA + 1e-12);
      }),
    );
  });

  test('with promotions what was given is at most alpha for each of them and one more', () => {
    fc.assert(
      fc.property(life, (deeds) => {
        let [state, given] = [NEW_LEDGER, 0];
        for (const what of deeds) {
          const after = deal(state, what);
          if (after.tests > state.tests) given += Object.values(after.levels).at(-1) as number;
          state = after;
        }
        expect(given).toBeLessThanOrEqual(ALPHA * (state.rejections + 1) + 1e-12);
      }),
    );
  });

  test('the next question always has a level, after a hundred years as well', () => {
    expect(levelOfNext(ALPHA, { tests: 365 * 100 * 4, rejections: 0 })).toBeGreaterThan(1e-13);
  });
});

describe('trust in a recipe', () => {
  const trusted = { trusted: true, losses: 2, from: 7, settled: null };

  test('is remembered by recipe; one that nobody knows is untried', () => {
    const state = withTrust(NEW_LEDGER, 'a', trusted);
    expect(trustIn(state, 'a')).toBe(trusted);
    expect(trustIn(state, 'b')).toBe(UNTRIED);
    expect(NEW_LEDGER.recipes).toEqual({});
  });

  test('is lost once when its version is taken back, and not by one that has none', () => {
    const lost = loseTrust(trusted, 12);
    expect(lost).toEqual({ trusted: false, losses: 3, from: 12, settled: null });
    expect(loseTrust(lost, 15)).toBe(lost);
  });
});

describe('what broke is counted', () => {
  const nights = (...held: readonly (readonly string[])[]) =>
    held.reduce((state, checks) => noteBroken(state, checks), NEW_LEDGER);

  test('by name, for as many nights as it was so running', () => {
    expect(nights(['edge-budget'], ['edge-budget', 'sanity']).broken).toEqual({
      'edge-budget': 2,
      sanity: 1,
    });
    expect(longBroken(nights(['a'], ['a']))).toEqual([]);
    expect(longBroken(nights(['a'], ['a', 'b'], ['a', 'b']))).toEqual(['a']);
  });

  test('and forgotten on the first night on which it was not', () => {
    expect(longBroken(nights(['a'], ['a'], [], ['a']))).toEqual([]);
    expect(nights(['a'], []).broken).toEqual({});
  });
});

describe('classes that what served knows', () => {
  /** Of one class, `right` of `n` examples a night. */
  const nights = (...each: { readonly n: number; readonly right: number }[]): LedgerState =>
    each.reduce(
      (state, { n, right }, i) => noteLabels(state, i, { n, right, recalls: [{ label: 3, n, right }] }),
      NEW_LEDGER,
    );

  test('are those that it was right on, on a quarter of their examples at least', () => {
    expect(knownClasses(NEW_LEDGER)).toBeNull();
    expect(knownClasses(nights({ n: 10, right: 0 }))).toEqual(new Set());
    expect(knownClasses(nights({ n: 10, right: 0 }, { n: 10, right: 5 }))).toEqual(new Set([3]));
  });

  test('are told by the newest examples: what was known a year ago may be forgotten', () => {
    const once = { n: 40, right: 40 };
    const lost = Array.from({ length: 12 }, () => ({ n: 20, right: 0 }));
    expect(knownClasses(nights(once, ...lost))).toEqual(new Set());
    expect(nights(once, ...lost).recalls[0]?.n).toBeLessThanOrEqual(64);
  });

  test('do not change by a night that is not believed, and begin anew where labels mean something else', () => {
    const state = nights({ n: 10, right: 9 });
    expect(noteLabels(state, 9, null).recalls).toEqual(state.recalls);
    const afresh = noteLabels(state, 9, { n: 4, right: 0, recalls: [{ label: 5, n: 4, right: 0 }] }, true);
    expect(afresh.recalls).toEqual([{ label: 5, n: 4, right: 0 }]);
    expect(afresh.agreements).toEqual([{ n: 4, right: 0 }]);
  });
});
