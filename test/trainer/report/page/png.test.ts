import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePicture } from '../../../../trainer/data-import/readers/picture.ts';
import { encodePng } from '../../../../trainer/report/page/png.ts';

describe('a PNG file', () => {
  test.each([1, 3] as const)('of %i channels gives a decoder every pixel back', async (channels) => {
    const size = fc.integer({ min: 1, max: 20 });
    const picture = fc
      .tuple(size, size)
      .chain(([height, width]) =>
        fc
          .uint8Array({ minLength: height * width * channels, maxLength: height * width * channels })
          .map((pixels) => ({ height, width, channels, pixels })),
      );
    await fc.assert(
      fc.asyncProperty(picture, async (drawn) => {
        const decoded = await decodePicture(await encodePng(drawn), drawn);
        expect(decoded).toEqual({ ok: true, value: Float32Array.from(drawn.pixels) });
      }),
      { numRuns: 40 },
    );
  });
});
