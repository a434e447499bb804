import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  describeReadError,
  encodeCompactJson,
  encodeJson,
  loadJson,
  parseJson,
  putJson,
} from '../../../../shared/registry/store/json.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';

const schema = z.object({ training: z.object({ epochs: z.int().min(1) }), labels: z.array(z.string()) });
const good = { training: { epochs: 3 }, labels: ['a'] };
const text = (value: string) => new TextEncoder().encode(value);

test('what was put is loaded, with the ETag that replaces exactly that', async () => {
  const store = createMemoryStore();
  const put = await putJson(store, 'a.json', good);
  const loaded = await loadJson(store, 'a.json', schema);
  expect(loaded).toEqual({ ok: true, value: { value: good, etag: put?.etag } });
  expect(await putJson(store, 'a.json', {}, { etag: put?.etag ?? '' })).not.toBe(null);
  expect(await putJson(store, 'a.json', {}, { etag: put?.etag ?? '' })).toBe(null);
});

test('any JSON value round-trips in both forms', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const expected: unknown = JSON.parse(JSON.stringify(value));
      expect(parseJson(encodeJson(value), z.unknown())).toEqual({ ok: true, value: expected });
      expect(parseJson(encodeCompactJson(value), z.unknown())).toEqual({ ok: true, value: expected });
    }),
  );
});

test('objects are written indented, one line at the end', () => {
  expect(new TextDecoder().decode(encodeJson({ a: 1 }))).toBe('{\n  "a": 1\n}\n');
  expect(new TextDecoder().decode(encodeCompactJson({ a: 1 }))).toBe('{"a":1}');
});

test('a key that is not there is missing', async () => {
  const loaded = await loadJson(createMemoryStore(), 'a.json', schema);
  expect(loaded).toEqual({ ok: false, error: { kind: 'missing', key: 'a.json' } });
  expect(!loaded.ok && describeReadError(loaded.error)).toBe('a.json is not there');
});

describe('what can not be read', () => {
  test.each([
    ['nothing', new Uint8Array()],
    ['half an object', text('{"a": 1')],
    ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
    ['not JSON', text('a: 1')],
  ])('is named with its key: %s', async (_name, bytes) => {
    const store = createMemoryStore();
    await store.put('a.json', bytes);
    const loaded = await loadJson(store, 'a.json', schema);
    expect(loaded).toEqual({
      ok: false,
      error: { kind: 'unreadable', key: 'a.json', detail: 'expected JSON in UTF-8' },
    });
    expect(!loaded.ok && describeReadError(loaded.error)).toBe('a.json: expected JSON in UTF-8');
  });

  test('names every place that does not fit', () => {
    const parsed = parseJson(encodeJson({ training: { epochs: 0 }, labels: ['a', 2] }), schema);
    expect(!parsed.ok && parsed.error.split('; ').map((part) => part.split(':')[0])).toEqual([
      'training.epochs',
      'labels.1',
    ]);
  });
});

test('what does not fit is named by its place: what was expected, what came', () => {
  const strict = z.strictObject({ epochs: z.int().min(1), labels: z.array(z.string()).min(1) });
  const problem = (value: object) => parseJson(encodeJson(value), strict);
  expect(problem({ epochs: 'three' })).toEqual({
    ok: false,
    error: 'epochs: expected number, got string; labels: expected array, got nothing',
  });
  expect(problem({ epochs: 0, labels: [], more: 1 })).toEqual({
    ok: false,
    error:
      'epochs: expected number to be >=1; labels: expected array to have >=1 items; Unrecognized key: "more"',
  });
});
