/**
 * What features are extracted of, in portions: a shard each, or one copy of a shard. Several are under way at once, and each
 * is as many durable steps as its time takes, so that no base is too slow for a step.
 */
import type { PictureRanges } from '../../../shared/model/spec/augmentation.ts';
import { loadBaseFiles } from '../../../shared/model/run/servable.ts';
import { sideBySide } from '../../side-by-side.ts';
import { STEP_CPU_SECONDS } from '../../step-seconds.ts';
import { type Host, readClock, type RunContext, type RunData, type RunFiles } from '../../run/context.ts';
import { localFeatureBackend } from './feature-extractor.ts';
import { loadFeatureSize } from './feature-size.ts';
import {
  createExtractionProgress,
  type ExtractionProgress,
  type PortionProgress,
} from './extraction-progress.ts';
import { RunFailure } from '../../run-failure.ts';
import type { FeatureBackend, FeatureExtractor } from '../../run/feature-backend.ts';

/** What one step extracts features with. */
export interface ExtractionContext {
  /** The extractor, opened when the first step needs it: where all features are stored, none does. */
  readonly open: () => Promise<FeatureExtractor>;
  /** Batches that may be under way at once. */
  readonly concurrency: number;
  /** Milliseconds of computing after which the step leaves the rest to the next. */
  readonly budgetMs: number;
  /** Told after every batch how many examples of the portion are done, and how many of them are new. */
  readonly onBatch: (done: number, fresh: number) => Promise<void>;
}

/** How far a step came: `left` examples are for the next one. */
export type Advance = { readonly computed: number; readonly left: number };

export interface Portion {
  /** Of its steps, for a host that remembers them. */
  readonly name: string;
  readonly examples: number;
  readonly advance: (extraction: ExtractionContext) => Promise<Advance>;
}

/** Of what one base extracts features. */
export interface BaseWork {
  readonly base: string;
  /** What comes in from outside of pictures that are changed first. */
  readonly fill?: PictureRanges['fill'];
  readonly portions: readonly Portion[];
}

export type PartResult = Advance & { readonly fromMs: number; readonly toMs: number };
/** Does a part as a step of its own, or gives what it gave before. */
export type RunPart = (name: string, body: () => Promise<PartResult>) => Promise<PartResult>;

/** For who remembers nothing. */
export const runDirectly: RunPart = (_name, body) => body();

export interface ExtractionSummary {
  /** Examples. */
  readonly computed: number;
  /** Portions of which anything was computed. */
  readonly portions: number;
  /** In which any of them was under way. */
  readonly seconds: number;
}

/**
 * Portions under way at once. Steps of a Workflow share a thread: what can be gained is that one computes while the
 * others wait for the storage, and two of them wait less than one computes. In Node it keeps threads busy while a shard
 * ends.
 */
const MAX_PORTIONS = 3;
/** What the features of all portions under way may take, each of them twice while it is written. */
const MAX_PORTION_BYTES = 24_000_000;
const COPIES = 2;

/** The rest is for what nobody times: loading the base, reading the shard, writing the features. */
const COMPUTING_SHARE = 0.75;

/**
 * Follows all portions to their end, base by base, so that never more than one is in memory.
 *
 * @param step  the name under which progress is told
 */
export async function extractAll(
  ctx: RunContext,
  step: string,
  works: readonly BaseWork[],
  runPart: RunPart,
): Promise<ExtractionSummary> {
  const all = works.flatMap(({ portions }) => portions);
  const progress = createExtractionProgress(ctx, step, sum(all.map(({ examples }) => examples)));
  const results: PartResult[][] = [];
  for (const work of works) results.push(...(await extractWithBase(ctx, work, progress, runPart)));
  return {
    computed: sum(results.flat().map(({ computed }) => computed)),
    portions: results.filter((parts) => parts.some(({ computed }) => computed > 0)).length,
    seconds: busySeconds(results.flat()),
  };
}

