/**
 * Promote and rollback, as the operators' API, the CLI and the trainer all do them.
 */
import { err, ok, type Result } from '../../result.ts';
import {
  type AliasError,
  changePause,
  type Champion,
  describeLoss,
  loadChampion,
  loadHistory,
  moveChampion,
  type Move,
  type Pause,
} from './alias.ts';
import type { Manifest } from '../versions/manifest.ts';
import type { ObjectStore } from '../store/store.ts';
import { noticeMove } from './move-notice.ts';
import { describeOrigin, isBarred, originOf, takenBack } from './taken-back.ts';
import type { VersionError } from '../versions/find-version.ts';
import { loadManifest, loadVersionFile } from '../versions/versions.ts';

export type PromotionError =
  | AliasError
  | VersionError
  | { readonly kind: 'taken-back'; readonly detail: string }
  | { readonly kind: 'promotion-paused'; readonly detail: string }
  | { readonly kind: 'not-paused'; readonly detail: string }
  | { readonly kind: 'already-champion'; readonly detail: string }
  | { readonly kind: 'not-passed'; readonly detail: string }
  | { readonly kind: 'nothing-to-roll-back'; readonly detail: string };

export interface PromotionRequest {
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
  /** Promote although neither the gate nor the referee ever let it in. Recorded as forced, where that is so. */
  readonly force?: boolean;
  /** What a run promotes by: a version that the exam held may serve by trust in its recipe, or by the referee. */
  readonly evidence?: 'exam' | 'trust' | 'referee';
  /** The version the decision was based on; promotion is refused when another one serves by now. */
  readonly expectedChampion?: number | null | undefined;
}

/** A run that promotes, and what it may not (machine-promotion.ts). */
export interface RunMover {
  readonly run: string;
  /** The pause that stands after the promotion, or why there is none. */
  readonly check: (
    manifest: Manifest,
    pause: Pause | undefined,
  ) => Promise<Result<Pause | undefined, PromotionError>>;
}

/**
 * Moves the champion alias to a whole, undamaged version. Refuses a version that never passed, unless forced.
 * What a rollback took back returns by this, when a person asks; the pause that the rollback began stays.
 *
 * @param machine  null for a person; a run goes by `promoteByRun`
 */
export async function promote(
  store: ObjectStore,
  model: string,
  version: number,
  request: PromotionRequest,
  machine: RunMover | null = null,
): Promise<Result<Move, PromotionError>> {
  const champion = await loadChampion(store, model);
  if (!champion.ok) return champion;
  const current = champion.value?.move ?? null;
  if (current?.to === version) {
    return err({ kind: 'already-champion', detail: `version ${version} already serves ${model}` });
  }
  const surprise = checkExpected(request.expectedChampion, current);
  if (surprise !== null) return err(surprise);
  const manifest = await loadWhole(store, model, version);
  if (!manifest.ok) return manifest;
  const passed = await hasPassed(store, manifest.value, request);
  if (!passed.ok) return passed;
  const forced = !passed.value;
  if (forced && request.force !== true) return err(notPassed(manifest.value));
  const pause = machine === null ? ok(current?.pause) : await machine.check(manifest.value, current?.pause);
  if (!pause.ok) return pause;
  return moveAndTell(store, model, champion.value, {
    ...moveFacts(manifest.value, request, machine?.run ?? null),
    action: 'promote',
    forced,
    ...(pause.value && { pause: pause.value }),
  });
}

/**
 * By the gate's verdict, by what the request says, or because it came to serve by trust or the referee before: what a
 * rollback took away returns without force, whichever way it had come.
 */
async function hasPassed(
  store: ObjectStore,
  { model, version, verdict }: Manifest,
  { evidence }: PromotionRequest,
): Promise<Result<boolean, AliasError>> {
  if (verdict === 'promote' || evidence !== undefined) return ok(true);
  const history = await loadHistory(store, model);
  if (!history.ok) return history;
  return ok(history.value.some((move) => move.to === version && move.evidence !== undefined));
}

