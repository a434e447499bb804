/**
 * Who stands beside the champion: the last few candidates that nobody refused, and champions of former times, which is
 * what recurring drift needs. And whose nights count for tonight's recipe.
 */
import { sha256Hex } from '../../shared/digest.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import { loadHistory } from '../../shared/registry/champion/alias.ts';
import { listVersionNumbers } from '../../shared/registry/versions/find-version.ts';
import { loadJson } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import type { Manifest } from '../../shared/registry/versions/manifest.ts';
import { loadLedgerBefore } from './ledger-file.ts';
import { describeOrigin, findRepeated, takenBack } from '../../shared/registry/champion/taken-back.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';
import type { RunData, RunFiles } from '../run/context.ts';
import { type Provenance, provenanceSchema } from '../pipeline/fine-tune/provenance.ts';
import { findRefereeRecord, type RefereeRecord } from './record.ts';
import { loadSnapshot } from '../pipeline/data/snapshot-file.ts';

/**
 * Candidates of the last runs: what older ones knew, newer ones know as well. Beside them stays the one that had come
 * furthest when the referee looked last, or where few labels come nobody would ever stay long enough to be judged; and
 * of older former champions likewise the one that was furthest ahead of who serves.
 */
const MOST_CHALLENGERS = 2;
const MOST_FORMER = 3;
/** Candidates whose first night is counted anew in every run, as labels come late. */
const MOST_NIGHTS = 8;

export interface Contender {
  readonly version: number;
  readonly kind: 'challenger' | 'former champion';
  readonly manifest: Manifest;
  /** when the newest example that it was trained on was seen, milliseconds, exclusive; 0 for one that came trained */
  readonly learnedToMs: number;
}

/** A candidate of tonight's recipe, the version it would have replaced, and the time that was its first night. */
export interface CandidateNight {
  readonly version: number;
  readonly rival: number;
  /** inclusive, and exclusive */
  readonly fromMs: number;
  readonly toMs: number;
}

/** What makes versions of one recipe: how they are trained, and what is trained. Not the seed, which is the draw. */
export function recipeOf({ training, head, base, network }: Spec): string {
  const { seed: _, ...recipe } = training;
  return sha256Hex(JSON.stringify({ training: recipe, head, base, network: network ?? null })).slice(0, 32);
}

/** What the referee saw in the run before this one; null where that had none. */
export async function findLastRecord({
  store,
  run,
}: Pick<RunFiles, 'store' | 'run'>): Promise<RefereeRecord | null> {
  const before = await loadLedgerBefore(store, run.model, run.id);
  if (!before.ok || before.value === null) return null;
  return findRefereeRecord({ store, run: { model: run.model, id: before.value.run } });
}

/**
 * Of each kind the one that had gathered most of what decides, when the last run looked: a challenger that would else
 * never stay long enough, and the former champion that small losses of many successors would be seen against.
 */
async function findLeaders({ store, run }: Pick<RunFiles, 'store' | 'run'>): Promise<Set<number>> {
  const last = await findLastRecord({ store, run });
  const standing = (last?.contenders ?? []).filter(
    ({ judgement }) => judgement !== null && judgement.finding !== 'worse',
  );
  const leaderOf = (wanted: Contender['kind']): number[] =>
    standing
      .filter(
        ({ kind, judgement }) =>
          kind === wanted && (wanted === 'challenger' || (judgement?.progress ?? 0) > 0),
      )
      .sort((a, b) => (b.judgement?.progress ?? 0) - (a.judgement?.progress ?? 0) || b.version - a.version)
      .slice(0, 1)
      .map(({ version }) => version);
  return new Set([...leaderOf('challenger'), ...leaderOf('former champion')]);
}

/**
 * Newest first. Versions of other labels, and those that can't be read, stand beside nobody; nor do those that a person
 * took back, under whatever number: no run may promote them.
 */
export async function findContenders(ctx: RunData, champion: number): Promise<Contender[]> {
  const { store, run } = ctx;
  const history = await loadHistory(store, run.model);
  const moves = history.ok ? history.value.filter(({ run: by }) => by !== run.id) : [];
  const served = new Set(moves.map(({ to }) => to));
  const numbers = (await listVersionNumbers(store, run.model)).toReversed();
  const leaders = await findLeaders(ctx);
  const back = await takenBack(store, run.model, moves);
  const contenders: Contender[] = [];
  const isWanted = (kind: Contender['kind'], most: number): boolean =>
    contenders.filter((each) => each.kind === kind).length < most;
  for (const version of numbers) {
    const kind = served.has(version) ? 'former champion' : 'challenger';
    const most = kind === 'challenger' ? MOST_CHALLENGERS : MOST_FORMER;
    if (version === champion || (!leaders.has(version) && !isWanted(kind, most))) continue;
    const manifest = await loadManifest(store, run.model, version);
    if (!manifest.ok || !mayStand(ctx, manifest.value, kind)) continue;
    if (findRepeated(back, version, describeOrigin(manifest.value)) !== null) continue;
    contenders.push({
      version,
      kind,
      manifest: manifest.value,
      learnedToMs: await learnedTo(ctx, manifest.value),
    });
    const leadersStand = [...leaders].every((leader) => leader >= version);
    if (
      leadersStand &&
      !isWanted('challenger', MOST_CHALLENGERS) &&
      !isWanted('former champion', MOST_FORMER)
    )
      break;
  }
  return contenders;
}

function mayStand({ run, spec }: RunData, manifest: Manifest, kind: Contender['kind']): boolean {
  const { labels, run: maker, verdict, snapshot } = manifest;
  const sameLabels = spec.task === 'regression' || JSON.stringify(labels) === JSON.stringify(spec.labels);
  if (!sameLabels || maker === run.id) return false;
  return kind === 'former champion' || (verdict !== 'reject' && snapshot !== null);
}

/** When the newest example that a version was trained on was seen, exclusive; 0 for one that came trained. */
export async function learnedTo({ store, run }: RunFiles, { snapshot }: Manifest): Promise<number> {
  if (snapshot === null) return 0;
  const loaded = await loadSnapshot(store, run.model, snapshot).catch(() => null);
  return loaded?.windows.at(-1)?.toMs ?? 0;
}

/** The last candidates of a recipe before this run, in order of time, each until the next one was trained. */
export async function findNights(ctx: RunFiles, recipe: string): Promise<CandidateNight[]> {
  const { store, run } = ctx;
  const numbers = (await listVersionNumbers(store, run.model)).toReversed();
  const nights: CandidateNight[] = [];
  let toMs = Number.POSITIVE_INFINITY;
  for (const version of numbers) {
    const manifest = await loadManifest(store, run.model, version);
    if (!manifest.ok || manifest.value.run === run.id || manifest.value.snapshot === null) continue;
    const fromMs = await learnedTo(ctx, manifest.value);
    const provenance = await loadProvenance(ctx, version);
    if (provenance === null) continue;
    if (provenance.champion !== null && recipeOf(provenance.spec) === recipe && fromMs < toMs) {
      nights.unshift({ version, rival: provenance.champion.version, fromMs, toMs });
    }
    toMs = Math.min(toMs, fromMs);
    if (nights.length === MOST_NIGHTS) break;
  }
  return nights;
}

/** Null for a version that came trained, and where it can't be read. */
export async function loadProvenance(
  { store, run }: Pick<RunFiles, 'store'> & { readonly run: Pick<RunFiles['run'], 'model'> },
  version: number,
): Promise<Provenance | null> {
  const read = await loadJson(store, keys.provenance(run.model, version), provenanceSchema);
  return read.ok ? read.value.value : null;
}
