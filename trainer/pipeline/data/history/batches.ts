/**
 * Batches of events as a snapshot reads them: everything but the inputs, which are most of the bytes, and then the inputs
 * of some examples at a time.
 */
import { type BatchLines, readBatch } from '../../../../shared/events/inbox.ts';
import type { Event } from '../../../../shared/events/schema.ts';
import { hashLarge, hexOf } from '../../../../shared/digest.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import type { LabelledExample } from './join.ts';

export interface ReadBatch extends BatchLines {
  /** SHA-256 of the object; `gone` where there is none */
  readonly digest: string;
}

/** What stands for the digest of a batch that is not there. */
export const GONE = 'gone';

/** A batch that is gone since it was listed is a problem, as one that can't be read is: its events are nowhere else. */
export async function readBatchAt(store: ObjectStore, key: string): Promise<ReadBatch> {
  const object = await store.get(key);
  if (object === null)
    return { events: [], problems: [`${key}: expected a batch, it was listed and then gone`], digest: GONE };
  const read = await readBatch(key, object.bytes);
  return { ...read, digest: hexOf(await hashLarge(object.bytes)) };
}

/** An event as it is held in memory: its input has its type and its digest, but not its bytes. */
export function withoutBytes(event: Event): Event {
  if (event.kind === 'label') return event;
  const { type, digest } = event.input;
  return { ...event, input: { type, digest } };
}

/** An example, and the batch that has the bytes of its input; null where they are an object of their own. */
export interface HeldExample {
  readonly example: LabelledExample;
  readonly batch: string | null;
}

/** Gives examples the bytes of those inputs that lie in their batches. */
export type FillInputs = (examples: readonly HeldExample[]) => Promise<LabelledExample[]>;

/** Batches whose inputs are kept: examples come in order of time and batches nearly so, so two meet most of the time. */
const KEPT_BATCHES = 2;

/** Reads each batch of inputs once for those who ask for it one after the other; it remembers the last ones. */
export function createInputFiller(store: ObjectStore): FillInputs {
  const inputsAt = keepRecent((key) => readInputs(store, key));
  return async (examples) => {
    const found = new Map<string, string>();
    for (const key of new Set(examples.map(({ batch }) => batch))) {
      if (key === null) continue;
      const inputs = await inputsAt(key);
      for (const { example, batch } of examples) {
        const base64 = batch === key ? inputs.get(example.input.digest) : undefined;
        if (base64 !== undefined) found.set(example.input.digest, base64);
      }
    }
    return examples.map(({ example }) => {
      const base64 = found.get(example.input.digest);
      return base64 === undefined ? example : { ...example, input: { ...example.input, base64 } };
    });
  };
}

/** Inputs by digest, of one batch. */
async function readInputs(store: ObjectStore, key: string): Promise<Map<string, string>> {
  const { events } = await readBatchAt(store, key);
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
