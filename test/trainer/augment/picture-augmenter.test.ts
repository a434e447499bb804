import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadKernelModule } from '../../../trainer/kernels/kernels-node.ts';
import type { PictureRanges } from '../../../shared/model/spec/augmentation.ts';
import { createRandom } from '../../../shared/random.ts';
import { createPictureAugmenter, type PictureShape } from '../../../trainer/augment/picture-augmenter.ts';
import { drawPicture, type PictureDraw } from '../../../trainer/augment/picture-draw.ts';
import { resampleNaively } from './naive-resample.ts';
import { AS_IT_IS, ANYTHING, NOTHING, noisePicture } from './pictures.ts';
import { testPictureAugmenter } from './picture-augmenter-suite.ts';

const kernels = await loadKernelModule();

function augment(
  pixels: ArrayLike<number>,
  shape: PictureShape,
  draw: Partial<PictureDraw>,
  fill: PictureRanges['fill'] = 'reflect',
): Uint8Array {
  const augmenter = createPictureAugmenter(kernels, shape, fill);
  const result = augmenter.apply(pixels, { ...AS_IT_IS, ...draw }).slice();
  augmenter.release();
  return result;
}

const anyShape = fc.record({
  height: fc.integer({ min: 1, max: 24 }),
  width: fc.integer({ min: 1, max: 24 }),
  channels: fc.constantFrom(1 as const, 3 as const),
});
const anySeed = fc.integer({ min: 0, max: 0xffff_ffff });
const anyFill = fc.oneof(fc.constant('reflect' as const), fc.integer({ min: 0, max: 255 }));

