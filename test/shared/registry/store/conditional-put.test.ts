import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type PutTransport,
  type RetryPolicy,
  type ExistingObject,
  putConditionally,
  type PutAttempt,
} from '../../../../shared/registry/store/conditional-put.ts';
import type { PutCondition } from '../../../../shared/registry/store/store.ts';

/** What happens to one send: it is done, done or not done without an answer, or put off although nobody writes. */
type Fate = 'answered' | 'lost-after' | 'lost-before' | 'conflict';

/** One key of a store that keeps conditions, and does to each send what it is told. */
function createKey(present: ExistingObject | null = null) {
  let writes = 0;
  const state = { present, winners: [] as string[] };
  const send = async (condition: PutCondition, writer: string, fate: Fate): Promise<PutAttempt> => {
    await Promise.resolve();
    if (fate === 'conflict') return { kind: 'conflict', cause: new Error('409') };
    const holds = 'absent' in condition ? state.present === null : state.present?.etag === condition.etag;
    if (fate !== 'lost-before' && holds) {
      state.present = { etag: `e${(writes += 1)}`, writer };
      state.winners.push(writer);
    }
    if (fate !== 'answered') return { kind: 'unanswered', cause: new Error('no answer') };
    return holds ? { kind: 'written', etag: state.present?.etag ?? '' } : { kind: 'refused' };
  };
  return { state, send };
}

function impatient(names: string): RetryPolicy & { readonly waitedMs: number[] } {
  const waitedMs: number[] = [];
  return {
    waitedMs,
    random: () => 1,
    newWriter: () => names,
    sleep: async (ms) => {
      waitedMs.push(ms);
      await Promise.resolve();
    },
  };
}

type Key = ReturnType<typeof createKey>;

function exchange(key: Key, condition: PutCondition, fates: readonly Fate[]) {
  const sent = {
    sends: 0,
    send: (writer: string): Promise<PutAttempt> =>
      key.send(condition, writer, fates[sent.sends++] ?? 'answered'),
    head: async () => key.state.present,
  };
  return sent;
}

const ABSENT = { absent: true } as const;

describe('a conditional put', () => {
  test('that is refused is settled at once', async () => {
    const key = createKey({ etag: 'theirs', writer: 'them' });
    const sent = exchange(key, ABSENT, []);
    expect(await putConditionally(ABSENT, sent, impatient('us'))).toBeNull();
    expect(sent.sends).toBe(1);
  });

  test('that meets another one is tried again, later each time, and wins where nobody else does', async () => {
    const key = createKey();
    const patience = impatient('us');
    const sent = exchange(key, ABSENT, ['conflict', 'conflict', 'conflict']);
    expect(await putConditionally(ABSENT, sent, patience)).toEqual({ etag: 'e1' });
    expect(patience.waitedMs).toEqual([100, 200, 400]);
  });

  test('gives up by the name of the conflict after eight times, within seconds', async () => {
    const patience = impatient('us');
    const sent = exchange(createKey(), ABSENT, Array<Fate>(20).fill('conflict'));
    await expect(putConditionally(ABSENT, sent, patience)).rejects.toThrow('409');
    expect(sent.sends).toBe(8);
    expect(patience.waitedMs.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(10_000);
  });

  test('whose answer was lost is looked up, and not sent again where it is there', async () => {
    const key = createKey({ etag: 'before', writer: undefined });
    const sent = exchange(key, { etag: 'before' }, ['lost-after']);
    expect(await putConditionally({ etag: 'before' }, sent, impatient('us'))).toEqual({ etag: 'e1' });
    expect(sent.sends).toBe(1);
  });

  test('that was lost on its way is not sent once the condition no longer holds', async () => {
    const key = createKey();
    const sent = exchange(key, ABSENT, ['lost-before']);
    const look = async () => (key.state.present = { etag: 'theirs', writer: 'them' });
    expect(await putConditionally(ABSENT, { send: sent.send, head: look }, impatient('us'))).toBeNull();
    expect(sent.sends).toBe(1);
  });
});

test('of any number of writers, whatever becomes of their sends, at most one is told that it won, and it did', async () => {
  const fate = fc.constantFrom<Fate>('answered', 'lost-after', 'lost-before', 'conflict');
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(fc.array(fate, { maxLength: 6 }), { minLength: 1, maxLength: 6 }),
      async (s, all) => {
        const key = createKey();
        const outcomes = all.map(async (fates, i) => {
          const sent = exchange(key, ABSENT, fates);
          const scheduled: PutTransport = {
            send: (writer) => s.schedule(Promise.resolve()).then(() => sent.send(writer)),
            head: () => s.schedule(Promise.resolve()).then(() => sent.head()),
          };
          return putConditionally(ABSENT, scheduled, impatient(`writer ${i}`));
        });
        const settled = await s.waitFor(Promise.all(outcomes));
        const winners = settled.flatMap((outcome, i) => (outcome === null ? [] : [`writer ${i}`]));
        expect(winners).toEqual(key.state.winners);
        expect(winners).toHaveLength(1);
      },
    ),
  );
});
