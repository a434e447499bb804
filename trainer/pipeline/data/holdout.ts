/**
 * Which side of the split an example is on. Decided by a keyed hash of its content (or of its group), so it is
 * permanent: no version is ever trained on an example, or on a duplicate of one, that another was judged on.
 */
import { keyedHash } from '../../../shared/digest.ts';
import { hashOfGroup } from '../../../shared/events/group.ts';

export type Side = 'holdout' | 'validation' | 'train';

export interface SplitFractions {
  /** of all examples */
  readonly holdout: number;
  /** of the examples that are not held out */
  readonly validation: number;
}

const GROUP = 'group:';

/**
 * @param salt      the model's, in hexadecimal: without it nobody can aim an example at a side
 * @param identity  `input:` and the input's digest, or `group:` and the group as it is stored
 */
export function assignSide(salt: string, identity: string, fractions: SplitFractions): Side {
  return sideOf(...hashIdentity(salt, identity), fractions);
}

/** The two 32-bit words that decide. @param identity  as above */
export function hashIdentity(salt: string, identity: string): readonly [holdout: number, validation: number] {
  const hash = identity.startsWith(GROUP)
    ? hashOfGroup(salt, identity.slice(GROUP.length))
    : keyedHash(salt, `split:${identity}`);
  const view = new DataView(hash.buffer, hash.byteOffset);
  return [view.getUint32(0), view.getUint32(4)];
}

/** The side that the two words give. */
export function sideOf(holdout: number, validation: number, fractions: SplitFractions): Side {
  if (holdout / 2 ** 32 < fractions.holdout) return 'holdout';
  return validation / 2 ** 32 < fractions.validation ? 'validation' : 'train';
}
