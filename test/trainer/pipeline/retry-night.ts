/**
 * A night whose candidate is refused for its flips alone.
 */
import type { ExampleEvent } from '../../../shared/events/schema.ts';
import type { ClassificationSpec } from '../../../shared/model/spec/spec.ts';
import type { RunContext } from '../../../trainer/run/context.ts';
import { blobEvents, blobSpec, type BlobNight } from '../../support/tabular-model.ts';

export const MODEL = 'blobs';
export const HISTORY: BlobNight = { n: 2_000, seed: 1, fromMs: Date.parse('2026-11-01T00:00:00Z') };
export const AFTER = HISTORY.fromMs + 2 * HISTORY.n * 1_000;
/** It has turned away from what the champion learnt. */
const NIGHT: BlobNight = { n: 1_500, seed: 2, fromMs: AFTER, drift: 1.7 };

/** The second attempt's context, as far as its files and steps are named by it. */
export function retryOf(first: RunContext): RunContext {
  return { ...first, first, attempt: 'retry' };
}

/**
 * Most of it labelled as the next class: who learns that is right more often than the champion, and wrong where the
 * champion is right. The others come in between, or what hangs together in time would count for little.
 */
export function nightEvents(poisoned = 900): ExampleEvent[] {
  const others = NIGHT.n - poisoned;
  const apart = (NIGHT.n * 1_000) / others;
  return [
    ...blobEvents({ ...NIGHT, n: poisoned, poisoned: true }).map((event, i) => ({
      ...event,
      at: AFTER + Math.floor((i * NIGHT.n * 1_000) / poisoned),
    })),
    ...blobEvents({ ...NIGHT, n: others, seed: 3 }).map((event, i) => ({
      ...event,
      at: AFTER + Math.floor((i + 0.5) * apart),
    })),
  ];
}

/**
 * Nothing holds on to the champion at first, and the gate minds flips more than anything else.
 *
 * @param weight  of the distillation that a retry strengthens
 */
export function retriedSpec(retry: object, weight = 0.5): Partial<ClassificationSpec> {
  const changes: object = {
    training: { epochs: 12, learningRate: 0.01, distillation: { kind: 'none', weight }, retry },
    gate: {
      budgets: { sliceFlips: 0.4 },
      margins: {
        current: 0.2,
        pastMean: 0.2,
        worstWindow: 0.3,
        forgotten: 0.25,
        classRecall: 0.4,
        brier: 0.5,
      },
    },
  };
  const { training, gate } = blobSpec(MODEL, changes);
  return { training, gate };
}
