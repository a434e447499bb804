/**
 * Promotion by a machine: a run promotes once, nothing that was taken back, and nothing while a person's rollback has
 * paused promotion. A person may promote all of these (promotion.ts).
 */
import { err, ok, type Result } from '../../result.ts';
import { type AliasError, loadHistory, type Move, type Pause } from './alias.ts';
import type { Manifest } from '../versions/manifest.ts';
import { promote, type PromotionError, type PromotionRequest } from './promotion.ts';
import type { ObjectStore } from '../store/store.ts';
import { describeOrigin, findRepeated, takenBack } from './taken-back.ts';

export type RunPromotion = Omit<PromotionRequest, 'force'> & {
  readonly run: string;
  /**
   * The candidate was shown better than the champion on what came in after it was made: that ends a pause which a
   * person begun with `until: better`, and no other.
   */
  readonly wonForward?: boolean;
};

/**
 * Promotes for a run, unless a person's decision stands against it. Repeating it is no error: the move that the run
 * made is returned, also when a person undid it since.
 */
export async function promoteByRun(
  store: ObjectStore,
  model: string,
  version: number,
  { run, wonForward = false, ...request }: RunPromotion,
): Promise<Result<Move, PromotionError>> {
  const history = await loadHistory(store, model);
  if (!history.ok) return history;
  const made = history.value.find((move) => move.run === run);
  if (made !== undefined) return ok(made);
  return promote(store, model, version, request, {
    run,
    check: (manifest, pause) => checkRun(store, manifest, pause, wonForward),
  });
}

/** The pause that stands after the promotion, or what stands against it. */
async function checkRun(
  store: ObjectStore,
  manifest: Manifest,
  pause: Pause | undefined,
  wonForward: boolean,
): Promise<Result<Pause | undefined, PromotionError>> {
  const { model } = manifest;
  const repeated = await describeRepeated(store, manifest);
  if (!repeated.ok) return repeated;
  if (repeated.value !== null) return err({ kind: 'taken-back', detail: repeated.value });
  if (pause === undefined || (pause.until === 'better' && wonForward)) return ok(undefined);
  return err({ kind: 'promotion-paused', detail: describePause(model, pause) });
}

/** Which version that was taken back this one repeats, in one sentence; null when it repeats none. */
export async function describeRepeated(
  store: ObjectStore,
  manifest: Manifest,
): Promise<Result<string | null, AliasError>> {
  const { model, version } = manifest;
  const history = await loadHistory(store, model);
  if (!history.ok) return history;
  const back = await takenBack(store, model, history.value);
  const repeated = findRepeated(back, version, describeOrigin(manifest));
  if (repeated === null) return ok(null);
  const { taken, how } = repeated;
  const what = how === 'is' ? '' : ` ${how} version ${taken.version}, which`;
  return ok(
    `version ${version}${what} was taken back at ${taken.at} by ${taken.by} (${taken.reason}); a person may promote it`,
  );
}

/** One sentence: since when, by whom and why, and what ends it. */
export function describePause(model: string, { at, by, reason, until }: Pause): string {
  const or = until === 'better' ? ', or a candidate that wins on what comes in after it was made' : '';
  return `promotion of ${model} is paused since ${by} rolled back at ${at} (${reason}); it goes on by holdfast resume-promotion ${model}${or}`;
}
