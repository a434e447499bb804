/**
 * What rollbacks took back, and when another version is the same thing: the same number, the same weights, or trained
 * from the same head on the same snapshot.
 */
import { sha256Hex } from '../../digest.ts';
import type { Move, Origin } from './alias.ts';
import type { Manifest } from '../versions/manifest.ts';
import type { ObjectStore } from '../store/store.ts';
import { loadManifest } from '../versions/versions.ts';

/** A version that was taken back, and by which move. */
export interface TakenBack extends Pick<Move, 'at' | 'by' | 'reason'> {
  readonly version: number;
  /** null where neither the history nor a manifest says it any more: then the number alone is known */
  readonly origin: Origin | null;
}

/** What a manifest says of where its version comes from. */
export function describeOrigin({ files, base, constants, snapshot, parent }: Manifest): Origin {
  const serves = [files['edge.json'].sha256, files['edge.bin'].sha256, base, constants];
  return { weights: sha256Hex(JSON.stringify(serves)), snapshot, parent };
}

/** Where a version comes from: as a move recorded it, or else as its manifest says; null where that is unreadable. */
export async function originOf(
  store: ObjectStore,
  model: string,
  version: number,
  moves: readonly Move[],
): Promise<Origin | null> {
  const recorded = moves.findLast(({ to, origin }) => to === version && origin !== undefined)?.origin;
  if (recorded !== undefined) return recorded;
  const manifest = await loadManifest(store, model, version);
  return manifest.ok ? describeOrigin(manifest.value) : null;
}

/**
 * By number, what was taken back and did not serve again since, under its own number or with its weights under another:
 * whoever promotes it knows what happened.
 *
 * @param moves  oldest first
 */
export async function takenBack(
  store: ObjectStore,
  model: string,
  moves: readonly Move[],
): Promise<ReadonlyMap<number, TakenBack>> {
  const back = new Map<number, TakenBack>();
  for (const { action, from, to, at, by, reason, origin } of moves) {
    for (const [version, taken] of back) {
      if (version === to || sameWeights(taken.origin, origin ?? null)) back.delete(version);
    }
    if (action !== 'rollback' || from === null) continue;
    back.set(from, { version: from, at, by, reason, origin: await originOf(store, model, from, moves) });
  }
  return back;
}

/** Whether a version is one of those, or has the weights of one. */
export function isBarred(
  back: ReadonlyMap<number, TakenBack>,
  version: number,
  origin: Origin | null,
): boolean {
  return back.has(version) || [...back.values()].some((taken) => sameWeights(taken.origin, origin));
}

/** The one among them that a version is or repeats, and in what; null when there is none. */
export function findRepeated(
  back: ReadonlyMap<number, TakenBack>,
  version: number,
  origin: Origin,
): { readonly taken: TakenBack; readonly how: string } | null {
  const own = back.get(version);
  if (own !== undefined) return { taken: own, how: 'is' };
  for (const taken of back.values()) {
    if (sameWeights(taken.origin, origin)) return { taken, how: 'has the weights of' };
    if (sameTraining(taken.origin, origin)) return { taken, how: 'comes from the snapshot and parent of' };
  }
  return null;
}

function sameWeights(a: Origin | null, b: Origin | null): boolean {
  return a !== null && b !== null && a.weights === b.weights;
}

/** Versions that came trained have no snapshot in common. */
function sameTraining(a: Origin | null, b: Origin): boolean {
  return a !== null && a.snapshot !== null && a.snapshot === b.snapshot && a.parent === b.parent;
}
