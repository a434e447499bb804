import { expect, test } from 'vitest';
import { timeInTurns, TURNS } from '../../../trainer/pipeline/edge-facts.ts';

/** A clock that only the work itself moves. */
function fakeMachine() {
  let clock = 0;
  const calls: string[] = [];
  return {
    calls,
    work: (name: string, ms: number) => () => {
      clock += ms;
      calls.push(name);
    },
    stopwatch: (work: () => void) => {
      const start = clock;
      work();
      return Promise.resolve(clock - start);
    },
  };
}

test('both are timed in turns, by the same number of predictions, and the times are of one prediction', async () => {
  const { calls, work, stopwatch } = fakeMachine();
  const { candidateMs, championMs } = await timeInTurns(work('candidate', 4), work('champion', 2), stopwatch);
  expect([...candidateMs]).toEqual(Array(TURNS).fill(4));
  expect([...(championMs ?? [])]).toEqual(Array(TURNS).fill(2));
  const turns = calls
    .join(' ')
    .replaceAll(/(candidate ?){4}/g, 'C')
    .replaceAll(/(champion ?){4}/g, 'P');
  expect(turns.endsWith('CPCPCP')).toBe(true);
});

test('without a champion there are no timings of one', async () => {
  const { work, stopwatch } = fakeMachine();
  const { candidateMs, championMs } = await timeInTurns(work('candidate', 20), null, stopwatch);
  expect(candidateMs).toHaveLength(TURNS);
  expect(championMs).toBeNull();
});
