/**
 * An extractor in this thread for steps that are tested by themselves.
 */
import { loadBaseFiles } from '../../../../shared/model/run/servable.ts';
import type { RunContext } from '../../../../trainer/run/context.ts';
import { localFeatureBackend } from '../../../../trainer/pipeline/features/feature-extractor.ts';
import type { ExtractionContext } from '../../../../trainer/pipeline/features/portions.ts';
import type { FeatureExtractor } from '../../../../trainer/run/feature-backend.ts';

/** Opened once; nothing is told, and a step may take as long as it does. */
export function extractHere(ctx: RunContext, over: Partial<ExtractionContext> = {}): ExtractionContext {
  let opened: Promise<FeatureExtractor> | undefined;
  const open = async (): Promise<FeatureExtractor> => {
    const base = await loadBaseFiles(ctx.store, ctx.base as string);
    if (!base.ok) throw new Error(base.error.detail);
    return localFeatureBackend(ctx).open({ input: ctx.spec.input, base: base.value });
  };
  return {
    open: () => (opened ??= open()),
    concurrency: 1,
    budgetMs: Number.POSITIVE_INFINITY,
    onBatch: async () => {},
    ...over,
  };
}

/** As Node has it. */
export async function stopwatch(work: () => void): Promise<number> {
  const start = performance.now();
  work();
  return performance.now() - start;
}
