import { Buffer } from 'node:buffer';
import { createHash, createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyedHash, randomHex, seedFrom, sha256Hex } from '../../shared/digest.ts';

test('the digest is SHA-256', () => {
  // FIPS 180-2, appendix B.1
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(sha256Hex(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
    }),
  );
});

test('a text is digested as UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(sha256Hex(text)).toBe(createHash('sha256').update(text, 'utf8').digest('hex'));
    }),
  );
});

test('the keyed hash is HMAC-SHA-256', () => {
  // RFC 4231, test case 2: the key is "Jefe"
  const hash = keyedHash('4a656665', 'what do ya want for nothing?');
  expect(Buffer.from(hash).toString('hex')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: 'grapheme', maxLength: 100 }),
      (key, data, prefix) => {
        const hex = Buffer.from(key).toString('hex');
        const expected = createHmac('sha256', key).update(data).digest('hex');
        expect(Buffer.from(keyedHash(hex, data)).toString('hex')).toBe(expected);
        const longer = createHmac('sha256', key).update(prefix, 'utf8').update(data).digest('hex');
        // Twice: what one message leaves behind is not in the next.
        for (let i = 0; i < 2; i++)
          expect(Buffer.from(keyedHash(hex, data, prefix)).toString('hex')).toBe(longer);
      },
    ),
  );
});

test('a seed is a 32-bit number that every part, and their order, goes into', () => {
  expect(seedFrom('abc')).toBe(0xba7816bf);
  const seeds = [seedFrom(1, 'a', 'b'), seedFrom(2, 'a', 'b'), seedFrom(1, 'b', 'a'), seedFrom(1, 'ab')];
  expect(new Set(seeds).size).toBe(4);
  expect(seedFrom(1, 'a')).toBe(seedFrom('1', 'a'));
});

test('random hexadecimal has two digits a byte, and does not repeat', () => {
  expect(randomHex(8)).toMatch(/^[0-9a-f]{16}$/);
  expect(new Set(Array.from({ length: 100 }, () => randomHex(8))).size).toBe(100);
});
