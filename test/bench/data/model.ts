/**
 * The history that nights are measured on: 20 numbers, three classes. Of five events two are predictions, two their
 * labels, a minute later, and one is a prediction that nobody labels.
 */
import { writeEvents } from '../../../shared/events/inbox.ts';
import type { Event } from '../../../shared/events/schema.ts';
import { storeInline } from '../../../shared/events/stored-input.ts';
import { createModel } from '../../../shared/model/spec/load-spec.ts';
import { specSchema } from '../../../shared/model/spec/spec.ts';
import { createRandom, type Random } from '../../../shared/random.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';

export const MODEL = 'history';

const NUMBERS = 20;
const CLASSES = 3;
/** As the collector writes them under load. */
const BATCH_EVENTS = 1_000;
const DAY_MS = 86_400_000;
const LABEL_DELAY_MS = 60_000;

/** What every night trains on and is judged by, however long the history. */
export const TRAINED = 1_500;
/** Past windows, and held-out examples of each that judge. */
const WINDOWS = 12;
const JUDGED = 25;

export async function createHistoryModel(store: ObjectStore): Promise<void> {
  const features = Array.from({ length: NUMBERS }, (_, i) => ({ name: `n${i}`, type: 'number' }));
  const spec = specSchema.parse({
    format: 'holdfast-spec/1',
    name: MODEL,
    task: 'classification',
    input: { kind: 'tabular', features },
    labels: Array.from({ length: CLASSES }, (_, i) => `class ${i}`),
    base: null,
    head: [{ units: 32 }],
    training: { epochs: 5, maxExamples: TRAINED },
    holdout: { judged: JUDGED },
    window: { examples: 300, keep: WINDOWS },
    salt: 'ab'.repeat(32),
  });
  await createModel(store, spec);
}

/** Writes events from `fromMs` on, over a stretch of time, in batches in order of time. */
export async function writeHistory(
  store: ObjectStore,
  events: number,
  stretch: { readonly seed: number; readonly fromMs: number; readonly toMs: number },
): Promise<void> {
  const random = createRandom(stretch.seed);
  const stepMs = (stretch.toMs - stretch.fromMs) / events;
  for (let at = 0; at < events; at += BATCH_EVENTS) {
    const batch: Event[] = [];
    for (let i = at; i < Math.min(events, at + BATCH_EVENTS); i += 5) {
      const time = Math.floor(stretch.fromMs + i * stepMs);
      batch.push(...fiveEvents(random, `${stretch.seed}.${i}`, time));
    }
    await writeEvents(store, MODEL, batch, new Date(stretch.fromMs + at * stepMs));
  }
}

function fiveEvents(random: Random, name: string, at: number): Event[] {
  return ['a', 'b', 'c'].flatMap((letter, i): Event[] => {
    const label = random.below(CLASSES);
    const raw = Float32Array.from(
      { length: NUMBERS },
      (_, n) => (n % CLASSES === label ? 0.6 : 0) + random.uniform() + random.uniform() - 1,
    );
    const id = `${name}${letter}`;
    const prediction: Event = {
      kind: 'prediction',
      id,
      at: at + i,
      version: 1,
      input: storeInline(raw),
      predicted: label,
    };
    if (i === 2) return [prediction];
    const labelled = at + i + LABEL_DELAY_MS;
    return [
      prediction,
      { kind: 'label', id: `l${id}`, at: labelled, prediction: id, label, received: labelled },
    ];
  });
}

/** A day's labels: so many of them, and as many predictions and a half. */
export function writeDay(store: ObjectStore, labels: number, seed: number, fromMs: number): Promise<void> {
  return writeHistory(store, (labels / 2) * 5, { seed, fromMs, toMs: fromMs + DAY_MS / 24 });
}
