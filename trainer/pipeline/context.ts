/**
 * What every step of a run is given.
 */
import type { Runtime } from '../../shared/model/runtime.ts';
import type { WasmModules } from '../../shared/model/wasm-modules.ts';
import type { Spec } from '../../shared/model/spec.ts';
import type { Progress, RunRecord } from '../../shared/registry/runs.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import type { Workshop } from '../compare/split-bench.ts';

/** Times a piece of work that waits for nothing, in milliseconds above 0. */
export type Stopwatch = (work: () => void) => Promise<number>;

/** The world a run lives in. */
export interface Surroundings {
  readonly store: ObjectStore;
  /** What `runtime` runs on; TensorFlow.js's also checks the exported files. */
  readonly wasm: WasmModules;
  /** Our own compiled kernels, for training. */
  readonly kernels: WebAssembly.Module;
  readonly runtime: Runtime;
  readonly now: () => Date;
  readonly stopwatch: Stopwatch;
  readonly onProgress: (progress: Progress) => Promise<void> | void;
  /** Where recipes are trained on repeated splits; in this thread when left out. */
  readonly workshop?: Workshop;
}

export interface RunContext extends Surroundings {
  /** The run as it was started. Its id, champion, cutoff and wishes never change; its status does, in the store. */
  readonly run: RunRecord;
  readonly spec: Spec;
}

/** A run that can't succeed however often it is repeated: the message is for the person who has to act. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
}

/** Tells whoever watches how far a step has come. */
export async function tell(
  ctx: Pick<RunContext, 'now' | 'onProgress'>,
  step: string,
  fraction: number,
  message: string,
): Promise<void> {
  await ctx.onProgress({
    step,
    at: ctx.now().toISOString(),
    fraction: Math.min(1, Math.max(0, fraction)),
    message,
  });
}
