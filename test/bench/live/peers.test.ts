import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../shared/random.ts';
import { createAdwin } from './peers/adwin.ts';
import { createDdm } from './peers/ddm.ts';
import type { Detector } from './peers/detector.ts';
import { createPageHinkley } from './peers/page-hinkley.ts';
import reference from '../../fixtures/continuity/drift.json' with { type: 'json' };

const CREATE: Readonly<Record<string, () => Detector>> = {
  adwin: createAdwin,
  ddm: createDdm,
  'page-hinkley': createPageHinkley,
};

function find(detector: Detector, stream: readonly number[]): number[] {
  return stream.flatMap((value, i) => (detector.update(value) ? [i] : []));
}

test.each(reference.rows)('$detector finds what River finds: $found', ({ detector, stream, found }) => {
  expect(find((CREATE[detector] as () => Detector)(), stream)).toEqual(found);
});

describe.each(Object.entries(CREATE))('%s', (_, create) => {
  test('finds nothing where nothing changes, whatever the value', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 1), (value) => {
        expect(
          find(
            create(),
            Array.from({ length: 3_000 }, () => value),
          ),
        ).toEqual([]);
      }),
    );
  });

  test('begins anew after a change', () => {
    const random = createRandom(5);
    const draw = (rate: number) => (random.uniform() < rate ? 1 : 0);
    const stream = Array.from({ length: 8_000 }, (__, i) => draw(i < 3_000 ? 0.05 : 0.6));
    const [first = -1, ...rest] = find(create(), stream);
    expect(first).toBeGreaterThan(3_000);
    expect(first).toBeLessThan(3_300);
    expect(rest.length).toBeLessThanOrEqual(1);
  });
});

test('a window keeps its sums: ADWIN’s verdict is that of plain halves', () => {
  // 64 values in buckets of up to 8: a change that is plain in the raw values.
  const stream = [...Array.from({ length: 96 }, () => 0), ...Array.from({ length: 64 }, () => 1)];
  const [first] = find(createAdwin({ clock: 1 }), stream);
  expect(first).toBeGreaterThanOrEqual(96);
  expect(first).toBeLessThan(120);
});
