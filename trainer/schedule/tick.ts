/**
 * What the cron trigger does every few minutes: starts the runs that are due. Where nothing is, it has read one object:
 * when each model is due next, kept beside all models and made again from their specs every hour.
 */
import * as z from 'zod';
import type { Event } from '../../shared/events/schema.ts';
import { readBatch } from '../../shared/events/inbox.ts';
import { listModels } from '../../shared/model/spec/find-spec.ts';
import { loadSpec } from '../../shared/model/spec/load-spec.ts';
import { loadJson, putJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { DEFAULT_SCHEDULE, nextDue, type Schedule, scheduleSchema } from '../../shared/registry/schedule.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';

const entrySchema = z.object({
  schedule: scheduleSchema,
  /** When a run is due; null where labels decide. */
  next: z.iso.datetime().nullable(),
  /** Where labels decide: how many came since the last run, and the batches of the last days that were counted. */
  labels: z.int().min(0),
  counted: z.array(z.string()),
});
type Entry = z.infer<typeof entrySchema>;

const schedulesSchema = z.object({
  format: z.literal('holdfast-schedules/1'),
  /** The hour in which the specs were read. */
  hour: z.iso.datetime(),
  models: z.record(z.string(), entrySchema),
});
type Schedules = z.infer<typeof schedulesSchema>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface TickDeps {
  readonly store: ObjectStore;
  /** Starts a run under the time at which it was due: twice the same starts it once. */
  readonly start: (model: string, due: Date) => Promise<void>;
  /** Once an hour, for each model. */
  readonly look: (model: string) => Promise<void>;
  readonly log: (facts: Readonly<Record<string, unknown>>) => void;
}

/**
 * Starts what is due at `now`. A time that was missed (the trigger did not come) is made up for once. What can't be
 * started leaves a line, keeps no other model from its run, and is tried again at the next tick.
 *
 * @returns the models whose runs were started
 */
export async function tick(deps: TickDeps, now: Date): Promise<string[]> {
  const { store, start, log } = deps;
  const loaded = await loadJson(store, keys.schedules, schedulesSchema);
  const before = loaded.ok ? loaded.value : null;
  const hour = new Date(Math.floor(now.getTime() / HOUR_MS) * HOUR_MS).toISOString();
  const models =
    before?.value.hour === hour
      ? { ...before.value.models }
      : await readSpecs(deps, before?.value ?? null, now);
  const started: string[] = [];
  for (const [model, entry] of Object.entries(models)) {
    try {
      const counted = await countLabels(store, model, entry, now);
      models[model] = counted;
      const due = findDue(counted, now);
      if (due === null) continue;
      await start(model, due);
      started.push(model);
      models[model] = { ...counted, labels: 0, next: nextDue(entry.schedule, now)?.toISOString() ?? null };
    } catch (cause) {
      log({ event: 'run not started', model, error: String(cause) });
    }
  }
  const after: Schedules = { format: 'holdfast-schedules/1', hour, models };
  if (before !== null && JSON.stringify(after) === JSON.stringify(before.value)) return started;
  // Another tick at the same time has started the same runs, under the same ids; the next one goes on from what it left.
  await putJson(store, keys.schedules, after, before === null ? { absent: true } : { etag: before.etag });
  return started;
}

/** A model that is new, or has another schedule now, is due at its next time, not at once. */
async function readSpecs(
  { store, look, log }: TickDeps,
  before: Schedules | null,
  now: Date,
): Promise<Record<string, Entry>> {
  const models: Record<string, Entry> = {};
  for (const model of await listModels(store)) {
    await look(model).catch((cause: unknown) =>
      log({ event: 'model not looked at', model, error: String(cause) }),
    );
    const spec = await loadSpec(store, model);
    const known = before?.models[model];
    if (!spec.ok) {
      // A spec that can't be read for an hour must not lose the time at which its model was due.
      if (known !== undefined) models[model] = known;
      continue;
    }
    if (!spec.value.spec.scheduled) continue;
    const schedule = spec.value.spec.schedule ?? DEFAULT_SCHEDULE;
    const same = known !== undefined && JSON.stringify(known.schedule) === JSON.stringify(schedule);
    models[model] = same ? known : newEntry(schedule, now);
  }
  return models;
}

function newEntry(schedule: Schedule, now: Date): Entry {
  return { schedule, next: nextDue(schedule, now)?.toISOString() ?? null, labels: 0, counted: [] };
}

/** The time under which a run is to start; null when none is due. */
function findDue({ schedule, next, labels }: Entry, now: Date): Date | null {
  if (schedule.every === 'labels') return labels >= schedule.count ? now : null;
  if (next === null || Date.parse(next) > now.getTime()) return null;
  return new Date(next);
}

/** Every batch is read once, on the tick after it came: those of the last two days are looked through for new ones. */
async function countLabels(store: ObjectStore, model: string, entry: Entry, now: Date): Promise<Entry> {
  if (entry.schedule.every !== 'labels') return entry;
  const days = [now.getTime() - DAY_MS, now.getTime()].map((ms) => new Date(ms).toISOString().slice(0, 10));
  const listed: string[] = [];
  for (const day of days) listed.push(...(await store.list(keys.eventsOf(model, day))));
  const known = new Set(entry.counted);
  let { labels } = entry;
  for (const key of listed) {
    if (known.has(key)) continue;
    labels += await labelsIn(store, key);
  }
  return { ...entry, labels, counted: listed };
}

async function labelsIn(store: ObjectStore, key: string): Promise<number> {
  const object = await store.get(key);
  if (object === null) return 0;
  const { events } = await readBatch(key, object.bytes);
  return events.filter(isLabel).length;
}

function isLabel(event: Event): boolean {
  return event.kind === 'label' || event.kind === 'example';
}
