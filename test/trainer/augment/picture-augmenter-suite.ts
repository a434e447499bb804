/**
 * What augmenting pictures must give wherever it runs: the same bytes in Node and in workerd.
 */
import { expect, test } from 'vitest';
import { sha256Hex } from '../../../shared/digest.ts';
import { createRandom } from '../../../shared/random.ts';
import { createPictureAugmenter } from '../../../trainer/augment/picture-augmenter.ts';
import { drawPicture } from '../../../trainer/augment/picture-draw.ts';
import { drawShare } from '../../../trainer/augment/mixup.ts';
import { ANYTHING, noisePicture } from './pictures.ts';

/** Of pictures with everything done to them, what was drawn, and mixup's shares: on every machine, in every runtime. */
const DIGEST = 'd43b0e75eaa802999f3bb26fcc2dab8b9ad37e06f6f02f7c018c2aba8f75643f';

export function testPictureAugmenter(kernels: WebAssembly.Module): void {
  test('with everything done to it has the same bytes everywhere', () => {
    const seen: unknown[] = [];
    const random = createRandom(11);
    for (const channels of [1, 3] as const) {
      for (const fill of ['reflect', 17] as const) {
        const shape = { height: 31, width: 23, channels };
        const augmenter = createPictureAugmenter(kernels, shape, fill);
        for (let i = 0; i < 5; i++) {
          const draw = drawPicture(ANYTHING, shape, random);
          seen.push(draw, sha256Hex(augmenter.apply(noisePicture(shape, i), draw)), drawShare(0.3, random));
        }
        augmenter.release();
      }
    }
    expect(sha256Hex(JSON.stringify(seen))).toBe(DIGEST);
  });
}
