/**
 * What a look reads: the champion and who was it before, the last look, and everything that came in since what is
 * settled. Nothing is decided here.
 */
import { sha256Hex } from '../../shared/digest.ts';
import type { Event, PredictionEvent } from '../../shared/events/schema.ts';
import { collectInbox } from '../../shared/events/inbox.ts';
import { loadSpec } from '../../shared/model/spec/load-spec.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import { isLabel } from '../../shared/model/spec/task.ts';
import { loadChampion, loadHistory, type Move } from '../../shared/registry/champion/alias.ts';
import { describeReadError } from '../../shared/registry/store/json.ts';
import { type Live, loadLive } from '../../shared/registry/live.ts';
import { championsBefore } from '../../shared/registry/champion/promotion.ts';
import { listQuarantines } from '../../shared/registry/quarantine.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { type EventLog, openEventLog } from '../pipeline/data/history/event-log.ts';
import { joinEvents, type LabelledExample } from '../pipeline/data/history/join.ts';
import { isQuarantined } from '../pipeline/data/time-range.ts';
import type { Host } from '../run/context.ts';
import { RunFailure } from '../run-failure.ts';

export type LookHost = Pick<Host, 'store' | 'runtime' | 'now' | 'yieldControl' | 'log'>;

const HOUR_MS = 3_600_000;
/** Labels that come later than this after their input are for training alone. */
export const HORIZON_MS = 7 * 24 * HOUR_MS;
/** A batch is written after its events were seen, by a clock that may be a little behind. */
export const CLOCKS_MS = HOUR_MS;

export interface OpenLook {
  readonly spec: Spec;
  readonly move: Move;
  /** the last look, and its ETag; null before the first one */
  readonly before: { readonly live: Live; readonly etag: string } | null;
  /** of the same champion, by the same move */
  readonly same: Live | null;
  readonly nowMs: number;
  /** what came before it counts no longer */
  readonly settledMs: number;
  /** champions of former times that a machine may put back, the last first */
  readonly former: readonly number[];
  readonly log: EventLog;
  /** which batches there were, as a digest */
  readonly read: string;
  /** labelled, in order of time; without those that are kept apart */
  readonly examples: readonly LabelledExample[];
  /** each once, in order of time */
  readonly predictions: readonly PredictionEvent[];
}

/** Null where there is no champion, and where nothing came in since the last look. @throws RunFailure for what can't be read, by name */
export async function openLook(host: LookHost, model: string): Promise<OpenLook | null> {
  const { store } = host;
  const now = host.now();
  const loaded = await loadSpec(store, model);
  if (!loaded.ok) throw new RunFailure(loaded.error.detail);
  const champion = await loadChampion(store, model);
  if (!champion.ok) throw new RunFailure(champion.error.detail);
  if (champion.value === null) return null;
  const { spec } = loaded.value;
  const { move } = champion.value;
  const before = await loadBefore(store, model);
  // A clock that was ahead must not keep everybody from looking until it is so late: what it wrote begins anew.
  const usable = before !== null && Date.parse(before.live.lookedAt) <= now.getTime() + CLOCKS_MS;
  const settledMs = usable ? Date.parse(before.live.settledTo) : floorHour(now.getTime() - HORIZON_MS);
  const history = await loadHistory(store, model);
  if (!history.ok) throw new RunFailure(history.error.detail);
  const { standing } = await championsBefore(store, model, move, history.value);
  const same = usable && before.live.life.sequence === move.sequence ? before.live : null;
  await collectInbox(store, model, now);
  const read = await digestOfBatches(store, model, settledMs);
  if (same !== null && isUnchanged(same, read, now)) return null;
  const run = { model, cutoffMs: now.getTime() };
  const log = await openEventLog({ store, run, now: host.now, onProgress: () => {} }, settledMs - CLOCKS_MS);
  const { examples, predictions } = await sort(store, spec, log, settledMs);
  const nowMs = now.getTime();
  return { read, spec, move, before, same, nowMs, settledMs, former: standing, log, examples, predictions };
}

/** Batches are named by what is in them. */
async function digestOfBatches(store: ObjectStore, model: string, settledMs: number): Promise<string> {
  const first = keys.eventsOf(model, new Date(settledMs - CLOCKS_MS).toISOString().slice(0, 10));
  const listed = await store.list(keys.eventsPrefix(model));
  return sha256Hex(listed.filter((key) => key >= first).join('\n')).slice(0, 32);
}

/** Once a day what is old is settled all the same. What was shown may still have to be acted upon. */
function isUnchanged({ read, lookedAt, rollback }: Live, now: string, at: Date): boolean {
  return read === now && !rollback.shown && at.getTime() - Date.parse(lookedAt) < 24 * HOUR_MS;
}

/** The beginning of the hour, milliseconds since the epoch. */
export function floorHour(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}

async function loadBefore(store: ObjectStore, model: string): Promise<OpenLook['before']> {
  const read = await loadLive(store, model);
  if (read.ok) return { live: read.value.value, etag: read.value.etag };
  if (read.error.kind === 'missing') return null;
  throw new RunFailure(`${describeReadError(read.error)}; delete it, and the next look begins anew`);
}

async function sort(
  store: ObjectStore,
  spec: Spec,
  { events }: EventLog,
  settledMs: number,
): Promise<Pick<OpenLook, 'examples' | 'predictions'>> {
  const apart = await listQuarantines(store, spec.name);
  if (!apart.ok) throw new RunFailure(apart.error.detail);
  const stretches = apart.value.filter(({ status }) => status !== 'released');
  const examples = joinEvents(events).examples.filter(
    ({ at, label }) => at >= settledMs && isLabel(spec, label) && !isQuarantined(at, stretches),
  );
  return { examples, predictions: uniquePredictions(events, settledMs) };
}

/** Each prediction once, in order of time. @param settledMs  inputs seen before it are left out */
export function uniquePredictions(events: readonly Event[], settledMs: number): PredictionEvent[] {
  const found = new Map<string, PredictionEvent>();
  for (const event of events)
    if (event.kind === 'prediction' && event.at >= settledMs) found.set(event.id, event);
  return [...found.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
}
