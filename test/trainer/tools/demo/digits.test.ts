import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../../shared/random.ts';
import { sha256Hex } from '../../../../shared/digest.ts';
import {
  DIGIT_LABELS,
  DIGIT_PIXELS,
  drawBatch,
  drawDigit,
  FIELD,
  OFFICE,
  type Style,
} from '../../../../trainer/tools/demo/digits.ts';

describe('drawDigit', () => {
  test('draws the same bytes from the same seed, on every engine', () => {
    const { images } = drawBatch(50, FIELD, createRandom(7));
    const bytes = new Uint8Array(images.flatMap((image) => [...image]));
    expect(sha256Hex(bytes)).toBe('879fe00981f8d6f8521f63a1852908ecfbfc8f476a8ef19a87af1650acd4e59c');
  });

  test('draws another picture from another seed', () => {
    const a = drawDigit(5, OFFICE, createRandom(1));
    expect(drawDigit(5, OFFICE, createRandom(2))).not.toEqual(a);
  });

  test('draws every digit inside the picture, with ink and with paper', () => {
    const random = createRandom(3);
    for (const style of [OFFICE, FIELD]) {
      for (const digit of DIGIT_LABELS.keys()) {
        const image = drawDigit(digit, style, random);
        const inked = image.filter((grey) => grey > 90).length;
        expect(image).toHaveLength(DIGIT_PIXELS);
        expect(inked).toBeGreaterThan(8);
        expect(inked).toBeLessThan(DIGIT_PIXELS / 2);
      }
    }
  });

  test('draws each digit nearer to its own mean picture than to the others, nine times of ten', () => {
    const random = createRandom(4);
    const means = DIGIT_LABELS.map((_, digit) => meanPicture(digit, 60));
    const { images, digits } = drawBatch(300, OFFICE, random);
    const right = images.filter((image, i) => nearestPicture(means, image) === digits[i]).length;
    expect(right / images.length).toBeGreaterThan(0.85);

    function meanPicture(digit: number, count: number): number[] {
      const drawn = Array.from({ length: count }, () => drawDigit(digit, OFFICE, random));
      return Array.from({ length: DIGIT_PIXELS }, (_, i) => average(drawn.map((image) => image[i] ?? 0)));
    }
  });

  test('refuses what is not a digit', () => {
    expect(() => drawDigit(10, OFFICE, createRandom(1))).toThrow('expected a digit from 0 to 9, got 10');
  });
});

describe('styles', () => {
  test('the field writes paler, thinner and more slanted than the office', () => {
    expect(brightness(FIELD)).toBeLessThan(brightness(OFFICE) * 0.7);
    expect(lean(FIELD)).toBeGreaterThan(lean(OFFICE) + 2);
  });

  function brightness(style: Style): number {
    return average(drawBatch(100, style, createRandom(5)).images.map((image) => average(image)));
  }

  /** How many pixels further right a one's top half lies than its lower half. */
  function lean(style: Style): number {
    const random = createRandom(6);
    const ones = Array.from({ length: 60 }, () => drawDigit(1, { ...style, noise: 0 }, random));
    return average(ones.map((one) => centre(one.subarray(0, 14 * 28)) - centre(one.subarray(14 * 28))));
  }

  function centre(half: Uint8Array): number {
    const ink = half.reduce((sum, grey) => sum + grey, 0);
    return half.reduce((sum, grey, i) => sum + grey * (i % 28), 0) / ink;
  }
});

describe('drawBatch', () => {
  test('draws every digit equally often, in mixed order', () => {
    const { digits } = drawBatch(200, OFFICE, createRandom(8));
    for (const digit of DIGIT_LABELS.keys()) expect(digits.filter((d) => d === digit)).toHaveLength(20);
    expect(digits).not.toEqual([...digits].sort((a, b) => a - b));
  });
});

function nearestPicture(means: readonly (readonly number[])[], image: Uint8Array): number {
  const distances = means.map((mean) => mean.reduce((sum, m, i) => sum + (m - (image[i] ?? 0)) ** 2, 0));
  return distances.indexOf(Math.min(...distances));
}

function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum / values.length;
}
