import { expect, test } from 'vitest';
import { describeBrief, describeLive, describeRollback } from '../../../../trainer/tools/cli/live-text.ts';
import type { ShownLive } from '../../../../shared/registry/live.ts';

const NOW = new Date('2026-11-20T12:00:00.000Z');
const ROLLBACK: ShownLive['rollback'] = {
  policy: 'on',
  reference: 3,
  why: null,
  labels: 1_040,
  mean: -0.01,
  progress: 0.18,
  shown: false,
  since: null,
  held: null,
  best: null,
};
const LIVE: ShownLive = {
  model: 'digits',
  lookedAt: '2026-11-20T11:30:00.000Z',
  life: { sequence: 7, version: 4, since: '2026-11-20T06:00:00.000Z' },
  figures: {
    measure: 'accuracy',
    life: { n: 1_040, value: 0.9123, lower: 0.893, upper: 0.929 },
    recent: null,
    lastLabel: 0.101,
    promise: 0.934,
    predictions: 4_012,
    coverage: 0.26,
    delay: { half: 600, most: null },
    classes: [{ name: 'seven', n: 40, value: 0.5, lower: 0.34, upper: 0.66 }],
    slices: [],
  },
  rollback: ROLLBACK,
  hours: [],
  days: [],
  unreadable: 0,
};

test('one line says how right it is, how right it was, and who stands beside it', () => {
  expect(describeBrief(LIVE)).toBe(
    'right 91.2 % (89.3 to 92.9) of 1,040 labels; 93.4 % when it was promoted; not shown worse than version 3 (18 % of what decides)',
  );
});

test.each([
  [{ reference: null, why: 'no earlier champion' }, 'nobody stands beside it: no earlier champion'],
  [
    { shown: true, since: { from: '2026-11-20T08:00:00.000Z', n: 812, gains: 61, losses: 12, mean: 0.06 } },
    'worse than version 3, by 6.0 points on 812 labels since 2026-11-20T08:00:00.000Z',
  ],
  [{ shown: true, held: 'labels are a selection' }, 'worse than version 3; held: labels are a selection'],
])('%o', (change, text) => {
  expect(describeRollback({ ...ROLLBACK, ...change })).toBe(text);
});

test('a page says all of it, numbers in their own unit', () => {
  const page = describeLive(LIVE, NOW);
  expect(page).toContain('version 4, since 6 hours ago');
  expect(page).toContain(
    '26 % of 4,012 predictions; half within 10 minutes, nine tenths within more than 7 days',
  );
  expect(page).toMatch(/seven\s+40\s+50\.0\s+34\.0\s+66\.0/);
  const figures = {
    ...LIVE.figures,
    measure: 'mae' as const,
    promise: 12.5,
    life: { n: 9, value: 13.25, lower: 11, upper: 15.5 },
  };
  expect(describeBrief({ ...LIVE, figures })).toContain(
    'mean absolute error 13.3 (11.0 to 15.5) of 9 labels; 12.5 when',
  );
});
