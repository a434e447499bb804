import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../shared/random.ts';
import { drawPicture } from '../../../trainer/augment/picture-draw.ts';
import { ANYTHING, AS_IT_IS, NOTHING } from './pictures.ts';

const size = fc.record({ height: fc.integer({ min: 1, max: 300 }), width: fc.integer({ min: 1, max: 300 }) });
const seed = fc.integer({ min: 0, max: 0xffff_ffff });

describe('what is done to a picture', () => {
  test('is the same for the same seed, and another for another', () => {
    const draw = (seed: number) => drawPicture(ANYTHING, { height: 28, width: 28 }, createRandom(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(2)).not.toEqual(draw(1));
  });

  test('is nothing where every range is', () => {
    fc.assert(
      fc.property(size, seed, (size, seed) => {
        const { crop, noise, shift, ...rest } = drawPicture(NOTHING, size, createRandom(seed));
        expect([crop.share, noise.deviation, shift.down + 0, shift.right + 0]).toEqual([1, 0, 0, 0]);
        const { crop: _, noise: __, shift: ___, ...still } = AS_IT_IS;
        expect({
          ...rest,
          rotation: rest.rotation + 0,
          shear: rest.shear + 0,
          brightness: rest.brightness + 0,
        }).toEqual(still);
      }),
    );
  });

  test('stays within the ranges of the spec', () => {
    fc.assert(
      fc.property(size, seed, ({ height, width }, seed) => {
        const draw = drawPicture(ANYTHING, { height, width }, createRandom(seed));
        expect(Math.abs(draw.rotation)).toBeLessThanOrEqual(180);
        expect(draw.scale).toBeGreaterThanOrEqual(0.25);
        expect(draw.scale).toBeLessThanOrEqual(4);
        expect(Math.max(Math.abs(draw.shift.down), Math.abs(draw.shift.right))).toBeLessThanOrEqual(0.5);
        expect(Math.abs(draw.shear)).toBeLessThanOrEqual(40);
        expect(draw.crop.share).toBeGreaterThanOrEqual(0.3);
        expect(draw.crop.share).toBeLessThanOrEqual(1);
        expect(Math.abs(draw.brightness)).toBeLessThanOrEqual(0.5);
        expect(Math.abs(draw.contrast - 1)).toBeLessThanOrEqual(0.9);
        expect(draw.noise.deviation).toBeLessThanOrEqual(0.3);
        if (draw.cutout === null) return;
        const { top, left, bottom, right } = draw.cutout;
        expect(top >= 0 && left >= 0 && top < bottom && left < right).toBe(true);
        expect(bottom <= height && right <= width).toBe(true);
        expect(bottom - top).toBeLessThanOrEqual(Math.round(0.6 * height));
        expect(right - left).toBeLessThanOrEqual(Math.round(0.6 * width));
      }),
    );
  });

  test('reaches both ends of a range, and its middle is the middle', () => {
    const random = createRandom(4);
    const rotations = Array.from(
      { length: 4_000 },
      () => drawPicture({ ...NOTHING, rotation: 20 }, { height: 9, width: 9 }, random).rotation,
    );
    expect(Math.min(...rotations)).toBeLessThan(-19.5);
    expect(Math.max(...rotations)).toBeGreaterThan(19.5);
    expect(Math.abs(rotations.reduce((sum, angle) => sum + angle, 0) / rotations.length)).toBeLessThan(0.8);
  });

  test('flips as often as the spec says', () => {
    const random = createRandom(4);
    const ranges = { ...NOTHING, horizontalFlip: 0.25, verticalFlip: 1 };
    const flips = Array.from(
      { length: 4_000 },
      () => drawPicture(ranges, { height: 9, width: 9 }, random).flip,
    );
    expect(Math.abs(flips.filter(({ horizontal }) => horizontal).length / 4_000 - 0.25)).toBeLessThan(0.03);
    expect(flips.every(({ vertical }) => vertical)).toBe(true);
  });

  test('changes in nothing but one parameter when only its range changes', () => {
    const draw = (rotation: number) =>
      drawPicture({ ...ANYTHING, rotation }, { height: 28, width: 28 }, createRandom(8));
    const [{ rotation: _, ...wide }, { rotation: __, ...narrow }] = [draw(90), draw(5)];
    expect(narrow).toEqual(wide);
    expect(draw(90).rotation).toBeCloseTo(18 * draw(5).rotation, 6);
  });

  test('blots out the whole rectangle unless it reaches over the edge', () => {
    const random = createRandom(2);
    const areas = Array.from({ length: 2_000 }, () => {
      const cutout = drawPicture({ ...NOTHING, cutout: 0.5 }, { height: 20, width: 10 }, random).cutout;
      return cutout === null ? 0 : (cutout.bottom - cutout.top) * (cutout.right - cutout.left);
    });
    expect(Math.max(...areas)).toBe(10 * 5);
    expect(Math.min(...areas)).toBeGreaterThan(0);
    expect(areas.some((area) => area < 50)).toBe(true);
  });
});
