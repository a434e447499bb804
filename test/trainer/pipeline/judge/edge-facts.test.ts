import { expect, test } from 'vitest';
import { timeInTurns, TURNS } from '../../../../trainer/pipeline/judge/edge-facts.ts';

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
  // Four predictions of 2 ms make a timing of 8; the least of three timings counts.
  const turns = calls
    .join('')
    .replaceAll(/(candidate){12}/g, 'C')
    .replaceAll(/(champion){12}/g, 'P');
  expect(turns.endsWith('CPCPCP')).toBe(true);
});

test('without a champion there are no timings of one', async () => {
  const { work, stopwatch } = fakeMachine();
  const { candidateMs, championMs } = await timeInTurns(work('candidate', 20), null, stopwatch);
  expect(candidateMs).toHaveLength(TURNS);
  expect(championMs).toBeNull();
});

test('what else the machine does moves neither the number of predictions nor the times', async () => {
  const { work, stopwatch } = fakeMachine();
  let timings = 0;
  const disturbed = async (piece: () => void): Promise<number> => {
    timings += 1;
    return (await stopwatch(piece)) + (timings % 3 === 0 ? 0 : 50);
  };
  const { candidateMs, championMs } = await timeInTurns(work('a', 2), work('b', 1), disturbed);
  expect([...candidateMs]).toEqual(Array(TURNS).fill(2));
  expect([...(championMs ?? [])]).toEqual(Array(TURNS).fill(1));
});