describe('a picture', () => {
  testPictureAugmenter(kernels);

  test('is as it was where no range allows a change', () => {
    fc.assert(
      fc.property(anyShape, anySeed, (shape, seed) => {
        const pixels = noisePicture(shape, seed);
        expect(augment(pixels, shape, drawPicture(NOTHING, shape, createRandom(seed)))).toEqual(pixels);
      }),
    );
  });

  test('flipped twice is as it was, and once has its rows and columns in the other order', () => {
    fc.assert(
      fc.property(anyShape, anySeed, fc.boolean(), fc.boolean(), (shape, seed, horizontal, vertical) => {
        const pixels = noisePicture(shape, seed);
        const flip = { flip: { horizontal, vertical } };
        const once = augment(pixels, shape, flip);
        const { height, width, channels } = shape;
        for (let i = 0; i < pixels.length; i++) {
          const [c, x] = [i % channels, Math.floor(i / channels) % width];
          const y = Math.floor(i / channels / width);
          const from = (vertical ? height - 1 - y : y) * width + (horizontal ? width - 1 - x : x);
          expect(once[i]).toBe(pixels[from * channels + c]);
        }
        expect(augment(once, shape, flip)).toEqual(pixels);
      }),
      { numRuns: 50 },
    );
  });

  test('turned by four quarters is as it was, and a quarter is counter-clockwise', () => {
    const shape = { height: 5, width: 5, channels: 3 } as const;
    const pixels = noisePicture(shape, 1);
    const quarter = augment(pixels, shape, { rotation: 90 });
    // What was at the right of the first row is now at the left of it.
    expect([...quarter.subarray(0, 3)]).toEqual([...pixels.subarray(12, 15)]);
    let turned = pixels;
    for (let i = 0; i < 4; i++) turned = augment(turned, shape, { rotation: 90 });
    expect(turned).toEqual(pixels);
  });

  test('goes where the oracle takes it, within a level', () => {
    fc.assert(
      fc.property(anyShape, anySeed, anyFill, (shape, seed, fill) => {
        const {
          brightness: _,
          contrast: __,
          noise: ___,
          cutout: ____,
          ...geometry
        } = drawPicture(ANYTHING, shape, createRandom(seed));
        const pixels = noisePicture(shape, seed);
        const draw = { ...AS_IT_IS, ...geometry };
        const expected = resampleNaively(pixels, shape, fill, draw);
        const got = augment(pixels, shape, draw, fill);
        // Weights have 11 bits each: a quarter of a level at most, and the rounding.
        for (const [i, value] of expected.entries())
          expect(Math.abs((got[i] ?? 0) - value)).toBeLessThan(0.8);
      }),
      { numRuns: 300 },
    );
  });

  test('of real size goes where the oracle takes it, within a level', () => {
    const shape = { height: 224, width: 224, channels: 3 } as const;
    const pixels = noisePicture(shape, 3);
    const draw = { ...AS_IT_IS, rotation: 12.5, scale: 0.7, shear: -9, shift: { down: 0.11, right: -0.2 } };
    const expected = resampleNaively(pixels, shape, 'reflect', draw);
    const worst = augment(pixels, shape, draw).reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? 0))),
      0,
    );
    expect(worst).toBeLessThan(0.8);
  });

  test('gets as much brighter as drawn, and more contrast leaves its mean', () => {
    const shape = { height: 20, width: 20, channels: 3 } as const;
    const pixels = noisePicture(shape, 4, 100, 150);
    const mean = (values: Uint8Array): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const brightness of [-0.2, 0.1, 0.3]) {
      const changed = mean(augment(pixels, shape, { brightness })) - mean(pixels);
      expect(Math.abs(changed - 255 * brightness)).toBeLessThan(0.51);
    }
    for (const contrast of [0.5, 1.8]) {
      const changed = augment(pixels, shape, { contrast });
      expect(Math.abs(mean(changed) - mean(pixels))).toBeLessThan(0.3);
      const spread = Math.max(...changed) - Math.min(...changed);
      expect(spread).toBeGreaterThan(contrast * 50 - 2);
      expect(spread).toBeLessThan(contrast * 50 + 2);
    }
  });

  test('gets noise of the deviation that was drawn, about its own values', () => {
    const shape = { height: 64, width: 64, channels: 1 } as const;
    const grey = new Uint8Array(64 * 64).fill(128);
    const noisy = augment(grey, shape, { noise: { deviation: 0.05, seed: 7 } });
    const mean = noisy.reduce((sum, value) => sum + value, 0) / noisy.length;
    const variance = noisy.reduce((sum, value) => sum + (value - mean) ** 2, 0) / noisy.length;
    expect(Math.abs(mean - 128)).toBeLessThan(1);
    expect(Math.sqrt(variance)).toBeGreaterThan(0.05 * 255 * 0.95);
    expect(Math.sqrt(variance)).toBeLessThan(0.05 * 255 * 1.05);
    expect(augment(grey, shape, { noise: { deviation: 0.05, seed: 8 } })).not.toEqual(noisy);
  });

  test('stays between 0 and 255 instead of wrapping around', () => {
    const shape = { height: 8, width: 8, channels: 1 } as const;
    const noise = { deviation: 1, seed: 3 };
    expect(Math.min(...augment(new Uint8Array(64).fill(250), shape, { brightness: 0.5 }))).toBe(255);
    expect(Math.max(...augment(new Uint8Array(64).fill(5), shape, { brightness: -0.5 }))).toBe(0);
    const changed = augment(new Uint8Array(64).fill(255), shape, { noise });
    // Half of the draws would take it above: those stay at the top.
    expect(changed.filter((value) => value === 255).length).toBeGreaterThan(16);
  });

  test('is blotted out in the rectangle that was drawn, and nowhere else', () => {
    const shape = { height: 10, width: 12, channels: 3 } as const;
    const pixels = noisePicture(shape, 5, 1, 255);
    const cutout = { top: 2, left: 3, bottom: 6, right: 12 };
    const changed = augment(pixels, shape, { cutout }, 0);
    expect(changed.filter((value) => value === 0)).toHaveLength(4 * 9 * 3);
    for (const [i, value] of changed.entries()) {
      const [x, y] = [Math.floor(i / 3) % 12, Math.floor(i / 36)];
      expect(value).toBe(y >= 2 && y < 6 && x >= 3 ? 0 : pixels[i]);
    }
    const mean = Math.round(pixels.reduce((sum, value) => sum + value, 0) / pixels.length);
    expect(augment(pixels, shape, { cutout })[(2 * 12 + 3) * 3]).toBe(mean);
  });

  test('whose pixels are fractions is rounded first', () => {
    const shape = { height: 1, width: 3, channels: 1 } as const;
    expect([...augment([0.4, 0.6, 254.5], shape, {})]).toEqual([0, 1, 255]);
  });
});