export type RollbackRequest = Omit<PromotionRequest, 'force'> & {
  /** An earlier champion; when left out, the one before the current one that was not taken back. */
  readonly to?: number;
  /** Nobody decided it but a machine that watches the champion: it pauses nothing. */
  readonly automatic?: boolean;
  /** What ends the pause of promotion that a person's rollback begins; `resumed` when left out. */
  readonly pauseUntil?: Pause['until'];
};

/**
 * Puts back the version that served before the current one was promoted (or a named earlier champion). What it takes
 * back is not promoted again by a machine, and a person's rollback pauses the promotion by machines.
 * A second rollback goes further back, never forth: two people who roll back the same bad version must not bring it
 * back between them. What was taken back returns by `promote`.
 */
export async function rollback(
  store: ObjectStore,
  model: string,
  request: RollbackRequest,
): Promise<Result<Move, PromotionError>> {
  const champion = await loadChampion(store, model);
  if (!champion.ok) return champion;
  const surprise = checkExpected(request.expectedChampion, champion.value?.move ?? null);
  if (surprise !== null) return err(surprise);
  const target = await rollbackTarget(store, model, champion.value, request.to);
  if (!target.ok) return target;
  const manifest = await loadWhole(store, model, target.value);
  if (!manifest.ok) return manifest;
  const { automatic = false } = request;
  const pause = automatic ? champion.value?.move.pause : beginPause(champion.value, request);
  return moveAndTell(store, model, champion.value, {
    ...moveFacts(manifest.value, request, null),
    action: 'rollback',
    forced: false,
    ...(automatic && { automatic }),
    ...(pause && { pause }),
  });
}

function beginPause(champion: Champion | null, { at, by, reason, pauseUntil }: RollbackRequest): Pause {
  const since = (champion?.move.sequence ?? 0) + 1;
  return { since, at: at.toISOString(), by, reason, until: pauseUntil ?? 'resumed' };
}

/**
 * Lets machines promote again after a person's rollback: now, or once a candidate is shown better on what came in after
 * it was made. What was taken back stays barred.
 */
export async function resumePromotion(
  store: ObjectStore,
  model: string,
  request: Pick<PromotionRequest, 'by' | 'reason' | 'at'> & { readonly until: 'now' | 'better' },
): Promise<Result<Move, PromotionError>> {
  const champion = await loadChampion(store, model);
  if (!champion.ok) return champion;
  if (champion.value?.move.pause === undefined) {
    return err({ kind: 'not-paused', detail: `promotion of ${model} is not paused` });
  }
  const at = request.at.toISOString();
  const changed = await changePause(store, model, champion.value, { ...request, at });
  if (changed.ok) await noticeMove(store, model, changed.value);
  return changed;
}

async function moveAndTell(
  store: ObjectStore,
  model: string,
  seen: Champion | null,
  next: Parameters<typeof moveChampion>[3],
): Promise<Result<Move, AliasError>> {
  const moved = await moveChampion(store, model, seen, next);
  if (moved.ok) await noticeMove(store, model, moved.value);
  return moved;
}

/** The version that a rollback which names none would put back: whole, or what is wrong with it. */
export async function findRollbackTarget(
  store: ObjectStore,
  model: string,
): Promise<Result<number, PromotionError>> {
  const champion = await loadChampion(store, model);
  if (!champion.ok) return champion;
  const target = await rollbackTarget(store, model, champion.value, undefined);
  if (!target.ok) return target;
  const whole = await loadWhole(store, model, target.value);
  return whole.ok ? target : whole;
}

async function rollbackTarget(
  store: ObjectStore,
  model: string,
  champion: Champion | null,
  wanted: number | undefined,
): Promise<Result<number, PromotionError>> {
  if (champion === null) return nothingBefore(`${model} has had no champion`);
  const current = champion.move;
  if (wanted === undefined) return championBefore(store, model, current);
  if (wanted === current.to) {
    return err({ kind: 'already-champion', detail: `version ${wanted} already serves ${model}` });
  }
  const history = await loadHistory(store, model);
  if (!history.ok) return history;
  if (!history.value.some((move) => move.to === wanted)) {
    const detail = `version ${wanted} never served ${model}; use promote to make it champion for the first time`;
    return err({ kind: 'nothing-to-roll-back', detail });
  }
  const back = (await takenBack(store, model, history.value)).get(wanted);
  if (back === undefined) return ok(wanted);
  const detail = `version ${wanted} was taken back at ${back.at} by ${back.by} (${back.reason}); promote returns it`;
  return err({ kind: 'taken-back', detail });
}

