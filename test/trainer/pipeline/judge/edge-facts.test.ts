import { expect, test } from 'vitest';
import type { RunContext } from '../../../../trainer/run/context.ts';
import type { LoadedVersion } from '../../../../trainer/pipeline/features/judged-model.ts';
import { measureEdge, timeInTurns, TURNS } from '../../../../trainer/pipeline/judge/edge-facts.ts';
import { makeContext } from '../make-context.ts';

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
  const { candidateMs, championMs } = await timeInTurns(work('candidate', 4), work('champion', 2), {
    stopwatch,
  });
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
  const { candidateMs, championMs } = await timeInTurns(work('candidate', 20), null, { stopwatch });
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
  const { candidateMs, championMs } = await timeInTurns(work('a', 2), work('b', 1), { stopwatch: disturbed });
  expect([...candidateMs]).toEqual(Array(TURNS).fill(2));
  expect([...(championMs ?? [])]).toEqual(Array(TURNS).fill(1));
});

test('two models of one plan are timed each by itself, on held-out examples', async () => {
  const { work, stopwatch } = fakeMachine();
  const shown = new Set<string>();
  const model = (ms: (input: Float32Array) => number): LoadedVersion => {
    const run = (input: Float32Array): Float32Array<ArrayBuffer> => {
      shown.add([...input].join());
      work('model', ms(input))();
      return new Float32Array(3);
    };
    const files = { 'edge.json': { bytes: 1 }, 'edge.bin': { bytes: 2 } };
    const program = { run, inputSize: 2, heapBytes: 5 };
    return { program, constants: null, base: null, manifest: { files } } as unknown as LoadedVersion;
  };
  const ctx = { ...makeContext('run'), stopwatch, runtime: { emptyBytes: 7 } } as unknown as RunContext;
  const files = { 'edge.json': new Uint8Array(1), 'edge.bin': new Uint8Array(2) };
  const zeros = Float32Array.of(1, 0, 0, 2, 3, 0, 0, 4);
  const examples = { ids: ['a', 'b', 'c', 'd'], labels: new Float64Array(4), values: zeros, size: 2 };
  const edge = await measureEdge(
    ctx,
    files as Parameters<typeof measureEdge>[1],
    // What skips zeros is quicker on half of them; the other is not.
    { candidate: model((input) => 4 + 4 * input.filter((x) => x !== 0).length), champion: model(() => 12) },
    examples,
  );
  expect([...edge.candidateMs]).toEqual(Array(TURNS).fill(8));
  expect([...(edge.championMs ?? [])]).toEqual(Array(TURNS).fill(12));
  expect([...shown].sort()).toEqual(['0,2', '0,4', '1,0', '3,0']);
  expect(edge).toMatchObject({ candidateBytes: 3, championBytes: 3, memoryBytes: 12 });
});
