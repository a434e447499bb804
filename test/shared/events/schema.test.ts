import { describe, expect, test } from 'vitest';
import { eventSchema } from '../../../shared/events/schema.ts';
import { packInline, storeInline } from '../../../shared/events/stored-input.ts';

const input = { type: 'u8', digest: 'ab'.repeat(32), base64: 'AAE=' };
const prediction = { kind: 'prediction', id: 'p.0', at: 1, version: 1, input, predicted: 0 };
const label = { kind: 'label', id: 'l', at: 1, prediction: 'p.0', label: 0 };
const example = { kind: 'example', id: 'e', at: 1, input, label: 0, group: 'user 7' };

test.each([prediction, label, example, { ...example, input: { type: 'f32', digest: input.digest } }])(
  'an event is given back as it is: $kind',
  (event) => {
    expect(eventSchema.parse(event)).toEqual(event);
  },
);

test('an input that was written without its digest is given the one that its bytes have', () => {
  const raw = Float32Array.from([0, 1, -0, 2.5]);
  for (const values of [raw, raw.map(Math.floor)]) {
    const { id, ...rest } = prediction;
    const read = eventSchema.parse({ id, ...rest, input: packInline(values) });
    expect(read).toEqual({ id, ...rest, input: storeInline(values) });
  }
});

describe('no event', () => {
  test.each([
    ['is of an unknown kind', { ...label, kind: 'rumour' }],
    ['was seen before 1970', { ...label, at: -1 }],
    ['was seen at half a millisecond', { ...label, at: 1.5 }],
    ['has a label that is no index', { ...label, label: '7' }],
    ['has a label that is no number', { ...example, label: 'red' }],
    ['has an infinite label', { ...example, label: Number.POSITIVE_INFINITY }],
    ['has a version 0', { ...prediction, version: 0 }],
    ['has an input of another type', { ...example, input: { ...input, type: 'f64' } }],
    ['has an input whose digest is none', { ...example, input: { ...input, digest: 'AB'.repeat(32) } }],
    ['has an input with neither digest nor bytes', { ...example, input: { type: 'u8' } }],
    [
      'has an input without a digest whose bytes are none',
      { ...example, input: { type: 'u8', base64: '*' } },
    ],
    ['is without an id', { ...example, id: undefined }],
  ])('%s', (_name, event) => {
    expect(eventSchema.safeParse(event).success).toBe(false);
  });
});
