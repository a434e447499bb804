import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bytesToFloats,
  floatBytes,
  fromBase64,
  fromBase64Url,
  gunzip,
  gzip,
  joinBytes,
  joinDoubles,
  joinFloats,
  toBase64,
  toBase64Url,
} from '../../shared/bytes.ts';

const ascii = (text: string) => new TextEncoder().encode(text);

describe('base64', () => {
  // RFC 4648, section 10
  test.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('writes and reads the vectors of its RFC: %j', (text, encoded) => {
    expect(toBase64(ascii(text))).toBe(encoded);
    expect(fromBase64(encoded)).toEqual(ascii(text));
    expect(toBase64Url(ascii(text))).toBe(encoded.replace(/=+$/, ''));
  });

  test('gives back any bytes, in both alphabets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
        expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
      }),
    );
  });

  test('writes more bytes than a call has room for arguments', () => {
    const bytes = Uint8Array.from({ length: 300_001 }, (_, i) => (i * 31) % 251);
    expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
  });

  test('is null where it is none', () => {
    expect(fromBase64('Zm9v!')).toBe(null);
    expect(fromBase64('Z')).toBe(null);
    for (const text of ['Z', 'Zg==', 'Zm9+', 'Zm9/', 'Zm 9v', 'Zm9v\n'])
      expect(fromBase64Url(text)).toBe(null);
  });

  test('for URLs has one spelling: unused bits that are not 0 are refused', () => {
    expect(fromBase64Url('Zg')).toEqual(ascii('f'));
    for (const text of ['Zh', 'Zi', 'Zv', 'Zm9vYmF', 'Zm9vYmG']) expect(fromBase64Url(text)).toBe(null);
  });
});

describe('gzip', () => {
  test('gives back any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(await gunzip(await gzip(bytes))).toEqual(bytes);
      }),
      { numRuns: 30 },
    );
  });

  test('is refused wherever it ends early, and when something follows it', async () => {
    const whole = await gzip(ascii('a label\n'.repeat(50)));
    for (let length = 0; length < whole.length; length++) {
      await expect(gunzip(whole.slice(0, length)), `${length} bytes`).rejects.toThrow();
    }
    await expect(gunzip(Uint8Array.of(...whole, 0))).rejects.toThrow();
    await expect(gunzip(ascii('a label\n'))).rejects.toThrow();
  });
});

describe('float32 bytes', () => {
  test('are little-endian', () => {
    expect(floatBytes(Float32Array.of(1, -2))).toEqual(Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0));
    expect(bytesToFloats(Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0))).toEqual(Float32Array.of(1, -2));
  });

  test('of a part of an array are that part', () => {
    const part = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    expect(bytesToFloats(floatBytes(part))).toEqual(Float32Array.of(1, 2));
  });

  test('are read wherever they begin, from a Buffer too', () => {
    const bytes = floatBytes(Float32Array.of(1.5, -3));
    const shifted = new Uint8Array(9);
    shifted.set(bytes, 1);
    expect(bytesToFloats(shifted.subarray(1))).toEqual(Float32Array.of(1.5, -3));
    expect(bytesToFloats(Buffer.from(bytes))).toEqual(Float32Array.of(1.5, -3));
  });

  test('that are no whole number of numbers throw', () => {
    expect(() => bytesToFloats(new Uint8Array(5))).toThrow(RangeError);
  });
});

test('parts are put together in order, whatever they are views of', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (parts) => {
      const padded = parts.map((part) => Uint8Array.of(7, ...part, 7).subarray(1, -1));
      expect([...joinBytes(padded)]).toEqual(parts.flatMap((part) => [...part]));
      expect([...joinFloats(padded.map((part) => Float32Array.from(part)))]).toEqual([...joinBytes(parts)]);
      expect([...joinDoubles(padded.map((part) => Float64Array.from(part)))]).toEqual([...joinBytes(parts)]);
    }),
  );
});
