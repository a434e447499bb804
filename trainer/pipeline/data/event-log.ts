/**
 * A model's events as a snapshot reads them: first everything but the inputs, which are most of the bytes, then the
 * inputs of some examples at a time. So a long history takes a few hundred bytes an example, whatever an input weighs.
 */
import { type BatchLines, readBatch } from '../../../shared/events/inbox.ts';
import type { LabelledExample } from './join.ts';
import type { Event } from '../../../shared/events/schema.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { type RunContext, reportProgress } from '../../run/context.ts';

export interface EventLog {
  /** Up to the run's cutoff. An input has its type and its digest, but not its bytes. */
  readonly events: readonly Event[];
  /** Lines and batches that can't be read. */
  readonly problems: readonly string[];
  /** The same examples with the bytes of those inputs that lie in their events. */
  withInputs(examples: readonly LabelledExample[]): Promise<LabelledExample[]>;
}

/** Batches whose inputs are kept: examples come in order of time and batches nearly so, so two meet most of the time. */
const KEPT_BATCHES = 2;

type Log = Pick<RunContext, 'store' | 'now' | 'onProgress'> & {
  readonly run: Pick<RunContext['run'], 'model' | 'cutoffMs'>;
};

export async function openEventLog(ctx: Log): Promise<EventLog> {
  const batches = await ctx.store.list(keys.eventsPrefix(ctx.run.model));
  const events: Event[] = [];
  const problems: string[] = [];
  // By the digest of an input: the batch that holds its bytes.
  const holders = new Map<string, string>();
  for (const [i, key] of batches.entries()) {
    const batch = await readBatchAt(ctx, key);
    for (const event of batch.events.filter(({ at }) => at <= ctx.run.cutoffMs)) {
      if (event.kind !== 'label' && event.input.base64 !== undefined) holders.set(event.input.digest, key);
      events.push(withoutBytes(event));
    }
    problems.push(...batch.problems);
    await reportProgress(ctx, 'snapshot', (i + 1) / batches.length, `${i + 1} of ${batches.length} batches`);
  }
  const inputsAt = keepRecent((key) => readInputs(ctx, key));
  return {
    events,
    problems,
    async withInputs(examples) {
      const wanted = new Set(examples.map(({ input }) => input.digest));
      const found = new Map<string, string>();
      for (const key of new Set([...wanted].map((digest) => holders.get(digest)))) {
        if (key === undefined) continue;
        for (const [digest, base64] of await inputsAt(key)) if (wanted.has(digest)) found.set(digest, base64);
      }
      return examples.map((example) => {
        const base64 = found.get(example.input.digest);
        return base64 === undefined ? example : { ...example, input: { ...example.input, base64 } };
      });
    },
  };
}

/** A batch that is gone since it was listed is a problem, as one that can't be read is: its events are nowhere else. */
async function readBatchAt({ store }: Log, key: string): Promise<BatchLines> {
  const object = await store.get(key);
  if (object !== null) return readBatch(key, object.bytes);
  return { events: [], problems: [`${key}: expected a batch, it was listed and then gone`] };
}

function withoutBytes(event: Event): Event {
  if (event.kind === 'label') return event;
  const { type, digest } = event.input;
  return { ...event, input: { type, digest } };
}

/** Inputs by digest, of one batch. */
async function readInputs(ctx: Log, key: string): Promise<Map<string, string>> {
  const { events } = await readBatchAt(ctx, key);
  return new Map(
    events.flatMap((event) =>
      event.kind === 'label' || event.input.base64 === undefined
        ? []
        : [[event.input.digest, event.input.base64] as const],
    ),
  );
}

/** Remembers what was loaded last. */
function keepRecent<T>(load: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const recent = new Map<string, T>();
  return async (key) => {
    const kept = recent.get(key);
    if (kept !== undefined) return kept;
    const oldest = recent.size < KEPT_BATCHES ? undefined : recent.keys().next().value;
    if (oldest !== undefined) recent.delete(oldest);
    const loaded = await load(key);
    recent.set(key, loaded);
    return loaded;
  };
}