/** @returns the results of each portion's parts */
async function extractWithBase(
  ctx: RunContext,
  work: BaseWork,
  progress: ExtractionProgress,
  runPart: RunPart,
): Promise<PartResult[][]> {
  if (work.portions.length === 0) return [];
  const backend = ctx.featureBackend ?? localFeatureBackend(ctx);
  const portionsAtOnce = await portionConcurrency(ctx, work);
  const extractor = openLazily(ctx, work, backend);
  const { concurrency } = backend;
  const extraction = { open: extractor.open, concurrency, budgetMs: budgetOf(ctx, portionsAtOnce) };
  const results: PartResult[][] = [];
  try {
    await sideBySide(work.portions.length, portionsAtOnce, async (i) => {
      const portion = work.portions[i] as Portion;
      const own = progress.open();
      const onBlock: ExtractionContext['onBatch'] = (done, fresh) => own.reached(done, fresh);
      const advance = () => timed(ctx, () => portion.advance({ ...extraction, onBatch: onBlock }));
      results[i] = await extractPortion(portion, advance, runPart, own);
    });
    return results;
  } finally {
    await extractor.close();
  }
}

async function extractPortion(
  { name, examples }: Portion,
  advance: () => Promise<PartResult>,
  runPart: RunPart,
  progress: PortionProgress,
): Promise<PartResult[]> {
  const parts: PartResult[] = [];
  for (;;) {
    const nth = parts.length + 1;
    const part = await runPart(nth === 1 ? name : `${name} part ${nth}`, advance);
    parts.push(part);
    await progress.reached(examples - part.left, 0);
    if (part.left === 0) return parts;
  }
}

async function timed(
  ctx: Pick<Host, 'now' | 'yieldControl'>,
  advance: () => Promise<Advance>,
): Promise<PartResult> {
  const fromMs = await readClock(ctx);
  const advanced = await advance();
  return { ...advanced, fromMs, toMs: ctx.now().getTime() };
}

/** Whichever way a host counts what others compute while a step waits, the step stays within its seconds. */
function budgetOf(
  { stepCpuSeconds = STEP_CPU_SECONDS }: Pick<Host, 'stepCpuSeconds'>,
  portionsAtOnce: number,
): number {
  return (stepCpuSeconds * 1_000 * COMPUTING_SHARE) / portionsAtOnce;
}

async function portionConcurrency({ store }: RunFiles, { base, portions }: BaseWork): Promise<number> {
  const featureSize = await loadFeatureSize(store, base);
  const examples = Math.max(...portions.map((portion) => portion.examples));
  const bytes = examples * featureSize * Float32Array.BYTES_PER_ELEMENT * COPIES;
  return Math.max(1, Math.min(MAX_PORTIONS, Math.floor(MAX_PORTION_BYTES / bytes)));
}

interface LazyExtractor {
  readonly open: () => Promise<FeatureExtractor>;
  readonly close: () => Promise<void>;
}

function openLazily(
  { store, spec }: RunData,
  { base, fill }: BaseWork,
  backend: FeatureBackend,
): LazyExtractor {
  let opened: Promise<FeatureExtractor> | undefined;
  const open = async (): Promise<FeatureExtractor> => {
    const files = await loadBaseFiles(store, base);
    if (!files.ok) throw new RunFailure(`base ${base}: ${files.error.detail}`);
    return backend.open({ input: spec.input, base: files.value, ...(fill === undefined ? {} : { fill }) });
  };
  return {
    open() {
      // A step that is repeated tries again.
      opened ??= open().catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    async close() {
      const extractor = await opened?.catch(() => null);
      await extractor?.close();
    },
  };
}

/** How long any part was under way, whatever lay between: a run that was killed may go on the next day. */
function busySeconds(parts: readonly PartResult[]): number {
  let busyMs = 0;
  let untilMs = Number.NEGATIVE_INFINITY;
  for (const { fromMs, toMs } of [...parts].sort((one, other) => one.fromMs - other.fromMs)) {
    busyMs += Math.max(0, toMs - Math.max(fromMs, untilMs));
    untilMs = Math.max(untilMs, toMs);
  }
  return busyMs / 1_000;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
