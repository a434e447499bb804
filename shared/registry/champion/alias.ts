/**
 * The champion alias: the one mutable pointer, and its append-only history.
 *
 * The alias carries the whole history entry of the move that set it. It moves first, by compare-and-swap; the entry is
 * copied to `history/<sequence>.json` after. A crash between the two loses nothing: whoever moves or reads next copies
 * the missing entry before anything else.
 */
import * as z from '../../zod.ts';
import { err, ok, type Result } from '../../result.ts';
import { describeReadError, loadJson, putJson } from '../store/json.ts';
import { keys } from '../store/keys.ts';
import { verdictNameSchema } from '../versions/manifest.ts';
import type { ObjectStore } from '../store/store.ts';

/** While it stands, machines promote nothing. A person's rollback begins it. */
export const pauseSchema = z.object({
  /** The sequence of the rollback that began it. */
  since: z.int().check(z.minimum(1)),
  at: z.iso.datetime(),
  by: z.string(),
  reason: z.string(),
  /** `resumed`: a person ends it. `better`: so does a candidate that is shown better on what came in after it was made. */
  until: z.enum(['resumed', 'better']),
});
export type Pause = z.infer<typeof pauseSchema>;

/** Where a version comes from: what makes two versions the same thing under two numbers. */
export const originSchema = z.object({
  /** Of the files that serve it, with its preprocessing and base. */
  weights: z.string(),
  snapshot: z.nullable(z.string()),
  parent: z.nullable(z.int().check(z.minimum(1))),
});
export type Origin = z.infer<typeof originSchema>;

export const moveSchema = z.object({
  /** 1, 2, 3, …: every move has one, none is reused. */
  sequence: z.int().check(z.minimum(1)),
  action: z.enum(['promote', 'rollback']),
  from: z.nullable(z.int().check(z.minimum(1))),
  to: z.int().check(z.minimum(1)),
  at: z.iso.datetime(),
  by: z.string(),
  reason: z.string(),
  verdict: verdictNameSchema,
  /** True when a person promoted against the gate's verdict. */
  forced: z.boolean(),
  /** Of a run: the exam on the holdout, trust in the recipe, or the referee's comparison on what came in since. */
  evidence: z.exactOptional(z.enum(['exam', 'trust', 'referee'])),
  /** The run that moved it; null for a person. */
  run: z.nullable(z.string()),
  /** True when nobody decided it but a machine that watches the champion. */
  automatic: z.exactOptional(z.literal(true)),
  /** Of the version `to`. Absent of moves that were made before this was recorded. */
  origin: z.exactOptional(originSchema),
  /** What stands after the move; absent when machines may promote. */
  pause: z.exactOptional(pauseSchema),
  /** In the alias only: who ended the pause that stood after its move. */
  resumed: z.exactOptional(z.object({ by: z.string(), at: z.iso.datetime(), reason: z.string() })),
});
export type Move = z.infer<typeof moveSchema>;

export interface Champion {
  readonly move: Move;
  readonly etag: string;
}

export type AliasError =
  | { readonly kind: 'alias-unreadable'; readonly detail: string }
  | { readonly kind: 'lost-race'; readonly to: Move; readonly detail: string };

/** The champion of a model, or null when none was ever promoted. */
export async function loadChampion(
  store: ObjectStore,
  model: string,
): Promise<Result<Champion | null, AliasError>> {
  const loaded = await loadJson(store, keys.alias(model, 'champion'), moveSchema);
  if (loaded.ok) return ok({ move: loaded.value.value, etag: loaded.value.etag });
  if (loaded.error.kind === 'missing') return ok(null);
  return err({ kind: 'alias-unreadable', detail: describeReadError(loaded.error) });
}

/**
 * Moves the champion alias from what was read to another version, then writes the history entry.
 * Of concurrent moves from the same state one wins; the others get `lost-race` with the move they lost to.
 *
 * @param seen  the champion as read before deciding; null when there was none
 */
export async function moveChampion(
  store: ObjectStore,
  model: string,
  seen: Champion | null,
  next: Omit<Move, 'sequence' | 'from'>,
): Promise<Result<Move, AliasError>> {
  if (seen !== null) await recordMove(store, model, seen.move);
  const move: Move = {
    sequence: (seen?.move.sequence ?? 0) + 1,
    from: seen?.move.to ?? null,
    ...next,
  };
  // A taken entry means that somebody moved since, or that the alias was lost or put back to an older state.
  if ((await store.get(keys.history(model, move.sequence))) !== null) return loseTo(store, model, move);
  const condition = seen === null ? { absent: true as const } : { etag: seen.etag };
  const written = await putJson(store, keys.alias(model, 'champion'), move, condition);
  if (written === null) return loseTo(store, model, move);
  await recordMove(store, model, move);
  await recordTime(store, model, move);
  return ok(move);
}

