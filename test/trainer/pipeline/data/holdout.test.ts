import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyedHash } from '../../../../shared/digest.ts';
import { hideGroup } from '../../../../shared/events/group.ts';
import { assignSide, type Side } from '../../../../trainer/pipeline/data/holdout.ts';

const SALT = 'ab'.repeat(32);
const FRACTIONS = { holdout: 0.2, validation: 0.1 };

const identity = fc.string({ minLength: 1, maxLength: 20 });
const salt = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const fraction = fc.double({ min: 0.05, max: 0.5, noNaN: true });

/** How many of `n` identities are on a side. */
function count(n: number, salt: string, side: Side, fractions = FRACTIONS): number {
  let found = 0;
  for (let i = 0; i < n; i++) if (assignSide(salt, `input:${i}`, fractions) === side) found += 1;
  return found;
}

/** Five standard deviations of a binomial count: a right implementation is outside once in a million. */
function expectBinomial(observed: number, n: number, p: number): void {
  expect(Math.abs(observed - n * p)).toBeLessThan(5 * Math.sqrt(n * p * (1 - p)));
}

test('each side gets its share', () => {
  const n = 10_000;
  expectBinomial(count(n, SALT, 'holdout'), n, 0.2);
  expectBinomial(count(n, SALT, 'validation'), n, 0.8 * 0.1);
  expectBinomial(count(n, SALT, 'holdout', { holdout: 0.05, validation: 0.5 }), n, 0.05);
  expectBinomial(count(n, SALT, 'validation', { holdout: 0.05, validation: 0.5 }), n, 0.95 * 0.5);
});

test('the validation share does not depend on how much is held out', () => {
  const n = 10_000;
  for (const holdout of [0.05, 0.5]) {
    expectBinomial(count(n, SALT, 'validation', { holdout, validation: 0.3 }), n, (1 - holdout) * 0.3);
  }
});

test("a side is permanent: these, worked out with Python's hmac, must never move", () => {
  const on = (side: Side) =>
    Array.from({ length: 50 }, (_, i) => i).filter((i) => assignSide(SALT, `input:${i}`, FRACTIONS) === side);
  expect(on('holdout')).toEqual([0, 17, 19, 28, 30, 39, 46, 49]);
  expect(on('validation')).toEqual([32]);
});

test('the holdout is the lowest part of the keyed hash, read as a fraction', () => {
  fc.assert(
    fc.property(salt, identity, fraction, (salt, identity, holdout) => {
      const hash = Buffer.from(keyedHash(salt, `split:${identity}`));
      const expected = hash.readUInt32BE(0) / 2 ** 32 < holdout;
      expect(assignSide(salt, identity, { holdout, validation: 0.1 }) === 'holdout').toBe(expected);
    }),
  );
});

test('the same content is on the same side, whatever else changes about training', () => {
  fc.assert(
    fc.property(salt, identity, fraction, fraction, fraction, (salt, identity, holdout, before, after) => {
      const held = (validation: number) => assignSide(salt, identity, { holdout, validation }) === 'holdout';
      expect(held(before)).toBe(held(after));
    }),
  );
});

test('raising the fraction never gives a held-out example back to training', () => {
  fc.assert(
    fc.property(salt, identity, fraction, fraction, (salt, identity, a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      const side = (holdout: number) => assignSide(salt, identity, { holdout, validation: 0.1 });
      if (side(low) === 'holdout') expect(side(high)).toBe('holdout');
      if (side(high) !== 'holdout') expect(side(high)).toBe(side(low));
    }),
  );
});

test('another salt gives another holdout, as independent as chance', () => {
  const n = 10_000;
  let both = 0;
  for (let i = 0; i < n; i++) {
    const held = (salt: string) => assignSide(salt, `input:${i}`, FRACTIONS) === 'holdout';
    if (held(SALT) && held('cd'.repeat(32))) both += 1;
  }
  expectBinomial(both, n, 0.04);
});

test('a group keeps its side, whether it is stored as it came or hidden', () => {
  fc.assert(
    fc.property(salt, fc.string({ maxLength: 20 }), (salt, group) => {
      const hidden = hideGroup(salt, group);
      expect(hidden).toMatch(/^group-[0-9a-f]{64}$/);
      const plain = Buffer.from(keyedHash(salt, `split:group:${group}`)).readUInt32BE(0) / 2 ** 32;
      expect(assignSide(salt, `group:${hidden}`, FRACTIONS)).toBe(
        assignSide(salt, `group:${group}`, FRACTIONS),
      );
      expect(assignSide(salt, `group:${hidden}`, FRACTIONS) === 'holdout').toBe(plain < 0.2);
    }),
  );
});
