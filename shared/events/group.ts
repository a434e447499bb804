/**
 * Groups as they are stored: a keyed hash of what the client calls them, so that no name of a user or device lies in the
 * bucket. Its first bytes are what decides the group's side of the split, so a group keeps the side that it had when
 * groups were stored as they came.
 */
import { hexOf, keyedHash } from '../digest.ts';

const HIDDEN = /^group-[0-9a-f]{64}$/;

/** @param salt  the model's, in hexadecimal */
export function hideGroup(salt: string, group: string): string {
  return `group-${hexOf(keyedHash(salt, group, 'split:group:'))}`;
}

/** A stored group, hidden: older events have it as it came. */
export function hiddenGroup(salt: string, stored: string): string {
  return HIDDEN.test(stored) ? stored : hideGroup(salt, stored);
}

/** The hash that decides about a side, 32 bytes. @param group  as it is stored, hidden or as it came */
export function hashOfGroup(salt: string, group: string): Uint8Array {
  const hex = hiddenGroup(salt, group).slice(-64);
  return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