/**
 * Ends the pause that stands in the alias, or changes what ends it. It is no move: what serves stays, and the history
 * entry says that a pause stood after it, so an alias that is mended from the history is paused again.
 */
export async function changePause(
  store: ObjectStore,
  model: string,
  { move, etag }: Champion,
  change: {
    readonly by: string;
    readonly at: string;
    readonly reason: string;
    readonly until: 'now' | 'better';
  },
): Promise<Result<Move, AliasError>> {
  await recordMove(store, model, move);
  const { until, ...resumed } = change;
  const { pause, ...rest } = move;
  const changed: Move =
    until === 'better' && pause !== undefined
      ? { ...rest, pause: { ...pause, until } }
      : { ...rest, resumed };
  const written = await putJson(store, keys.alias(model, 'champion'), changed, { etag });
  if (written !== null) return ok(changed);
  const champion = await loadChampion(store, model);
  if (!champion.ok) return champion;
  return err(champion.value === null ? behindHistory(model, move) : describeLoss(champion.value.move));
}

/** Who won. That may be the move itself: a client of the store that repeats a put whose answer was lost is refused. */
async function loseTo(store: ObjectStore, model: string, attempted: Move): Promise<Result<Move, AliasError>> {
  const champion = await loadChampion(store, model);
  if (!champion.ok) return champion;
  const winner = champion.value?.move;
  const entry = keys.history(model, attempted.sequence);
  if (winner === undefined || winner.sequence < attempted.sequence) {
    const isBehind = (await store.get(entry)) !== null;
    return err(isBehind ? behindHistory(model, attempted) : refusedForNothing(model));
  }
  if (isSameMove(winner, attempted)) {
    await recordMove(store, model, winner);
    return ok(winner);
  }
  // It may have won for a moment, and somebody moved on from there, who copied it to the history first.
  const taken = await loadJson(store, entry, moveSchema);
  return taken.ok && isSameMove(taken.value.value, attempted) ? ok(attempted) : err(describeLoss(winner));
}

function isSameMove(a: Move, b: Move): boolean {
  return JSON.stringify(moveSchema.parse(a)) === JSON.stringify(moveSchema.parse(b));
}

function behindHistory(model: string, { sequence }: Move): AliasError {
  const detail = `${keys.alias(model, 'champion')}: expected the last move of the history, got an older one or none, while ${keys.history(model, sequence)} exists; copy the last history entry there`;
  return { kind: 'alias-unreadable', detail };
}

/** The alias stands where it stood, and nobody moved it. */
function refusedForNothing(model: string): AliasError {
  const detail = `${keys.alias(model, 'champion')}: the store refused to write it, and nothing stands against it; nothing has moved: try again`;
  return { kind: 'alias-unreadable', detail };
}

/** The refusal that names the move which came first. */
export function describeLoss(winner: Move): AliasError {
  const { by, to, at, reason } = winner;
  const detail = `lost to ${by}, who moved the champion to version ${to} at ${at} (${reason})`;
  return { kind: 'lost-race', to: winner, detail };
}

/** All moves, oldest first. */
export async function loadHistory(store: ObjectStore, model: string): Promise<Result<Move[], AliasError>> {
  const champion = await loadChampion(store, model);
  if (!champion.ok) return champion;
  if (champion.value !== null) await recordMove(store, model, champion.value.move);
  const moves: Move[] = [];
  for (const key of await store.list(keys.historyPrefix(model))) {
    const entry = await loadJson(store, key, moveSchema);
    if (!entry.ok) return err({ kind: 'alias-unreadable', detail: describeReadError(entry.error) });
    moves.push(entry.value.value);
  }
  return ok(moves);
}

/** Create-only: an entry that is there already is the same entry. */
async function recordMove(store: ObjectStore, model: string, move: Move): Promise<void> {
  await putJson(store, keys.history(model, move.sequence), move, { absent: true });
}

/** The move once more under its time, for who asks what served when (served-at.ts), which writes what is missing. */
export async function recordTime(store: ObjectStore, model: string, move: Move): Promise<string> {
  const key = keys.moveTime(model, new Date(move.at).toISOString(), move.sequence);
  await putJson(store, key, move, { absent: true });
  return key;
}
