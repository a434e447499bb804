/**
 * A version trained again as a Node job, over any store.
 */
import { randomHex } from '../../shared/digest.ts';
import { type Reproduction, reproductionJob } from '../../shared/registry/jobs/reproductions.ts';
import { loadJob, type Progress } from '../../shared/registry/jobs/jobs.ts';
import { createScratchStore } from '../reproduce/scratch-store.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import {
  type OnFiles,
  removeScratch,
  runReproduction,
  startReproduction,
} from '../reproduce/reproduction-run.ts';
import { createNodeSteps } from './job.ts';
import { createNodeHost } from './node-host.ts';

export interface ReproduceOptions {
  readonly store: ObjectStore;
  readonly model: string;
  readonly version: number;
  readonly recompute: boolean;
  readonly by: string;
  /** A reproduction that was interrupted, to go on with. */
  readonly resume?: string;
  readonly onStart?: (id: string) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly onFiles?: OnFiles;
}

interface Refusal {
  readonly kind: string;
  readonly detail: string;
}

/** A reproduction that failed by name is a value too: see its status. */
export async function reproduceHere(options: ReproduceOptions): Promise<Result<Reproduction, Refusal>> {
  const { store, model, version } = options;
  const record =
    options.resume === undefined
      ? await startReproduction(
          store,
          model,
          { version, recompute: options.recompute, by: options.by, trigger: 'cli', place: describeNode() },
          { now: new Date(), suffix: randomHex(3) },
        )
      : await loadJob(store, reproductionJob, model, options.resume);
  if (!record.ok) return record;
  const { id, trigger } = record.value;
  if (record.value.version !== version)
    return err({ kind: 'other-version', detail: `reproduction ${id} is of version ${record.value.version}` });
  if (trigger !== 'cli') {
    const detail = `reproduction ${id} is the trainer Worker's: resume it over HTTP, without --store`;
    return err({ kind: 'not-a-node-job', detail });
  }
  options.onStart?.(id);
  const scratch = createScratchStore(store, keys.reproductionScratch(model, id));
  const steps = createNodeSteps(scratch, model, id);
  const host = await createNodeHost({
    store,
    ...(options.onProgress && { onProgress: options.onProgress }),
  });
  const ended = await runReproduction(host, model, id, steps, options.onFiles);
  // The host has just noted there that the scratch was removed.
  await removeScratch(store, { model, id });
  return ok(ended);
}

function describeNode(): string {
  return `Node ${process.versions.node} on ${process.platform} ${process.arch}`;
}
