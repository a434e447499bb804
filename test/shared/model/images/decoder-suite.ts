/**
 * What the decoder owes, wherever it runs: Node and workerd pass the same tests against the same bytes.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createImageDecoder,
  KEPT_DECODER_BYTES,
  MAX_DECODER_BYTES,
} from '../../../../shared/model/images/decoder.ts';
import { IMAGE_CASES, IMAGE_FILES, imageFile, REFUSED_FILES } from '../../../support/images.ts';

const RGB = { height: 8, width: 12, channels: 3 } as const;
/** Far more than any of the small files takes. */
const HANGS_AFTER_MS = 5_000;

export function testDecoder(module: WebAssembly.Module, runs: number): void {
  const decoder = createImageDecoder(module);

  describe('the pixels of an image are those of Pillow, byte for byte', () => {
    it.each([...IMAGE_FILES.keys()])('%s, in every size, colour and way of resizing', (file) => {
      const cases = IMAGE_CASES.filter((known) => known.file === file);
      expect(cases.length).toBeGreaterThanOrEqual(6);
      for (const { expected, ...target } of cases) {
        const decoded = decoder.decode(imageFile(file), target);
        expect(decoded, `${target.width}x${target.height}x${target.channels} ${target.resize}`).toEqual({
          ok: true,
          value: Float32Array.from(expected),
        });
      }
    });
  });

  describe('what is not an image that can be read is refused by name', () => {
    it.each([
      ['cmyk.jpg', 'the JPEG is in CMYK, expected grey or RGB'],
      ['animated.webp', 'the WebP is animated, expected a still image'],
      ['scans.jpg', 'the JPEG has too many scans'],
      ['huge.png', '12000 x 9000 pixels, at most 25 megapixels'],
      ['huge-lossless.webp', 'the WebP of 4900 x 4900 pixels takes more than 64 MB to decode'],
    ])('%s: %s', (file, error) => {
      expect(decoder.decode(imageFile(file), RGB)).toEqual({ ok: false, error });
    });

    it.each([[''], ['text'], ['GIF89a and more'], ['RIFF____WAVE']])('%j is no image', (text) => {
      expect(decoder.decode(new TextEncoder().encode(text), RGB)).toEqual({
        ok: false,
        error: 'not a JPEG, PNG or WebP image',
      });
    });

    it.each(['rgb.jpg', 'progressive.jpg', 'rgb.png', 'rgb.webp', 'lossless.webp'])(
      '%s, cut off anywhere',
      (file) => {
        const whole = imageFile(file);
        for (let length = 12; length < whole.length; length += 7) {
          const cut = decoder.decode(whole.subarray(0, length), RGB);
          expect(cut, `${length} of ${whole.length} bytes`).toMatchObject({ ok: false });
          expect(!cut.ok && cut.error).toMatch(/^the (JPEG|PNG|WebP) is (truncated|damaged)$/);
        }
        const most = decoder.decode(whole.subarray(0, whole.length - 20), RGB);
        expect(!most.ok && most.error).toMatch(/is truncated$/);
      },
    );

    it('a PNG with a bit that fell over', () => {
      const altered = Uint8Array.from(imageFile('rgb.png'));
      altered[200] = (altered[200] ?? 0) ^ 1;
      expect(decoder.decode(altered, RGB)).toEqual({ ok: false, error: 'the PNG is damaged' });
    });
  });

  it('is as good after a refusal as before', () => {
    for (const file of REFUSED_FILES.keys()) {
      expect(decoder.decode(imageFile(file), RGB).ok).toBe(false);
      expect(decoder.decode(imageFile('rgb.jpg'), RGB)).toEqual(
        createImageDecoder(module).decode(imageFile('rgb.jpg'), RGB),
      );
    }
  });

  it('takes no more room than it is given, and says when that was all that was wrong', () => {
    let room = KEPT_DECODER_BYTES;
    const tight = createImageDecoder(module, () => room);
    expect(tight.decode(imageFile('rgb.jpg'), RGB)).toEqual(decoder.decode(imageFile('rgb.jpg'), RGB));
    // It would take 8 bytes a pixel.
    expect(tight.decode(imageFile('huge-lossless.webp'), RGB).ok).toBe(false);
    expect(tight.lackedRoom()).toBe(true);
    expect(tight.decode(imageFile('cmyk.jpg'), RGB).ok).toBe(false);
    expect(tight.lackedRoom()).toBe(false);
    room = MAX_DECODER_BYTES;
    expect(tight.decode(imageFile('huge-lossless.webp'), RGB).ok).toBe(false);
    expect(tight.lackedRoom()).toBe(false);
  });

  it('says how many pixels it read', () => {
    decoder.decode(imageFile('rgb.jpg'), RGB);
    expect(decoder.pixelsRead()).toBe(37 * 23);
    decoder.decode(Uint8Array.of(1, 2, 3), RGB);
    expect(decoder.pixelsRead()).toBe(0);
  });

  it('answers whatever bytes say, soon, with pixels or a sentence', () => {
    let decoded = 0;
    const mutation = fc.record({
      file: fc.constantFrom(...IMAGE_FILES.keys(), 'cmyk.jpg', 'animated.webp'),
      places: fc.array(fc.tuple(fc.nat(1_999), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      from: fc.nat(3_000),
      cut: fc.nat(40),
    });
    fc.assert(
      fc.property(mutation, ({ file, places, from, cut }) => {
        const whole = Uint8Array.from(imageFile(file));
        for (const [at, value] of places) whole[12 + (at % (whole.length - 12))] = value;
        // Some lose a stretch as well.
        const kept =
          from < whole.length ? [...whole.subarray(0, from), ...whole.subarray(from + cut)] : whole;
        const startedMs = performance.now();
        const result = decoder.decode(Uint8Array.from(kept), RGB);
        expect(performance.now() - startedMs).toBeLessThan(HANGS_AFTER_MS);
        if (!result.ok)
          expect(result.error).toMatch(/^(the (JPEG|PNG|WebP) |\d+ x \d+ pixels, at most|not a )/);
        else {
          decoded += 1;
          expect(result.value).toHaveLength(8 * 12 * 3);
          expect(result.value.every((pixel) => pixel >= 0 && pixel <= 255)).toBe(true);
        }
      }),
      { numRuns: runs },
    );
    expect(decoded).toBeGreaterThan(runs / 20);
  });
}
