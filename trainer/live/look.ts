/**
 * A look at the champion: what its answers were worth since it was promoted, and whether the version before it would have
 * been better. Reads what came in since the last look's settled time, writes `live.json`, and says what is to be done; it
 * moves nothing itself (take-back.ts).
 */
import { rollbackPolicy } from '../../shared/continuity/policy/policy.ts';
import type { Manifest } from '../../shared/registry/versions/manifest.ts';
import { putJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { Live } from '../../shared/registry/live.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';
import type { LabelledExample } from '../pipeline/data/history/join.ts';
import { loadSplit } from '../pipeline/data/split.ts';
import { openAnswering } from '../referee/answering.ts';
import { type ReplayedLog, replayLog } from '../referee/replay-log.ts';
import { promiseOf } from './figures.ts';
import { type Facts, judgeChampion, type Reference } from './judge-champion.ts';
import { countLife } from './count-life.ts';
import { floorHour, HORIZON_MS, type LookHost, type OpenLook, openLook } from './open-look.ts';

/** Labels that are not settled at most: with more of them in a week, fewer days are waited for late ones. */
const MOST_OPEN = 20_000;

export interface Look {
  readonly live: Live;
  /** what the champion was judged by, for whoever acts on it */
  readonly open: OpenLook;
}

/** Null where there is no champion, nothing came in since the last look, or another look was quicker. @throws RunFailure for what can't be read */
export async function lookAtChampion(host: LookHost, model: string): Promise<Look | null> {
  const open = await openLook(host, model);
  if (open === null) return null;
  const lifeMs = Math.max(Date.parse(open.move.at), open.settledMs);
  const mine = open.examples.filter(({ at }) => at >= lifeMs);
  const reference = await findReference(host, open);
  const facts = await findFacts(host, open);
  const versions = await openAnswering(host, open.spec, [
    open.move.to,
    ...(reference.version === null ? [] : [reference.version]),
  ]);
  let replayed: ReplayedLog;
  try {
    const source = { ...host, spec: open.spec, log: open.log };
    replayed = await replayLog(source, versions, mine, open.spec.gate.slices.length > 0);
  } finally {
    versions.close();
  }
  const lost = versions.failures.get(open.move.to);
  const toMs = settleTo(open);
  const judged = await judgeChampion(host, open, {
    mine,
    replayed,
    lifeMs,
    toMs,
    facts,
    reference: lost === undefined ? reference : { version: null, why: lost },
  });
  const counted = countLife(open, { mine, replayed, toMs, promise: facts.promise, worth: judged.worth });
  const live: Live = {
    format: 'holdfast-live/1',
    model,
    lookedAt: new Date(open.nowMs).toISOString(),
    life: { sequence: open.move.sequence, version: open.move.to, since: open.move.at },
    ...counted,
    rollback: judged.rollback,
    settledTo: new Date(toMs).toISOString(),
    unreadable: replayed.unreadable,
    read: open.read,
  };
  const condition = open.before === null ? { absent: true as const } : { etag: open.before.etag };
  const written = await putJson(host.store, keys.live(model), live, condition);
  return written === null ? null : { live, open };
}

/** Up to when all is settled after this look: a week ago, or later where there are too many labels. */
function settleTo({ nowMs, settledMs, examples }: OpenLook): number {
  const crowded = examples.at(-MOST_OPEN)?.at ?? 0;
  return Math.max(settledMs, floorHour(nowMs - HORIZON_MS), floorHour(crowded));
}

/** The last champion that a machine may put back, and that is whole. */
async function findReference(host: LookHost, { spec, former }: OpenLook): Promise<Reference> {
  if (rollbackPolicy(spec.gate).policy === 'off')
    return { version: null, why: 'gate.rollback.policy is off' };
  let why = 'no earlier champion could be put back';
  for (const version of former) {
    const opened = await openAnswering(host, spec, [version]);
    opened.close();
    const failure = opened.failures.get(version);
    if (failure === undefined) return { version, why: null };
    why = `version ${version} can't be put back: ${failure}`;
  }
  return { version: null, why };
}

/** What the champion's gate knew: how right it was, and which classes are rare. */
async function findFacts({ store }: LookHost, { spec, move, examples }: OpenLook): Promise<Facts> {
  const manifest = await loadManifest(store, spec.name, move.to);
  const split = manifest.ok ? await findSplit(store, manifest.value) : null;
  const promise = manifest.ok ? promiseOf(manifest.value, spec.task) : null;
  const classes = spec.task === 'classification' ? spec.labels.length : 0;
  return { promise, split: split ?? guessSplit(classes, examples) };
}

async function findSplit(store: LookHost['store'], { model, run }: Manifest): Promise<Facts['split'] | null> {
  return loadSplit({ store, run: { model, id: run } }).catch(() => null);
}

/** Of a version that came trained: by the labels that came. */
function guessSplit(classes: number, examples: readonly LabelledExample[]): Facts['split'] {
  const heldOutByClass = Array.from({ length: classes }, () => 0);
  for (const { label } of examples) heldOutByClass[label] = (heldOutByClass[label] ?? 0) + 1;
  return { heldOutByClass, constant: heldOutByClass.indexOf(Math.max(...heldOutByClass)) };
}
