import { expect, test } from 'vitest';
import type { Evidence, WindowEvidence } from '../../../../shared/continuity/evidence/evidence.ts';
import { validateEvidence } from '../../../../shared/continuity/evidence/validate-evidence.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';

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

const edge = {
  candidateBytes: 10,
  championBytes: 10,
  memoryBytes: 10,
  candidateMs: Float64Array.of(1, 2),
  championMs: Float64Array.of(1, 2),
};
const scores = { train: Float64Array.of(0.9, 0.9), test: Float64Array.of(0.8, 0.8) };
const splits = { trained: 80, tested: 20, candidate: scores, champion: scores };
const rows = (n: number) => new Float32Array(2 * n).fill(0.5);
const scored = {
  ...sound,
  windows: sound.windows.map((window) => {
    const n = window.labels.length;
    return { ...window, candidateProbabilities: rows(n), championProbabilities: rows(n) };
  }),
};
const features = [{ name: 'device', values: ['desk', 'phone'] }];
const sliced = {
  ...sound,
  features,
  windows: sound.windows.map((window) => ({ ...window, features: [window.labels.map(() => 1)] })),
};
const reportedFlips = { exampleIds: ['a'], labels: Int32Array.of(0), candidate: Int32Array.of(1) };

/** One window of any evidence changed. */
function changing(evidence: Evidence, at: number, change: Partial<WindowEvidence>): Evidence {
  return {
    ...evidence,
    windows: evidence.windows.map((window, i) => (i === at ? { ...window, ...change } : window)),
  };
}

