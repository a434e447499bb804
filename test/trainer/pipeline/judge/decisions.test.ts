import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../../shared/registry/memory-store.ts';
import {
  countDecisions,
  listOtherDecisions,
  parseDecisionKey,
  recordDecision,
} from '../../../../trainer/pipeline/judge/decisions.ts';
import { makeContext } from '../make-context.ts';

describe('decisions a window has served', () => {
  test('none before it was judged, then every one that covers it', () => {
    const decisions = [
      { fromMs: 0, toMs: 100 },
      { fromMs: 0, toMs: 150 },
      { fromMs: 120, toMs: 200 },
    ];
    expect(countDecisions({ fromMs: 0, toMs: 100 }, decisions)).toBe(2);
    expect(countDecisions({ fromMs: 100, toMs: 120 }, decisions)).toBe(1);
    expect(countDecisions({ fromMs: 200, toMs: 300 }, decisions)).toBe(0);
  });

  test('a merged window has those of its most used part, not the sum of its parts', () => {
    const decisions = [
      { fromMs: 0, toMs: 50 },
      { fromMs: 0, toMs: 50 },
      { fromMs: 50, toMs: 100 },
    ];
    expect(countDecisions({ fromMs: 0, toMs: 100 }, decisions)).toBe(2);
  });

  test('are the most that cover any one instant of it', () => {
    const instant = fc.integer({ min: 0, max: 30 });
    const stretch = fc
      .tuple(instant, instant)
      .map(([a, b]) => ({ fromMs: Math.min(a, b), toMs: Math.max(a, b) + 1 }));
    fc.assert(
      fc.property(stretch, fc.array(stretch, { maxLength: 12 }), (window, decisions) => {
        const covering = (at: number) => decisions.filter(({ fromMs, toMs }) => fromMs <= at && at < toMs);
        const instants = Array.from({ length: window.toMs - window.fromMs }, (_, i) => window.fromMs + i);
        expect(countDecisions(window, decisions)).toBe(
          Math.max(...instants.map((at) => covering(at).length)),
        );
      }),
    );
  });
});

describe('the record of decisions', () => {
  const stretch = { fromMs: 0, toMs: 1_790_000_000_000 };

  test('has one entry a run, however often its step is repeated, and does not count a run against itself', async () => {
    const store = createMemoryStore();
    for (const run of ['20261118T030000Z-cron', '20261119T030000Z-cron', '20261119T030000Z-cron']) {
      await recordDecision(makeContext(run, store), stretch);
    }
    expect(await store.list('models/blobs/decisions/')).toHaveLength(2);
    const others = await listOtherDecisions(makeContext('20261119T030000Z-cron', store));
    expect(others).toEqual([{ run: '20261118T030000Z-cron', ...stretch }]);
  });

  test("has an entry for a run's second attempt, which counts the first and not itself", async () => {
    const store = createMemoryStore();
    const first = makeContext('20261118T030000Z-cron', store);
    const second = { ...first, first };
    for (const attempt of [first, second, second]) await recordDecision(attempt, stretch);
    expect(await store.list('models/blobs/decisions/')).toHaveLength(2);
    expect(await listOtherDecisions(second)).toEqual([{ run: '20261118T030000Z-cron', ...stretch }]);
    const later = await listOtherDecisions(makeContext('20261119T030000Z-cron', store));
    expect(later.map(({ run }) => run)).toEqual(['20261118T030000Z-cron.retry', '20261118T030000Z-cron']);
  });

  test('reads nothing else that may lie there', () => {
    expect(parseDecisionKey('notes.txt')).toBeNull();
    expect(parseDecisionKey('a~1-x.json')).toBeNull();
    expect(parseDecisionKey('a~1-2.json')).toEqual({ run: 'a', fromMs: 1, toMs: 2 });
  });
});
