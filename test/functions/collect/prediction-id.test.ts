import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createPredictionId,
  instanceId,
  parsePredictionId,
  type PredictionFacts,
} from '../../../functions/collect/prediction-id.ts';

const SALT = 'ab'.repeat(32);
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const factsArbitrary = fc.record({
  version: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  atMs: fc.oneof(
    fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 48 - 1),
  ),
  instances: fc.oneof(
    fc.integer({ min: 1, max: 2 ** 24 - 1 }),
    fc.constantFrom(1, 255, 256, 65_536, 2 ** 24 - 1),
  ),
  logged: fc.constant(true),
});
const randomArbitrary = fc.uint8Array({ minLength: 8, maxLength: 8 });

const lookalike = fc.string({ unit: fc.constantFrom(...ALPHABET.split('')), minLength: 43, maxLength: 43 });

const facts: PredictionFacts = { version: 12, atMs: Date.UTC(2026, 10, 23), instances: 3, logged: true };
const RANDOM = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const id = createPredictionId(SALT, 'digits', facts, RANDOM);

describe('a prediction id', () => {
  test('carries its facts, whatever they are', () => {
    fc.assert(
      fc.property(
        factsArbitrary,
        randomArbitrary,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (facts, random, where) => {
          const id = createPredictionId(SALT, 'digits', facts, random);
          expect(id).toMatch(/^[A-Za-z0-9_-]{43}$/);
          const instance = Math.min(facts.instances - 1, Math.floor(where * facts.instances));
          expect(parsePredictionId(SALT, 'digits', instanceId(id, instance))).toEqual({
            ok: true,
            value: { id: `${id}.${instance}`, facts },
          });
        },
      ),
    );
  });

  test('without an instance names instance 0', () => {
    expect(parsePredictionId(SALT, 'digits', id)).toEqual({ ok: true, value: { id: `${id}.0`, facts } });
  });

  test('is another one for every draw of random bytes', () => {
    expect(createPredictionId(SALT, 'digits', facts, RANDOM.toReversed())).not.toBe(id);
  });
});

describe('what is refused', () => {
  const notOurs = { ok: false, error: 'no prediction of digits has this id' };
  const noId = {
    ok: false,
    error:
      'expected a prediction id as the header Holdfast-Prediction-Id gave it, with .0, .1, … for the instance',
  };

  test('every id with one character changed to any other', () => {
    for (let at = 0; at < id.length; at++) {
      for (const character of ALPHABET) {
        if (character === id[at]) continue;
        const changed = id.slice(0, at) + character + id.slice(at + 1);
        expect(parsePredictionId(SALT, 'digits', changed).ok, `${character} at ${at}`).toBe(false);
      }
    }
  });

  test('an id of another model or under another salt', () => {
    expect(parsePredictionId(SALT, 'faces', id)).toEqual({
      ok: false,
      error: 'no prediction of faces has this id',
    });
    expect(parsePredictionId('cd'.repeat(32), 'digits', id)).toEqual(notOurs);
    expect(parsePredictionId(SALT, 'digits', 'A'.repeat(43))).toEqual(notOurs);
  });

  test('an instance that the request did not have', () => {
    expect(parsePredictionId(SALT, 'digits', `${id}.2`).ok).toBe(true);
    expect(parsePredictionId(SALT, 'digits', `${id}.3`)).toEqual({
      ok: false,
      error: 'this prediction has 3 instances, there is no number 3',
    });
    const single = createPredictionId(SALT, 'digits', { ...facts, instances: 1 }, RANDOM);
    expect(parsePredictionId(SALT, 'digits', `${single}.1`)).toEqual({
      ok: false,
      error: 'this prediction has 1 instance, there is no number 1',
    });
  });

  test('a prediction that was not logged', () => {
    const unlogged = createPredictionId(SALT, 'digits', { ...facts, logged: false }, RANDOM);
    expect(parsePredictionId(SALT, 'digits', unlogged)).toEqual({
      ok: false,
      error: 'this prediction was not logged (logging.rate is below 1): send the whole example',
    });
  });

  test.each([
    '',
    'x',
    id.slice(1),
    `${id}A`,
    `${id}.`,
    `${id}.-1`,
    `${id}.1.1`,
    `${id}.123456789`,
    ` ${id}`,
    `${id}\n`,
    `${id.slice(0, -1)}=`,
  ])('what does not look like one: %j', (text) => {
    expect(parsePredictionId(SALT, 'digits', text)).toEqual(noId);
  });

  test('any text at all, without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), lookalike), (text) => {
        expect(parsePredictionId(SALT, 'digits', text).ok).toBe(false);
      }),
    );
  });
});
