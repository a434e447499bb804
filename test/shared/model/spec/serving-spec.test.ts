import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadSpec } from '../../../../shared/model/spec/load-spec.ts';
import { loadServingSpec } from '../../../../shared/model/spec/serving-spec.ts';
import { specSchema } from '../../../../shared/model/spec/spec.ts';
import { encodeJson } from '../../../../shared/registry/store/json.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';

const NAME = 'm';
const SALT = 'ab'.repeat(32);
const least = { format: 'holdfast-spec/1', name: NAME, salt: SALT };
const image = { kind: 'image', height: 4, width: 6, channels: 3 };
const features = [
  { name: 'age', type: 'number' },
  { name: 'colour', type: 'category', values: ['red', 'blue'] },
];
const classes = { task: 'classification', labels: ['no', 'yes'] };

/** As a person may write them, with nothing that has a default. */
const WRITTEN: readonly (readonly [string, object])[] = [
  ['rows', { ...least, ...classes, input: { kind: 'tabular', features } }],
  ['pictures', { ...least, ...classes, input: image }],
  [
    'pictures before a base',
    { ...least, ...classes, base: SALT, input: { ...image, resize: 'cover', scale: 0.5, offset: -1 } },
  ],
  [
    'a regression',
    {
      ...least,
      task: 'regression',
      target: { name: 'price', unit: 'EUR' },
      input: { kind: 'tabular', features },
      logging: { rate: 0.25 },
    },
  ],
];

async function storeWith(spec: unknown): Promise<ObjectStore> {
  const store = createMemoryStore();
  await store.put(keys.spec(NAME), encodeJson(spec));
  return store;
}

const SERVED = ['name', 'task', 'input', 'base', 'labels', 'target', 'logging', 'salt'] as const;

function served(spec: object): object {
  return Object.fromEntries(SERVED.map((field) => [field, (spec as Record<string, unknown>)[field]]));
}

/** What both readers make of it: what serving depends on, or null for a refusal. */
async function readBoth(spec: unknown): Promise<{ whole: object | null; serving: object | null }> {
  const store = await storeWith(spec);
  const [whole, serving] = [await loadSpec(store, NAME), await loadServingSpec(store, NAME)];
  return {
    whole: whole.ok ? served(whole.value.spec) : null,
    serving: serving.ok ? served(serving.value) : null,
  };
}

describe('what serving reads of a spec', () => {
  test.each(WRITTEN)('is what the whole spec says: %s', async (_name, written) => {
    for (const spec of [written, specSchema.parse(written)]) {
      const { whole, serving } = await readBoth(spec);
      expect(whole).not.toBeNull();
      expect(serving).toEqual(whole);
    }
  });

  test('whatever is changed: a spec that training reads is served, and means the same', async () => {
    const places = fc.constantFrom<(readonly string[])[]>(
      ...SERVED.map((field) => [field]),
      ...['kind', 'features', 'height', 'channels', 'scale', 'offset', 'resize'].map((x) => ['input', x]),
      ['input', 'features', '1', 'values'],
      ['input', 'features', '0', 'name'],
      ['logging', 'rate'],
      ['target', 'unit'],
    );
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(0, 1, 3, 0.5, -1, 1e-9, 1_024, 1_025, null, 'x', 'contain', ['a', 'b'], SALT),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...WRITTEN), places, values, async ([, written], place, value) => {
        const spec = structuredClone(specSchema.parse(written)) as object;
        const at = place.slice(0, -1).reduce((part, key) => Object(part)[key] as object, spec);
        if (typeof at !== 'object' || at === null) return;
        (at as Record<string, unknown>)[place.at(-1) as string] = value;
        const { whole, serving } = await readBoth(spec);
        if (whole !== null) expect(serving).toEqual(whole);
      }),
      { numRuns: 1_000 },
    );
  });

  test('does not depend on what only training reads', async () => {
    const [, written] = WRITTEN[0] as (typeof WRITTEN)[number];
    const { whole, serving } = await readBoth({ ...written, training: { epochs: 'many' } });
    expect(whole).toBeNull();
    expect(serving).toMatchObject({ name: NAME, base: null, logging: { rate: 1 } });
  });

  test.each([
    [{ task: 'ranking' }, 'task: expected one of classification, regression, got "ranking"'],
    [{ labels: ['only'] }, 'labels: expected a list of 2 to 10000, got a list of 1'],
    [{ input: { ...image, channels: 2 } }, 'input.channels: expected one of 1, 3, got 2'],
    [{ input: { ...image, height: 0 } }, 'input.height: expected an integer from 1 to 1024, got 0'],
    [{ input: { ...image, resize: 'crop' } }, 'input.resize: expected one of stretch, cover, contain, got'],
    [
      { input: { kind: 'tabular', features: [{ name: 'x', type: 'category' }] } },
      'input.features.0.values: expected a list of 1 to 1000, got nothing',
    ],
    [{ salt: 'short' }, 'salt: expected a SHA-256 in hexadecimal, got "short"'],
    [{ logging: { rate: 2 } }, 'logging.rate: expected a number from 0 to 1, got 2'],
    [{ base: 'x' }, 'base: expected a SHA-256 in hexadecimal, got "x"'],
  ])('is refused with its place: %j', async (changes, problem) => {
    const store = await storeWith({ ...WRITTEN[1]?.[1], ...changes });
    expect(await loadServingSpec(store, NAME)).toEqual({
      ok: false,
      error: {
        kind: 'spec-unreadable',
        model: NAME,
        detail: expect.stringContaining(`${keys.spec(NAME)}: ${problem}`) as string,
      },
    });
  });

  test('is of the model that was asked for', async () => {
    const store = await storeWith({ ...WRITTEN[0]?.[1], name: 'other' });
    expect(await loadServingSpec(store, NAME)).toMatchObject({
      ok: false,
      error: { detail: `${keys.spec(NAME)}: expected the spec of m, got that of other` },
    });
    expect(await loadServingSpec(createMemoryStore(), NAME)).toMatchObject({
      ok: false,
      error: { kind: 'unknown-model' },
    });
  });
});