/**
 * The last champion on the way that was not taken back, and is not the same weights under another number. Where the
 * history can't be read a promotion says itself what served before it: that keeps nobody from the first rollback.
 */
async function championBefore(
  store: ObjectStore,
  model: string,
  current: Move,
): Promise<Result<number, PromotionError>> {
  if (current.action === 'promote' && current.from === null) {
    return nothingBefore(`${model} has had one champion only`);
  }
  const history = await loadHistory(store, model);
  if (!history.ok) {
    return current.action === 'promote' && current.from !== null ? ok(current.from) : history;
  }
  const before = await championsBefore(store, model, current, history.value);
  const [last] = before.standing;
  if (last !== undefined) return ok(last);
  return nothingBefore(
    before.all === 0
      ? `version ${current.to} is the first champion of ${model}`
      : `every champion of ${model} before version ${current.to} was taken back`,
  );
}

/**
 * The champions that led to the current one, the last first, without those that were taken back or have the weights of
 * one that was; and how many there were with them.
 *
 * @param moves  oldest first
 */
export async function championsBefore(
  store: ObjectStore,
  model: string,
  current: Move,
  moves: readonly Move[],
): Promise<{ readonly standing: readonly number[]; readonly all: number }> {
  const way = wayBack(moves).slice(0, -1);
  const back = new Map(await takenBack(store, model, moves));
  const leaving = await originOf(store, model, current.to, moves);
  back.set(current.to, { ...current, version: current.to, origin: leaving });
  const standing: number[] = [];
  for (const version of way.toReversed()) {
    const barred = isBarred(back, version, await originOf(store, model, version, moves));
    if (!barred && !standing.includes(version)) standing.push(version);
  }
  return { standing, all: way.length };
}

/** The champions that led to the current one, which is the last: a promotion adds one, a rollback takes some away. */
function wayBack(moves: readonly Move[]): number[] {
  const way: number[] = [];
  for (const { action, to } of moves) {
    const at = action === 'rollback' ? way.lastIndexOf(to) : -1;
    if (at === -1) way.push(to);
    else way.length = at + 1;
  }
  return way;
}

function nothingBefore(why: string) {
  const detail = `${why}: there is no earlier version to put back`;
  return err({ kind: 'nothing-to-roll-back' as const, detail });
}

/** The alias must never point at something that can't be served: both edge files are read and verified first. */
export async function loadWhole(
  store: ObjectStore,
  model: string,
  version: number,
): Promise<Result<Manifest, VersionError>> {
  const manifest = await loadManifest(store, model, version);
  if (!manifest.ok) return manifest;
  for (const file of ['edge.json', 'edge.bin'] as const) {
    const loaded = await loadVersionFile(store, manifest.value, file);
    if (!loaded.ok) return loaded;
  }
  return manifest;
}

function moveFacts(manifest: Manifest, request: Omit<PromotionRequest, 'force'>, run: string | null) {
  return {
    to: manifest.version,
    at: request.at.toISOString(),
    by: request.by,
    reason: request.reason,
    verdict: manifest.verdict,
    run,
    origin: describeOrigin(manifest),
    ...(request.evidence && { evidence: request.evidence }),
  };
}

function notPassed(manifest: Manifest): PromotionError {
  const why = manifest.reasons[0] ?? 'no reason recorded';
  const detail = `version ${manifest.version}'s verdict is ${manifest.verdict} (${why}); --force promotes it all the same`;
  return { kind: 'not-passed', detail };
}

function checkExpected(expected: number | null | undefined, current: Move | null): AliasError | null {
  if (expected === undefined || expected === (current?.to ?? null)) return null;
  if (current !== null) return describeLoss(current);
  return { kind: 'alias-unreadable', detail: `expected version ${expected} to be champion, there is none` };
}
