/**
 * Which version answered at a given second. Every move is kept a second time under the time at which it was made, so
 * that a listing of keys finds it: at most three objects are read, however long the history is.
 */
import { err, ok, type Result } from '../../result.ts';
import { type AliasError, loadChampion, type Move, moveSchema, recordTime } from './alias.ts';
import type { VersionError } from '../versions/find-version.ts';
import { describeReadError, loadJson } from '../store/json.ts';
import { keys } from '../store/keys.ts';
import type { Manifest } from '../versions/manifest.ts';
import type { ObjectStore } from '../store/store.ts';
import { loadManifest } from '../versions/versions.ts';

export interface ServedAt {
  readonly model: string;
  /** What was asked for. */
  readonly at: string;
  readonly version: number;
  /** The move that had made it champion: who, when, why. */
  readonly move: Move;
  /** When another version took its place; null while it serves. An isolate follows within its alias's time to live. */
  readonly until: string | null;
  /** What it was promoted on; null where its manifest can't be read any more, which `problem` then says. */
  readonly evidence: Pick<Manifest, 'run' | 'snapshot' | 'parent' | 'verdict' | 'reasons' | 'metrics'> | null;
  readonly problem: string | null;
}

export type ServedAtError =
  AliasError | { readonly kind: 'nothing-served'; readonly detail: string } | VersionError;

/**
 * The version that was champion at `at`, which may be any time from its first promotion on.
 * Where moves were made on clocks that disagree, the last one by its number of those made until then.
 */
export async function findServedAt(
  store: ObjectStore,
  model: string,
  at: Date,
): Promise<Result<ServedAt, ServedAtError>> {
  const champion = await loadChampion(store, model);
  if (!champion.ok) return champion;
  const current = champion.value?.move ?? null;
  if (current === null) return nothingServed(`${model} has had no champion`);
  if (Date.parse(current.at) <= at.getTime()) return describe(store, model, at, current, null);
  const times = await listTimes(store, model, current);
  if (!times.ok) return times;
  const found = times.value.findLast(({ atMs }) => atMs <= at.getTime());
  if (found === undefined) {
    const first = new Date(times.value[0]?.atMs ?? 0).toISOString();
    return nothingServed(`${model} had no champion before ${first}`);
  }
  const loaded = await loadJson(store, found.key, moveSchema);
  if (!loaded.ok) return err({ kind: 'alias-unreadable', detail: describeReadError(loaded.error) });
  const next = times.value.find(({ sequence }) => sequence === found.sequence + 1);
  const until = next === undefined ? null : new Date(next.atMs).toISOString();
  return describe(store, model, at, loaded.value.value, until);
}

interface MoveTime {
  readonly key: string;
  readonly sequence: number;
  readonly atMs: number;
}

/** In order of the moves. Those of an older history, or that a crash kept from being written, are written first. */
async function listTimes(
  store: ObjectStore,
  model: string,
  current: Move,
): Promise<Result<MoveTime[], AliasError>> {
  const times = (await store.list(keys.moveTimes(model))).flatMap(parseTime);
  const known = new Set(times.map(({ sequence }) => sequence));
  for (let sequence = 1; sequence <= current.sequence; sequence++) {
    if (known.has(sequence)) continue;
    const move = sequence === current.sequence ? ok(current) : await loadMove(store, model, sequence);
    if (!move.ok) return move;
    const key = await recordTime(store, model, move.value);
    times.push({ key, sequence, atMs: Date.parse(move.value.at) });
  }
  return ok(times.sort((a, b) => a.sequence - b.sequence));
}

async function loadMove(
  store: ObjectStore,
  model: string,
  sequence: number,
): Promise<Result<Move, AliasError>> {
  const loaded = await loadJson(store, keys.history(model, sequence), moveSchema);
  if (loaded.ok) return ok(loaded.value.value);
  return err({ kind: 'alias-unreadable', detail: describeReadError(loaded.error) });
}

/** `…/20261123T090000000Z-00000012.json` */
function parseTime(key: string): MoveTime[] {
  const parts = /\/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-(\d{8,})\.json$/.exec(key);
  if (parts === null) return [];
  const [, year, month, day, hour, minute, second, milli, sequence] = parts;
  const atMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milli}Z`);
  return [{ key, sequence: Number(sequence), atMs }];
}

async function describe(
  store: ObjectStore,
  model: string,
  at: Date,
  move: Move,
  until: string | null,
): Promise<Result<ServedAt, ServedAtError>> {
  const manifest = await loadManifest(store, model, move.to);
  const facts = { model, at: at.toISOString(), version: move.to, move, until };
  if (!manifest.ok) return ok({ ...facts, evidence: null, problem: manifest.error.detail });
  const { run, snapshot, parent, verdict, reasons, metrics } = manifest.value;
  return ok({ ...facts, evidence: { run, snapshot, parent, verdict, reasons, metrics }, problem: null });
}

function nothingServed(detail: string) {
  return err({ kind: 'nothing-served' as const, detail });
}
