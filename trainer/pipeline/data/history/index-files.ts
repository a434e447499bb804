/**
 * The files of an index of the history. All but one are named by what is in them, under the generation and the step
 * that wrote them: `<generation>/<sequence>-<sha256>`. None is ever overwritten, and the one that moves names them all.
 */
import { hashLarge, hexOf } from '../../../../shared/digest.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';

/** Where an index lies: that of a model, or one that a single run makes for itself. */
export interface IndexPlace {
  readonly store: ObjectStore;
  /** ends in `/` */
  readonly prefix: string;
}

/** A part of an index is missing, altered, or contradicts the events that it was made from: it is made anew. */
export class IndexDamage extends Error {
  override readonly name = 'IndexDamage';
}

/** Writes a file; again without change. @returns its name */
export async function saveFile(place: IndexPlace, folder: string, bytes: Uint8Array): Promise<string> {
  const name = `${folder}-${hexOf(await hashLarge(bytes))}`;
  await place.store.put(place.prefix + name, bytes, { absent: true });
  return name;
}

/** @throws IndexDamage where it is missing, or is not what was written */
export async function loadFile({ store, prefix }: IndexPlace, name: string): Promise<Uint8Array> {
  const object = await store.get(prefix + name);
  if (object === null) throw new IndexDamage(`${prefix}${name} is not there`);
  if (hexOf(await hashLarge(object.bytes)) !== name.slice(-64))
    throw new IndexDamage(`${prefix}${name} was truncated or altered`);
  return object.bytes;
}
