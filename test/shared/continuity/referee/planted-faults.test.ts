/**
 * One fault for each judge beside the exam: the check of labels, the referee, trust, who serves, the ledger, the probe of a
 * store. What was planted, who must notice, and that the same judge is content without it.
 */
import { describe, expect, test } from 'vitest';
import { findRelabelling, type LabelledAnswers } from '../../../../shared/continuity/labels/relabelling.ts';
import {
  compareAnswers,
  judgeChallenger,
} from '../../../../shared/continuity/referee/challenger-comparison.ts';
import { decideChampion, type NightOutcome } from '../../../../shared/continuity/referee/decide.ts';
import {
  answerByPromotion,
  ask,
  candidateQuestion,
  levelOf,
  type LedgerState,
  NEW_LEDGER,
} from '../../../../shared/continuity/referee/ledger.ts';
import { decideTrust, type Night, UNTRIED } from '../../../../shared/continuity/referee/trust.ts';
import type { PairedExamples } from '../../../../shared/continuity/referee/units.ts';
import { tallyOf } from '../../../../shared/continuity/statistics/e-process.ts';
import { createRandom } from '../../../../shared/random.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { ensureConditions } from '../../../../shared/registry/store/store-probe.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';

interface Planted {
  readonly judge: string;
  readonly fault: string;
  /** what the judge says, of the fault and without it: whether it lets the subject pass */
  readonly passes: (planted: boolean) => boolean | Promise<boolean>;
}

const ALPHA = 0.05;

/** A version that is right on nine tenths, and the labels of a night, renamed where it says so. */
function night(rename: (label: number) => number): LabelledAnswers {
  const random = createRandom(11);
  const labels: number[] = [];
  const answers = Array.from({ length: 600 }, () => {
    const truth = random.below(5);
    labels.push(rename(truth));
    return random.uniform() < 0.9 ? truth : random.below(5);
  });
  return { labels, answers };
}

const labelled = (rename: (label: number) => number) => (planted: boolean) =>
  !findRelabelling(night(planted ? rename : (label) => label), 5, 0.9).suspicious;

/** A tenth of the examples are gained and another share lost, in an order without runs. */
function examples(n: number, lost: number): PairedExamples {
  const random = createRandom(7);
  return {
    differences: Float64Array.from({ length: n }, () => {
      const u = random.uniform();
      return u < 0.1 ? 1 : u < 0.1 + lost ? -1 : 0;
    }),
  };
}

const isBetter = (given: PairedExamples): boolean =>
  judgeChallenger(compareAnswers(given), -0.01, 0.005).finding === 'better';

const gainsOf = (n: number, of: 'groups' | 'contents', ids: (i: number) => number): PairedExamples => ({
  differences: Float64Array.from({ length: n }, (_, i) => (i % 5 === 0 ? 1 : 0)),
  [of]: Int32Array.from({ length: n }, (_, i) => ids(i)),
});

const nights = (gain: number, from: number): Night[] => {
  const random = createRandom(3);
  return Array.from({ length: 6 }, (_, i) => ({
    version: from + i,
    units: tallyOf(
      Array.from({ length: 400 }, () => {
        const u = random.uniform();
        return u < 0.05 + gain / 2 ? 1 : u < 0.1 ? -1 : 0;
      }),
    ),
  }));
};

const NIGHT: NightOutcome = {
  candidate: 9,
  champion: 6,
  exam: 'hold',
  open: true,
  examSummary: 'not settled',
  trusted: true,
  winners: [],
  waiting: [],
  wording: 'right',
};

const serves = (change: Partial<NightOutcome>) => (planted: boolean) =>
  decideChampion(planted ? { ...NIGHT, ...change } : NIGHT).version === 9;

/** A store that forgets a condition, as some servers do. */
function careless(forgets: 'absent' | 'etag' | null): ObjectStore {
  const store = createMemoryStore();
  return {
    ...store,
    put: (key, bytes, condition) =>
      store.put(
        key,
        bytes,
        condition !== undefined && forgets !== null && forgets in condition ? undefined : condition,
      ),
  };
}

const keeps = (forgets: 'absent' | 'etag') => async (planted: boolean) =>
  (await ensureConditions(careless(planted ? forgets : null), new Date(0))).ok;

