/**
 * A run's context over a store in memory, for steps that are tested by themselves.
 */
import type { RunContext } from '../../../trainer/run/context.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { blobSpec } from '../../support/tabular-model.ts';

/** Only what a test's step reads is there; the rest is missing. */
export function makeContext(run: string, store: ObjectStore = createMemoryStore()): RunContext {
  const spec = blobSpec('blobs');
  return {
    store,
    spec,
    base: spec.base,
    run: { id: run, model: 'blobs' },
    now: () => new Date('2026-11-20T03:00:00Z'),
    onProgress: () => {},
  } as unknown as RunContext;
}
