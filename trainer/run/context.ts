/**
 * What every step of a run is given.
 */
import type { Runtime } from '../../shared/model/run/runtime.ts';
import type { WasmModules } from '../../shared/model/run/wasm-modules.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { Unfrozen } from '../model/trunk.ts';
import type { FeatureBackend } from './feature-backend.ts';
import type { SplitBackend } from './split-backend.ts';
import type { Progress } from '../../shared/registry/jobs/jobs.ts';
import type { RunRecord } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';

/** Times a piece of work that waits for nothing, in milliseconds above 0. */
export type Stopwatch = (work: () => void) => Promise<number>;

/** The world a run lives in. */
export interface Host {
  readonly store: ObjectStore;
  /** What `runtime` runs on; TensorFlow.js's also checks the exported files. */
  readonly wasm: WasmModules;
  /** Our own compiled kernels, for training. */
  readonly kernels: WebAssembly.Module;
  readonly runtime: Runtime;
  readonly now: () => Date;
  readonly stopwatch: Stopwatch;
  /** How finely its clock counts, milliseconds; 1 where absent. */
  readonly tickMs?: number;
  readonly onProgress: (progress: Progress) => Promise<void> | void;
  /** Bytes that the examples of recipes that are compared may take; without a limit where absent. */
  readonly memoryBudgetBytes?: number;
  /** Between two pieces of a long step: lets time move on where a clock stands still while code runs, gives memory back. */
  readonly yieldControl?: () => Promise<void>;
  /** Says one thing to whoever runs this, as one line. */
  readonly log?: (facts: Readonly<Record<string, unknown>>) => void;
  /** Where recipes are trained on repeated splits; in this thread when left out. */
  readonly splitBackend?: SplitBackend;
  /** Where features are extracted; in this thread when left out. */
  readonly featureBackend?: FeatureBackend;
  /** Between two writes of a run's record; none where absent. */
  readonly recordIntervalMs?: number;
  /** CPU that a durable step may take, in seconds; 20 where absent. */
  readonly stepCpuSeconds?: number;
}

/** Where the files of a run lie, or of one of its attempts. */
export interface RunFiles {
  readonly store: ObjectStore;
  readonly run: Pick<RunRecord, 'model' | 'id'>;
  /** A training beside the run's own: files and steps have names of their own. */
  readonly attempt?: 'retry' | 'rehearsal';
}

/** What is trained and judged, and by which recipe: all that is read of a run, without what computes and without a clock. */
export interface RunData extends RunFiles {
  /** The run as it was started. Its id, champion, cutoff and wishes never change; its status does, in the store. */
  readonly run: RunRecord;
  /** As it was when the run began; `spec.base` is the base as it was imported, whole. */
  readonly spec: Spec;
  /**
   * Digest of what is read here: the spec's base, what comes before its unfrozen layers, or the base of a version that
   * answers beside it; null where heads read the input itself.
   */
  readonly base: string | null;
  /** Where the end of the base is trained too: what `base` leaves out of it. */
  readonly unfrozen?: Unfrozen;
}

/** A run's data, and the executor by which models answer on it. */
export type ModelContext = RunData & Pick<Host, 'runtime'>;

/** A run in its host: what a step is given that computes, tells how far it is, and records. */
export interface RunContext extends Host, RunData {
  readonly run: RunRecord;
  /** Where this is a run's second attempt (`retry.ts`): the first. */
  readonly first?: RunContext;
}

/** The same run as one that reads another base, for versions that do. */
export function readingBase<Ctx extends Pick<RunData, 'base'>>(ctx: Ctx, base: string | null): Ctx {
  return base === ctx.base ? ctx : { ...ctx, base };
}

/** Milliseconds, read where the clock has moved on. */
export async function readClock({ now, yieldControl }: Pick<Host, 'now' | 'yieldControl'>): Promise<number> {
  await yieldControl?.();
  return now().getTime();
}

/** A step's name as it is recorded: `retry fine-tune` in a second attempt. */
export function stepName({ attempt }: Pick<RunFiles, 'attempt'>, name: string): string {
  return attempt === undefined ? name : `${attempt} ${name}`;
}

/** The key of a file that each attempt has of its own. */
export function attemptKey({ run, attempt }: Pick<RunFiles, 'run' | 'attempt'>, file: string): string {
  return keys.run(run.model, run.id, attempt === undefined ? file : `${attempt}/${file}`);
}

/** Tells whoever watches how far a step has come. */
export async function reportProgress(
  ctx: Pick<Host, 'now' | 'onProgress'> & Pick<RunFiles, 'attempt'>,
  step: string,
  fraction: number,
  message: string,
): Promise<void> {
  await ctx.onProgress({
    step: stepName(ctx, step),
    at: ctx.now().toISOString(),
    fraction: Math.min(1, Math.max(0, fraction)),
    message,
  });
}
