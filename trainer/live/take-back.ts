/**
 * What a look comes to: the champion goes back, or somebody is told. Every step may be repeated: a crash in between is
 * made good by the next look.
 */
import { formatCount, formatPoints } from '../../shared/continuity/findings/format.ts';
import { loseTrust, trustIn, withTrust } from '../../shared/continuity/referee/ledger.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import type { Move } from '../../shared/registry/champion/alias.ts';
import type { Live } from '../../shared/registry/live.ts';
import { keepNotice } from '../../shared/registry/notices.ts';
import { rollback } from '../../shared/registry/champion/promotion.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { wordingOf } from '../referee/answer-utility.ts';
import { loadProvenance, recipeOf } from '../referee/contenders.ts';
import { appendLedger, loadLedger } from '../referee/ledger-file.ts';
import { RunFailure } from '../run-failure.ts';
import type { Look } from './look.ts';

export interface Outcome {
  /** the move that took the champion back; null where nothing was moved */
  readonly move: Move | null;
  /** the move after which a run is to be started, once: this one, or one that a crash has cost its run */
  readonly runAfter: Move | null;
  /** one sentence for a person and the log */
  readonly summary: string;
}

/** Somebody moved meanwhile: their decision stands. */
const OTHERS_DECISION: ReadonlySet<string> = new Set(['lost-race', 'already-champion', 'taken-back']);

/** Moves the champion back where that is shown, believed and wanted; tells of what is shown and not done. */
export async function actOnLook(store: ObjectStore, { live, open }: Look, now: Date): Promise<Outcome> {
  const { rollback: found } = live;
  const missed = open.same === null && open.move.automatic === true ? open.move : null;
  if (!found.shown) return { move: null, runAfter: missed, summary: describeLook(live) };
  if (found.held !== null) return advise(store, live, 'held', describeHeld(live, open.spec));
  const reason = describeReason(live, open.spec);
  if (found.policy !== 'on')
    return advise(store, live, 'tell', `${reason}; holdfast rollback ${live.model} takes it back`);
  const moved = await rollback(store, live.model, {
    to: found.best ?? live.life.version,
    by: 'the referee',
    reason,
    at: now,
    automatic: true,
    expectedChampion: live.life.version,
  });
  if (!moved.ok) {
    if (OTHERS_DECISION.has(moved.error.kind))
      return { move: null, runAfter: null, summary: moved.error.detail };
    throw new RunFailure(`version ${live.life.version} was not taken back: ${moved.error.detail}`);
  }
  await loseTrustIn(store, live, moved.value);
  return {
    move: moved.value,
    runAfter: moved.value,
    summary: `version ${live.life.version} was taken back: ${reason}`,
  };
}

/** A recipe whose version was taken back has to earn its trust anew; and what was decided about last no longer is. */
async function loseTrustIn(store: ObjectStore, { model, life }: Live, { sequence, at }: Move): Promise<void> {
  const newest = await loadLedger(store, model);
  if (!newest.ok || newest.value === null) return;
  const provenance = await loadProvenance({ store, run: { model } }, life.version);
  const recipe = provenance === null ? null : recipeOf(provenance.spec);
  const change = { run: newest.value.run, event: `taken back ${sequence}`, at: new Date(at) };
  await appendLedger(store, model, change, (state) => ({
    ...(recipe === null
      ? state
      : withTrust(state, recipe, loseTrust(trustIn(state, recipe), life.version + 1))),
    subject: null,
  }));
}

/** One notice a champion and cause, however often somebody looks. */
async function advise(
  store: ObjectStore,
  live: Live,
  cause: 'held' | 'tell',
  text: string,
): Promise<Outcome> {
  const { model, life } = live;
  await keepNotice(store, {
    format: 'holdfast-notice/1',
    id: `${model}-rollback-advised-${life.sequence}-${cause}`,
    model,
    kind: 'rollback-advised',
    // The key has the time in it: that of the move, so that a second look finds the first one's.
    at: life.since,
    text: `${model}: ${text}`,
    version: life.version,
    run: null,
  });
  return { move: null, runAfter: null, summary: text };
}

function describeHeld(live: Live, spec: Spec): string {
  return `${describeReason(live, spec)}; nothing is taken back, as ${live.rollback.held ?? 'it is not believed'}`;
}

/** `of 812 labels since 2026-…, 61 were right only by version 3 and 12 only by version 4 (6.0 points better)`. */
export function describeReason({ life, rollback: found }: Live, spec: Pick<Spec, 'task' | 'gate'>): string {
  const { since, reference, best } = found;
  if (since === null || reference === null) return `version ${life.version} is shown to be worse`;
  const [gains, losses] = [formatCount(since.gains), formatCount(since.losses)];
  const counts =
    wordingOf(spec) === 'right'
      ? `${gains} were right only by version ${reference} and ${losses} only by version ${life.version}`
      : `${gains} were answered better by version ${reference} and ${losses} by version ${life.version}`;
  const other = best === null || best === reference ? '' : `; version ${best} is the best on them`;
  return `of ${formatCount(since.n)} labels since ${since.from}, ${counts} (${formatPoints(since.mean)} points better)${other}`;
}

function describeLook({ life, rollback: found, figures }: Live): string {
  const n = figures.life?.n ?? 0;
  const beside =
    found.reference === null
      ? (found.why ?? 'nobody stands beside it')
      : `not shown worse than version ${found.reference} (${(100 * found.progress).toFixed(0)} % of what decides)`;
  return `version ${life.version}: ${formatCount(n)} labels, ${beside}`;
}