/** What asking so many candidates may cost in all. */
function spent(state: LedgerState, candidates: number, again: (i: number) => number): number {
  const asked = new Map<string, number>();
  let ledger = state;
  for (let i = 0; i < candidates; i++) {
    const question = candidateQuestion(`sha256:${again(i)}`);
    ledger = ask(ledger, question, ALPHA);
    if (!asked.has(question)) asked.set(question, levelOf(ledger, question));
  }
  return [...asked.values()].reduce((sum, level) => sum + level, 0);
}

const PLANTED: readonly Planted[] = [
  { judge: 'labels', fault: 'all labels moved to the next', passes: labelled((label) => (label + 1) % 5) },
  {
    judge: 'labels',
    fault: 'two classes changed places',
    passes: labelled((label) => ({ 1: 3, 3: 1 })[label] ?? label),
  },
  {
    judge: 'referee',
    fault: 'a challenger that loses more than it gains',
    passes: (planted) => isBetter(examples(3_000, planted ? 0.14 : 0.04)),
  },
  {
    judge: 'referee',
    fault: 'all gains are of one user',
    passes: (planted) => isBetter(gainsOf(1_000, 'groups', (i) => (planted ? 0 : i))),
  },
  {
    judge: 'referee',
    fault: 'all examples are copies of four inputs',
    passes: (planted) => isBetter(gainsOf(1_000, 'contents', (i) => (planted ? i % 4 : i))),
  },
  {
    judge: 'trust',
    fault: 'candidates that are no better',
    passes: (planted) => decideTrust(UNTRIED, nights(planted ? 0 : 0.08, 1), null, ALPHA).trust.trusted,
  },
  {
    judge: 'trust',
    fault: 'a trusted recipe whose candidates have become worse',
    passes: (planted) =>
      decideTrust({ ...UNTRIED, trusted: true, from: 10 }, nights(planted ? -0.08 : 0.08, 10), null, ALPHA)
        .trust.trusted,
  },
  {
    judge: 'who serves',
    fault: 'the exam refused the trusted recipe’s candidate',
    passes: serves({ exam: 'reject' }),
  },
  { judge: 'who serves', fault: 'a part of the evidence broke', passes: serves({ open: false }) },
  { judge: 'who serves', fault: 'no trust, and nothing shown', passes: serves({ trusted: false }) },
  { judge: 'who serves', fault: 'there is no champion to fall back on', passes: serves({ champion: null }) },
  { judge: 'store', fault: 'it ignores If-None-Match', passes: keeps('absent') },
  { judge: 'store', fault: 'it ignores If-Match', passes: keeps('etag') },
];

describe.each(PLANTED)('$judge: $fault', ({ passes }) => {
  test('is noticed', async () => {
    expect(await passes(true)).toBe(false);
  });

  test('and without it the judge is content', async () => {
    expect(await passes(false)).toBe(true);
  });
});

describe('the ledger', () => {
  test('a thousand candidates cost no more than alpha together, and one that is asked about again costs nothing', () => {
    const apart = spent(NEW_LEDGER, 1_000, (i) => i);
    expect(apart).toBeGreaterThan(0.99 * ALPHA);
    expect(apart).toBeLessThanOrEqual(ALPHA);
    expect(spent(NEW_LEDGER, 20, () => 1)).toBeCloseTo(
      spent(NEW_LEDGER, 1, () => 1),
      15,
    );
  });

  test('a promotion that nobody asked about gives nothing back', () => {
    const asked = ask(NEW_LEDGER, candidateQuestion('sha256:1'), ALPHA);
    const before = levelOf(ask(asked, candidateQuestion('sha256:2'), ALPHA), candidateQuestion('sha256:2'));
    const cheated = answerByPromotion(asked, candidateQuestion('sha256:3'));
    expect(levelOf(ask(cheated, candidateQuestion('sha256:2'), ALPHA), candidateQuestion('sha256:2'))).toBe(
      before,
    );
    const earned = answerByPromotion(asked, candidateQuestion('sha256:1'));
    expect(
      levelOf(ask(earned, candidateQuestion('sha256:2'), ALPHA), candidateQuestion('sha256:2')),
    ).toBeGreaterThan(before);
  });
});
