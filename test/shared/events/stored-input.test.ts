import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { floatBytes, toBase64 } from '../../../shared/bytes.ts';
import { sha256Hex } from '../../../shared/digest.ts';
import { storedInputSchema } from '../../../shared/events/schema.ts';
import { loadInput, storeInline, storeInput } from '../../../shared/events/stored-input.ts';
import { keys } from '../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';

const MODEL = 'digits';
const LARGE = 16_385;

let store: ObjectStore;
beforeEach(() => {
  store = createMemoryStore();
});

const pixels = fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Float32Array.from(bytes));
const floats = fc.float32Array({ minLength: 1, maxLength: 64, noNaN: true });

describe('a stored input', () => {
  test('gives back the same numbers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(pixels, floats), async (raw) => {
        const stored = storedInputSchema.parse(JSON.parse(JSON.stringify(storeInline(raw))));
        const loaded = await loadInput(store, MODEL, stored, raw.length);
        expect(loaded).toEqual({ ok: true, value: raw.map((value) => value + 0) });
      }),
    );
  });

  test('keeps the smallest and the largest numbers, bit for bit', async () => {
    const raw = Float32Array.of(1.401298464324817e-45, -1.17549421e-38, 3.4028234663852886e38, 2 ** -126);
    const loaded = await loadInput(store, MODEL, storeInline(raw), 4);
    expect(loaded.ok && floatBytes(loaded.value)).toEqual(floatBytes(raw));
  });

  test('is bytes where all numbers are whole and from 0 to 255, and float32 otherwise', () => {
    expect(storeInline(Float32Array.of(0, 7, 255))).toMatchObject({ type: 'u8', base64: 'AAf/' });
    expect(storeInline(Float32Array.of(1, -2))).toMatchObject({ type: 'f32', base64: 'AACAPwAAAMA=' });
    for (const other of [0.5, -1, 256]) expect(storeInline(Float32Array.of(1, other)).type).toBe('f32');
  });

  test('has a digest that an independent hand can compute', () => {
    expect(storeInline(Float32Array.of(0, 7, 255)).digest).toBe(sha256Hex(Uint8Array.of(1, 0, 7, 255)));
    expect(storeInline(Float32Array.of(-2)).digest).toBe(sha256Hex(Uint8Array.of(2, 0, 0, 0, 0xc0)));
  });

  test('is the same whatever array the numbers came in', () => {
    fc.assert(
      fc.property(fc.oneof(pixels, floats), fc.nat(5), (raw, shift) => {
        const room = new Float32Array(raw.length + 10).fill(3);
        room.set(raw, shift);
        const expected = storeInline(raw);
        expect(storeInline(room.subarray(shift, shift + raw.length))).toEqual(expected);
        expect(storeInline(Float32Array.from(Array.from(raw)))).toEqual(expected);
      }),
    );
  });

  test('is the same for 0 and -0: they are one example, on one side of the split', () => {
    expect(storeInline(Float32Array.of(-0, 1))).toEqual(storeInline(Float32Array.of(0, 1)));
    expect(storeInline(Float32Array.of(-0, 0.5))).toEqual(storeInline(Float32Array.of(0, 0.5)));
  });

  test('differs for numbers that differ, also where the bytes do not', () => {
    const asBytes = storeInline(Float32Array.of(0, 0, 128, 63, 0, 0, 0, 192));
    const asFloats = storeInline(Float32Array.of(1, -2));
    expect(asBytes.base64).toBe(asFloats.base64);
    expect(asBytes.digest).not.toBe(asFloats.digest);
  });

  test('leaves the array it was given alone', () => {
    const raw = Float32Array.of(-0, 0.5);
    storeInline(raw);
    expect(Object.is(raw[0], -0)).toBe(true);
  });
});

describe('a large input', () => {
  const large = Float32Array.from({ length: LARGE }, (_, i) => i % 256);

  test('becomes an object of its own, by content, once', async () => {
    const stored = await storeInput(store, MODEL, large);
    expect(stored).toEqual({ type: 'u8', digest: storeInline(large).digest });
    expect(await storeInput(store, MODEL, large)).toEqual(stored);
    expect(await store.list('')).toEqual([keys.input(MODEL, stored.digest)]);
    expect(await loadInput(store, MODEL, stored, LARGE)).toEqual({ ok: true, value: large });
  });

  test('begins where 16,384 bytes end', async () => {
    await storeInput(store, MODEL, large.subarray(1));
    await storeInput(
      store,
      MODEL,
      large.subarray(0, 4_096).map((value) => value / 2),
    );
    expect(await store.list('')).toEqual([]);
    await storeInput(
      store,
      MODEL,
      large.subarray(0, 4_097).map((value) => value / 2),
    );
    expect(await store.list('')).toHaveLength(1);
  });

  test('that is gone, was altered or cut short is an error', async () => {
    const stored = await storeInput(store, MODEL, large);
    const key = keys.input(MODEL, stored.digest);
    const whole = (await store.get(key))?.bytes ?? new Uint8Array();
    const altered = { ok: false, error: `input ${stored.digest} was altered` };
    for (const bytes of [whole.with(100, 1), whole.slice(1), new Uint8Array()]) {
      await store.put(key, bytes);
      expect(await loadInput(store, MODEL, stored, LARGE)).toEqual(altered);
    }
    await store.delete(key);
    expect(await loadInput(store, MODEL, stored, LARGE)).toEqual({
      ok: false,
      error: `input ${stored.digest} is not there`,
    });
  });
});

describe('what can not be used', () => {
  const stored = storeInline(Float32Array.of(1, 2, 3));

  test('is an input of another size', async () => {
    expect(await loadInput(store, MODEL, stored, 4)).toEqual({
      ok: false,
      error: `input ${stored.digest}: expected 4 numbers, got 3`,
    });
  });

  test('is float32 in a number of bytes that no float32 has', async () => {
    const digest = sha256Hex(Uint8Array.of(2, 9, 9, 9));
    const input = { type: 'f32' as const, digest, base64: toBase64(Uint8Array.of(9, 9, 9)) };
    expect(await loadInput(store, MODEL, input, 1)).toEqual({
      ok: false,
      error: `input ${digest}: expected 1 numbers, got 0.75`,
    });
  });

  test.each([
    ['altered', { ...stored, base64: 'AQIE' }],
    ['of another type', { ...stored, type: 'f32' as const }],
    ['of another digest', { ...stored, digest: 'ab'.repeat(32) }],
  ])('is an inline input that is %s', async (_name, input) => {
    expect(await loadInput(store, MODEL, input, 3)).toEqual({
      ok: false,
      error: `input ${input.digest} was altered`,
    });
  });

  test('is an inline input that is no base64', async () => {
    expect(await loadInput(store, MODEL, { ...stored, base64: '!' }, 3)).toMatchObject({ ok: false });
  });
});

test('bytes that a store gives as a Buffer are read all the same', async () => {
  const raw = Float32Array.from({ length: LARGE }, (_, i) => i / 2);
  const stored = await storeInput(store, MODEL, raw);
  const buffers: ObjectStore = {
    ...store,
    async get(key) {
      const object = await store.get(key);
      return object === null ? null : { ...object, bytes: Buffer.from(object.bytes) };
    },
  };
  expect(await loadInput(buffers, MODEL, stored, LARGE)).toEqual({ ok: true, value: raw });
});
