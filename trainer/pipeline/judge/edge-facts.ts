/**
 * What serving the candidate costs, beside the champion: by the executor that the edge has too, on held-out examples.
 * Measured once a run and then part of the evidence: whoever judges again judges by the same numbers.
 */
import type { EdgeFacts } from '../../../shared/continuity/evidence/evidence.ts';
import { encodedSize } from '../../../shared/model/spec/input.ts';
import type { Base } from '../../../shared/model/run/predictor.ts';
import { loadBase } from '../../../shared/model/run/servable.ts';
import { inputOf, type JudgedModel, type LoadedVersion } from '../features/judged-model.ts';
import type { Examples } from '../features/features.ts';
import type { VersionFiles } from '../../run/candidate-files.ts';
import type { Manifest } from '../../../shared/registry/versions/manifest.ts';
import type { ModelContext, RunContext, RunData, Stopwatch } from '../../run/context.ts';
import { RunFailure } from '../../run-failure.ts';

/** Timings of each model, made in turns: the upper bound of their median ratio is then about the 15th. */
export const TURNS = 21;
/** A timing is the shortest of so many: a busy machine only ever adds to one. */
const TRIES = 3;
/** One try is as many predictions as take about so many ticks of the clock. */
const TICKS = 8;
/** A tick where the host says nothing, milliseconds: a Worker's clock counts whole ones. */
const TICK_MS = 1;
const MOST_PREDICTIONS = 1 << 16;
/** Examples that are predicted in turn: kernels skip zeros, so what an example shows a model changes its time. */
const TIMED_EXAMPLES = 64;

/**
 * @param models    as they are open already; they stay so
 * @param examples  held-out ones, by which both are timed
 */
export async function measureEdge(
  ctx: RunContext,
  files: VersionFiles,
  { candidate, champion }: { readonly candidate: JudgedModel; readonly champion: LoadedVersion | null },
  examples: Examples,
): Promise<EdgeFacts> {
  const base = await openOwnBase(ctx, ctx.base);
  // Of one base both have the same: what differs is compared.
  const apart = champion !== null && champion.base !== ctx.base;
  const championBase = apart ? await openOwnBase(ctx, champion.base) : base;
  try {
    const timings = await timeInTurns(
      await predictionOf(ctx, base, candidate, examples),
      champion && (await predictionOf(ctx, championBase, champion, examples)),
      ctx,
    );
    const ownBytes = files['edge.json'].byteLength + files['edge.bin'].byteLength;
    return {
      candidateBytes: ownBytes + (apart ? edgeBytes(base?.manifest) : 0),
      championBytes:
        champion && edgeBytes(champion.manifest) + (apart ? edgeBytes(championBase?.manifest) : 0),
      // Of an executor with nothing else in it: what it takes when it is empty, and at most what the model adds.
      memoryBytes: ctx.runtime.emptyBytes + candidate.program.heapBytes + (base?.program.heapBytes ?? 0),
      ...timings,
    };
  } finally {
    base?.program.dispose();
    championBase?.program.dispose();
  }
}

/** Of the files that serve. */
function edgeBytes(manifest: Pick<Manifest, 'files'> | undefined): number {
  return manifest === undefined ? 0 : manifest.files['edge.json'].bytes + manifest.files['edge.bin'].bytes;
}

async function openOwnBase({ store, runtime }: ModelContext, digest: string | null): Promise<Base | null> {
  if (digest === null) return null;
  const base = await loadBase(store, runtime, digest);
  if (!base.ok) throw new RunFailure(`base ${digest}: ${base.error.detail}`);
  return base.value;
}

/**
 * One prediction of one example, the base's share included, of one held-out example after the other. The base itself is
 * shown the same picture always: where both models have one of their own, it is the layers that differ.
 */
async function predictionOf(
  ctx: RunData,
  base: Base | null,
  model: JudgedModel,
  examples: Examples,
): Promise<() => void> {
  const { values, size } = await inputOf(ctx, model, examples);
  const n = Math.min(TIMED_EXAMPLES, examples.ids.length);
  const rows = Array.from({ length: n }, (_, i) => values.slice(i * size, (i + 1) * size));
  const picture = new Float32Array(encodedSize(ctx.spec.input)).fill(0.5);
  if (n === 0) rows.push(new Float32Array(model.program.inputSize).fill(0.5));
  let next = 0;
  return () => {
    base?.program.run(picture, 1);
    model.program.run(rows[next++ % rows.length] as Float32Array, 1);
  };
}

/**
 * Milliseconds of one prediction by each of them, in turns, so that what slows the machine slows both.
 *
 * @param champion  null gives no timings of a champion
 */
export async function timeInTurns(
  candidate: () => void,
  champion: (() => void) | null,
  { stopwatch, tickMs = TICK_MS }: Pick<RunContext, 'stopwatch' | 'tickMs'>,
): Promise<Pick<EdgeFacts, 'candidateMs' | 'championMs'>> {
  const count = await predictionsPerTiming(champion ?? candidate, stopwatch, TICKS * tickMs);
  const candidateMs: number[] = [];
  const championMs: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    candidateMs.push((await shortest(candidate, count, stopwatch)) / count);
    if (champion !== null) championMs.push((await shortest(champion, count, stopwatch)) / count);
  }
  return {
    candidateMs: Float64Array.from(candidateMs),
    championMs: champion === null ? null : Float64Array.from(championMs),
  };
}

/** Doubles until a timing is long enough to be read off the clock; warms the code up on the way. */
async function predictionsPerTiming(
  predict: () => void,
  stopwatch: Stopwatch,
  wantedMs: number,
): Promise<number> {
  let count = 1;
  while (count < MOST_PREDICTIONS && (await shortest(predict, count, stopwatch)) < wantedMs) count *= 2;
  return count;
}

/** Milliseconds of so many predictions, the least of three tries. */
async function shortest(predict: () => void, count: number, stopwatch: Stopwatch): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    least = Math.min(least, await stopwatch(() => repeat(predict, count)));
  }
  return least;
}

function repeat(work: () => void, count: number): void {
  for (let i = 0; i < count; i++) work();
}
