/**
 * What serving the candidate costs, beside the champion: by the executor that the edge has too. Measured once a run and then part of the evidence: whoever judges again
 * judges by the same numbers.
 */
import type { EdgeFacts } from '../../../shared/continuity/evidence/evidence.ts';
import { sha256Hex } from '../../../shared/digest.ts';
import { encodedSize } from '../../../shared/model/spec/input.ts';
import type { Program } from '../../../shared/model/run/runtime.ts';
import type { Base } from '../../../shared/model/run/predictor.ts';
import { loadBase } from '../../../shared/model/run/servable.ts';
import type { Judged, Version } from '../features/answer.ts';
import type { VersionFiles } from '../../model/candidate-files.ts';
import type { Manifest } from '../../../shared/registry/manifest.ts';
import { type RunContext, RunFailure, type Stopwatch } from '../context.ts';

/** Timings of each model, made in turns: the upper bound of their median ratio is then about the 15th. */
export const TURNS = 21;
/** A timing is the shortest of so many: a busy machine only ever adds to one. */
const TRIES = 3;
/** One try is as many predictions as take about this long: a Worker's clock counts whole milliseconds. */
const TIMING_MS = 8;
const MOST_PREDICTIONS = 1 << 16;

/** @param models  as they are open already; they stay so */
export async function measureEdge(
  ctx: RunContext,
  files: VersionFiles,
  { candidate, champion }: { readonly candidate: Judged; readonly champion: Version | null },
): Promise<EdgeFacts> {
  const base = await openOwnBase(ctx, ctx.spec.base);
  // Of one base both have the same: what differs is compared.
  const apart = champion !== null && champion.base !== ctx.spec.base;
  const championBase = apart ? await openOwnBase(ctx, champion.base) : base;
  const predict = predictionOf(ctx, base, candidate.program);
  try {
    const timings =
      !apart && isSamePlan(files, champion?.manifest)
        ? await timeOnce(predict, ctx.stopwatch)
        : await timeInTurns(
            predict,
            champion && predictionOf(ctx, championBase, champion.program),
            ctx.stopwatch,
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

/** The same operations on the same shapes: what the weights are changes nothing about the time. */
function isSamePlan(files: VersionFiles, champion: Manifest | undefined): boolean {
  return champion?.files['edge.json'].sha256 === sha256Hex(files['edge.json']);
}

/** Two models of one plan take the same time, and noise must not say otherwise. */
async function timeOnce(
  predict: () => void,
  stopwatch: Stopwatch,
): Promise<Pick<EdgeFacts, 'candidateMs' | 'championMs'>> {
  const { candidateMs } = await timeInTurns(predict, null, stopwatch);
  return { candidateMs, championMs: candidateMs };
}

async function openOwnBase({ store, runtime }: RunContext, digest: string | null): Promise<Base | null> {
  if (digest === null) return null;
  const base = await loadBase(store, runtime, digest);
  if (!base.ok) throw new RunFailure(`base ${digest}: ${base.error.detail}`);
  return base.value;
}

/** One prediction of one example, the base's share included. What the example shows costs nothing more or less. */
function predictionOf({ spec }: RunContext, base: Base | null, head: Program): () => void {
  const input = new Float32Array(encodedSize(spec.input)).fill(0.5);
  return () => {
    head.run(base === null ? input : base.program.run(input, 1), 1);
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
  stopwatch: Stopwatch,
): Promise<Pick<EdgeFacts, 'candidateMs' | 'championMs'>> {
  const count = await predictionsPerTiming(champion ?? candidate, stopwatch);
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
async function predictionsPerTiming(predict: () => void, stopwatch: Stopwatch): Promise<number> {
  let count = 1;
  while (count < MOST_PREDICTIONS && (await shortest(predict, count, stopwatch)) < TIMING_MS) count *= 2;
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
