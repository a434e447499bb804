/**
 * Promote and rollback, as the operators' API, the CLI and the trainer all do them.
 */
import { err, ok, type Result } from '../result.ts';
import {
  type AliasError,
  type Champion,
  describeLoss,
  loadChampion,
  loadHistory,
  moveChampion,
  type Move,
} from './alias.ts';
import type { Manifest } from './manifest.ts';
import type { ObjectStore } from './store.ts';
import type { VersionError } from './find-version.ts';
import { loadManifest, loadVersionFile } from './versions.ts';

export type PromotionError =
  | AliasError
  | VersionError
  | { readonly kind: 'already-champion'; readonly detail: string }
  | { readonly kind: 'not-passed'; readonly detail: string }
  | { readonly kind: 'nothing-to-roll-back'; readonly detail: string };

export interface PromotionRequest {
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
  /** Promote although neither the gate nor the referee ever let it in. Recorded as forced, where that is so. */
  readonly force?: boolean;
  readonly run?: string;
  /** What a run promotes by: a version that the exam held may serve by trust in its recipe, or by the referee. */
  readonly evidence?: 'exam' | 'trust' | 'referee';
  /** The version the decision was based on; promotion is refused when another one serves by now. */
  readonly expectedChampion?: number | null | undefined;
}

/**
 * Moves the champion alias to a whole, undamaged version. Refuses a version that never passed, unless forced.
 * Repeating a promotion by the same run is no error: the move it made is returned.
 */
export async function promote(
  store: ObjectStore,
  model: string,
  version: number,
  request: PromotionRequest,
): Promise<Result<Move, PromotionError>> {
  const champion = await loadChampion(store, model);
  if (!champion.ok) return champion;
  const current = champion.value?.move ?? null;
  if (request.run !== undefined) {
    const before = await findMoveOf(store, model, request.run);
    if (!before.ok) return before;
    if (before.value !== null) return ok(before.value);
  }
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
  return moveChampion(store, model, champion.value, {
    ...moveFacts(manifest.value, request),
    action: 'promote',
    forced,
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

/** The move a run made, however long ago: it is not made again, also when a person undid it since. */
async function findMoveOf(
  store: ObjectStore,
  model: string,
  run: string,
): Promise<Result<Move | null, AliasError>> {
  const history = await loadHistory(store, model);
  return history.ok ? ok(history.value.find((move) => move.run === run) ?? null) : history;
}

/**
 * Puts back the version that served before the current one was promoted (or a named earlier champion).
 * A second rollback goes further back, never forth: two people who roll back the same bad version must not bring it
 * back between them. What was rolled back returns by `promote`.
 */
export async function rollback(
  store: ObjectStore,
  model: string,
  request: Omit<PromotionRequest, 'force'> & { readonly to?: number },
): Promise<Result<Move, PromotionError>> {
  const champion = await loadChampion(store, model);
  if (!champion.ok) return champion;
  const surprise = checkExpected(request.expectedChampion, champion.value?.move ?? null);
  if (surprise !== null) return err(surprise);
  const target = await rollbackTarget(store, model, champion.value, request.to);
  if (!target.ok) return target;
  const manifest = await loadWhole(store, model, target.value);
  if (!manifest.ok) return manifest;
  return moveChampion(store, model, champion.value, {
    ...moveFacts(manifest.value, request),
    action: 'rollback',
    forced: false,
  });
}

async function rollbackTarget(
  store: ObjectStore,
  model: string,
  champion: Champion | null,
  wanted: number | undefined,
): Promise<Result<number, PromotionError>> {
  if (champion === null) return nothingBefore(`${model} has had no champion`);
  if (wanted === undefined) return championBefore(store, model, champion.move);
  if (wanted === champion.move.to) {
    return err({ kind: 'already-champion', detail: `version ${wanted} already serves ${model}` });
  }
  const history = await loadHistory(store, model);
  if (!history.ok) return history;
  if (history.value.some((move) => move.to === wanted)) return ok(wanted);
  const detail = `version ${wanted} never served ${model}; use promote to make it champion for the first time`;
  return err({ kind: 'nothing-to-roll-back', detail });
}

/** The last move says it itself, unless it was a rollback: so a damaged history keeps nobody from the first one. */
async function championBefore(
  store: ObjectStore,
  model: string,
  { action, from, to }: Move,
): Promise<Result<number, PromotionError>> {
  if (action === 'promote') {
    return from === null ? nothingBefore(`${model} has had one champion only`) : ok(from);
  }
  const history = await loadHistory(store, model);
  if (!history.ok) return history;
  const before = wayBack(history.value).at(-2);
  return before === undefined ? nothingBefore(`version ${to} is the first champion of ${model}`) : ok(before);
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
async function loadWhole(
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

function moveFacts(manifest: Manifest, request: PromotionRequest) {
  return {
    to: manifest.version,
    at: request.at.toISOString(),
    by: request.by,
    reason: request.reason,
    verdict: manifest.verdict,
    run: request.run ?? null,
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
