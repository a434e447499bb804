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
  const hash = identity.startsWith(GROUP)
    ? hashOfGroup(salt, identity.slice(GROUP.length))
    : keyedHash(salt, `split:${identity}`);
  const view = new DataView(hash.buffer, hash.byteOffset);
  if (view.getUint32(0) / 2 ** 32 < fractions.holdout) return 'holdout';
  return view.getUint32(4) / 2 ** 32 < fractions.validation ? 'validation' : 'train';
}
