/**
 * How large a pack is. It decides which examples meet in a batch, so it is a part of what makes a version's bits: never
 * a host's to choose.
 */

/**
 * Numbers that a pack's features have, at most: 8 MB. Of the 128 MB of a Worker a head 1280-1024-10 in training takes
 * 26 MB, its state before the epoch 16, the best weights 5, its state on the way to a checkpoint 16; a training pack
 * and a validation pack are held beside them, and while a pack is built, what it is built from.
 */
export const PACK_NUMBERS = 2_000_000;
