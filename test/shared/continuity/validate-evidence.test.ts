import { expect, test } from 'vitest';
import type { Evidence, WindowEvidence } from '../../../shared/continuity/evidence.ts';
import { validateEvidence } from '../../../shared/continuity/validate-evidence.ts';
import { evidenceOf, withoutChampion } from './make-evidence.ts';

const sound = evidenceOf([{ gains: 1, losses: 1, n: 10 }], { gains: 2, losses: 1, n: 12 });

/** The sound evidence with window `at` changed. */
function withWindow(at: number, change: Partial<WindowEvidence>): Evidence {
  return {
    ...sound,
    windows: sound.windows.map((window, i) => (i === at ? { ...window, ...change } : window)),
  };
}

test('finds nothing in sound evidence, with or without a champion', () => {
  expect(validateEvidence(sound)).toEqual([]);
  expect(validateEvidence(withoutChampion(sound))).toEqual([]);
});

const BAD: readonly (readonly [string, Evidence, string])[] = [
  ['one class', { ...sound, classes: ['cat'], majority: 0 }, 'classes: expected at least 2, got 1'],
  [
    'a class named twice',
    { ...sound, classes: ['cat', 'cat'] },
    "classes: expected distinct names, got 'cat' twice",
  ],
  [
    'a majority outside the classes',
    { ...sound, majority: 2 },
    'majority: expected a class id in 0..1, got 2',
  ],
  [
    'no digest',
    { ...sound, candidate: { ...sound.candidate, digest: '' } },
    'candidate.digest: expected a digest, got an empty string',
  ],
  [
    'a difference that is no number',
    { ...sound, candidate: { ...sound.candidate, exportDifference: Number.NaN } },
    'candidate.exportDifference: expected a number >= 0, got NaN',
  ],
  [
    'a candidate trained on nothing',
    { ...sound, candidate: { ...sound.candidate, trainedOn: 0 } },
    'candidate.trainedOn: expected a positive integer, got 0',
  ],
  [
    'a version that is no integer',
    { ...sound, champion: { version: 1.5, digest: 'sha256:champion' } },
    'champion.version: expected a positive integer, got 1.5',
  ],
  ['no windows', { ...sound, windows: [] }, 'windows: expected exactly one current window, got 0'],
  [
    'no current window',
    withWindow(1, { kind: 'past' }),
    'windows: expected exactly one current window, got 0',
  ],
  [
    'two current windows',
    withWindow(0, { kind: 'current' }),
    'windows: expected exactly one current window, got 2',
  ],
  [
    'the current window first',
    { ...sound, windows: sound.windows.toReversed() },
    'windows: expected the current window last',
  ],
  [
    'a window id twice',
    withWindow(1, { id: 'past-0' }),
    "windows[1].id: expected a distinct id, got 'past-0' again",
  ],
  [
    'windows out of order',
    withWindow(0, { fromMs: 9e9, toMs: 9e9 }),
    'windows[1].fromMs: expected time order',
  ],
  [
    'a window that ends first',
    withWindow(0, { toMs: -1 }),
    'windows[0]: expected fromMs <= toMs, got 0 and -1',
  ],
  [
    'an empty window',
    withWindow(0, {
      exampleIds: [],
      labels: new Int32Array(),
      candidate: new Int32Array(),
      champion: new Int32Array(),
    }),
    'windows[0]: expected at least one example, got none',
  ],
  ['ids that lack one', withWindow(0, { exampleIds: ['a'] }), 'windows[0].exampleIds: expected 10 ids'],
  [
    'predictions that lack some',
    withWindow(1, { candidate: new Int32Array(11) }),
    'windows[1].candidate: expected 12 class ids, one per label, got 11',
  ],
  [
    'labels outside the classes',
    withWindow(0, { labels: Int32Array.of(0, 1, 5, 0, 0, 0, 0, 0, 0, -1) }),
    'windows[0].labels[2]: expected a class id in 0..1, got 5 (and 1 more)',
  ],
  [
    'a champion prediction outside the classes',
    withWindow(1, { champion: new Int32Array(12).fill(2) }),
    'windows[1].champion[0]: expected a class id in 0..1, got 2 (and 11 more)',
  ],
  [
    'a champion that is missing in one window',
    withWindow(0, { champion: null }),
    "windows[0].champion: expected the champion's predictions, got null",
  ],
  [
    'predictions of a champion that is not there',
    { ...sound, champion: null },
    'windows[0].champion: expected null, as there is no champion, got some',
  ],
];

test.each(BAD)('names the place of %s', (_name, evidence, problem) => {
  expect(validateEvidence(evidence).join('\n')).toContain(problem);
});
