/**
 * A model's events, all of them, for who looks at them once and leaves nothing behind (a snapshot has an index): first
 * everything but the inputs, which are most of the bytes, then the inputs of some examples at a time.
 */
import type { Event } from '../../../../shared/events/schema.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { type RunContext, reportProgress } from '../../../run/context.ts';
import { createInputFiller, readBatchAt, withoutBytes } from './batches.ts';
import type { LabelledExample } from './join.ts';

export interface EventLog {
  /** Up to the run's cutoff. An input has its type and its digest, but not its bytes. */
  readonly events: readonly Event[];
  /** Lines and batches that can't be read. */
  readonly problems: readonly string[];
  /** The same examples with the bytes of those inputs that lie in their events. */
  withInputs(examples: readonly LabelledExample[]): Promise<LabelledExample[]>;
}

type Log = Pick<RunContext, 'store' | 'now' | 'onProgress'> & {
  readonly run: Pick<RunContext['run'], 'model' | 'cutoffMs'>;
};

/** @param sinceMs  batches of days before this are not read: what came in since is in none of them */
export async function openEventLog(ctx: Log, sinceMs = 0): Promise<EventLog> {
  const listed = await ctx.store.list(keys.eventsPrefix(ctx.run.model));
  const first = keys.eventsOf(ctx.run.model, new Date(sinceMs).toISOString().slice(0, 10));
  const batches = listed.filter((key) => key >= first);
  const events: Event[] = [];
  const problems: string[] = [];
  // By the digest of an input: the batch that holds its bytes.
  const holders = new Map<string, string>();
  for (const [i, key] of batches.entries()) {
    const batch = await readBatchAt(ctx.store, key);
    for (const event of batch.events.filter(({ at }) => at <= ctx.run.cutoffMs)) {
      if (event.kind !== 'label' && event.input.base64 !== undefined) holders.set(event.input.digest, key);
      events.push(withoutBytes(event));
    }
    problems.push(...batch.problems);
    await reportProgress(ctx, 'snapshot', (i + 1) / batches.length, `${i + 1} of ${batches.length} batches`);
  }
  const fill = createInputFiller(ctx.store);
  return {
    events,
    problems,
    withInputs: (examples) =>
      fill(examples.map((example) => ({ example, batch: holders.get(example.input.digest) ?? null }))),
  };
}