const BAD_PARTS: readonly (readonly [string, Evidence, string])[] = [
  [
    'probabilities that lack a row',
    changing(scored, 0, { candidateProbabilities: rows(9) }),
    'windows[0].candidateProbabilities: expected 20 numbers, 2 per label, got 18',
  ],
  [
    'a probability that is no number',
    changing(scored, 1, { championProbabilities: rows(12).fill(Number.NaN, 5, 6) }),
    'windows[1].championProbabilities[2][1]: expected a probability, got NaN',
  ],
  [
    'a probability above 1',
    changing(scored, 0, { candidateProbabilities: rows(10).fill(1.5, 0, 1) }),
    'windows[0].candidateProbabilities[0][0]: expected a probability, got 1.5',
  ],
  [
    'a negative probability',
    changing(scored, 0, { candidateProbabilities: rows(10).fill(-0.5, 3, 4) }),
    'windows[0].candidateProbabilities[1][1]: expected a probability, got -0.5',
  ],
  [
    'probabilities that do not sum to 1',
    changing(scored, 0, { candidateProbabilities: rows(10).fill(0.25, 8, 9) }),
    'windows[0].candidateProbabilities[4]: expected probabilities that sum to 1, got 0.75',
  ],
  [
    'probabilities in some windows only',
    changing(sound, 0, { candidateProbabilities: rows(10), championProbabilities: rows(10) }),
    'windows: expected candidateProbabilities in all of them, in the current one alone or in none, got them in 1 of 2',
  ],
  [
    "the candidate's probabilities alone",
    changing(sound, 0, { candidateProbabilities: rows(10) }),
    "windows[0].championProbabilities: expected them beside the candidate's, got none",
  ],
  [
    'probabilities of a champion that is not there',
    withoutChampion(scored),
    'windows[0].championProbabilities: expected none, got some',
  ],
  [
    'groups that lack one',
    withWindow(0, { groups: new Int32Array(9) }),
    'windows[0].groups: expected 10 group ids, one per label, got 9',
  ],
  [
    'a group below -1',
    withWindow(0, { groups: new Int32Array(10).fill(-2) }),
    'windows[0].groups[0]: expected a group id or -1, got -2',
  ],
  [
    'a level of a half',
    { ...scored, level: 0.5 },
    'level: expected a number of 0 or more and below 0.5, got 0.5',
  ],
  ['no level at all', { ...scored, level: Number.NaN }, 'level: expected a number of 0 or more'],
  [
    'a previous label outside the classes',
    withWindow(0, { previousLabels: new Int32Array(10).fill(7) }),
    'windows[0].previousLabels[0]: expected a class id in 0..1, got 7',
  ],
  [
    'previous labels that lack one',
    withWindow(0, { previousLabels: new Int32Array(9) }),
    'windows[0].previousLabels: expected 10 class ids',
  ],
  [
    'features that are missing',
    { ...sound, features },
    'windows[0].features: expected 1, one per declared feature, got 0',
  ],
  [
    'a feature value that does not exist',
    changing(sliced, 0, { features: [new Int32Array(10).fill(2)] }),
    'windows[0].features[0][0]: expected a value id in -1..1, got 2',
  ],
  [
    'feature values that lack some',
    changing(sliced, 0, { features: [new Int32Array(3)] }),
    'windows[0].features[0]: expected 10 value ids, one per label, got 3',
  ],
  [
    'a size of 0',
    { ...sound, edge: { ...edge, candidateBytes: 0 } },
    'edge.candidateBytes: expected a number above 0, got 0',
  ],
  [
    'memory that is no number',
    { ...sound, edge: { ...edge, memoryBytes: Number.NaN } },
    'edge.memoryBytes: expected a number above 0, got NaN',
  ],
  [
    'timings that are not paired',
    { ...sound, edge: { ...edge, championMs: Float64Array.of(1) } },
    "edge.championMs: expected 2 timings, as many as the candidate's, got 1",
  ],
  [
    'a timing of 0',
    { ...sound, edge: { ...edge, championMs: Float64Array.of(1, 0) } },
    'edge.championMs[1]: expected milliseconds above 0, got 0',
  ],
  [
    'no timings of the champion',
    { ...sound, edge: { ...edge, championMs: null } },
    "edge: expected the champion's timings and size",
  ],
  [
    'timings of a champion that is not there',
    { ...withoutChampion(sound), edge },
    'edge: expected none of a champion, as there is none',
  ],
  [
    'splits that tested nothing',
    { ...sound, splits: { ...splits, tested: 0 } },
    'splits.tested: expected a positive integer, got 0',
  ],
  [
    'splits of different number',
    { ...sound, splits: { ...splits, champion: { ...scores, test: Float64Array.of(0.8) } } },
    'splits.champion.test: expected 2 scores, got 1',
  ],
  [
    'a score below 0',
    { ...sound, splits: { ...splits, candidate: { ...scores, test: Float64Array.of(0.8, -0.1) } } },
    'splits.candidate.test[1]: expected a score of 0 or more, got -0.1',
  ],
  [
    'a score below 0 on the first split',
    { ...sound, splits: { ...splits, champion: { ...scores, test: Float64Array.of(-0.1, 0.8) } } },
    'splits.champion.test[0]: expected a score of 0 or more, got -0.1',
  ],
  [
    'a score that is no number',
    { ...sound, splits: { ...splits, candidate: { ...scores, train: Float64Array.of(0.8, Number.NaN) } } },
    'splits.candidate.train[1]: expected a score of 0 or more, got NaN',
  ],
  [
    'a reported label outside the classes',
    { ...sound, reportedFlips: { ...reportedFlips, labels: Int32Array.of(4) } },
    'reportedFlips.labels[0]: expected a class id in 0..1, got 4',
  ],
  [
    'reported answers that lack one',
    { ...sound, reportedFlips: { ...reportedFlips, candidate: new Int32Array(0) } },
    'reportedFlips.candidate: expected 1 class ids',
  ],
  [
    'reported ids that lack one',
    { ...sound, reportedFlips: { ...reportedFlips, exampleIds: [] } },
    'reportedFlips.exampleIds: expected 1 ids',
  ],
];

test.each(BAD_PARTS)('names the place of %s', (_name, evidence, problem) => {
  expect(validateEvidence(evidence).join('\n')).toContain(problem);
});

test('finds nothing in evidence with every part', () => {
  const full: Evidence = {
    ...scored,
    features,
    windows: scored.windows.map((window) => ({
      ...window,
      features: [window.labels.map(() => -1)],
      groups: window.labels.map(() => -1),
      previousLabels: window.labels.map(() => -1),
    })),
    edge,
    splits,
    reportedFlips,
    selfTests: [],
    level: 0,
  };
  expect(validateEvidence(full)).toEqual([]);
});
