/**
 * A bench in this thread for steps that are tested by themselves.
 */
import { loadBaseFiles } from '../../../../shared/model/run/servable.ts';
import type { RunContext } from '../../../../trainer/pipeline/context.ts';
import { type FeatureBench, seeHere } from '../../../../trainer/pipeline/features/feature-bench.ts';
import type { Looking } from '../../../../trainer/pipeline/features/portions.ts';

/** Opened once; nothing is told, and a step may take as long as it does. */
export function lookHere(ctx: RunContext, over: Partial<Looking> = {}): Looking {
  let opened: Promise<FeatureBench> | undefined;
  const open = async (): Promise<FeatureBench> => {
    const base = await loadBaseFiles(ctx.store, ctx.spec.base as string);
    if (!base.ok) throw new Error(base.error.detail);
    return seeHere(ctx).open({ input: ctx.spec.input, base: base.value });
  };
  return {
    open: () => (opened ??= open()),
    width: 1,
    budgetMs: Number.POSITIVE_INFINITY,
    onBlock: async () => {},
    ...over,
  };
}

/** As Node has it. */
export async function stopwatch(work: () => void): Promise<number> {
  const start = performance.now();
  work();
  return performance.now() - start;
}
