import { describe, expect, test } from 'vitest';
import {
  encodeEvidence,
  evidenceSchema,
  regressionEvidenceSchema,
} from '../../../../shared/continuity/evidence/evidence-json.ts';
import type { Evidence } from '../../../../shared/continuity/evidence/evidence.ts';
import { decideGate } from '../../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { evidenceOf, withoutChampion } from '../make-evidence.ts';
import { regressionOf } from '../make-regression.ts';
import { withProbabilities } from '../../../trainer/report/make-report.ts';

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const plain = evidenceOf([{ gains: 3, losses: 2, n: 301 }], { gains: 9, losses: 2, n: 307 });
const scores = { train: Float64Array.of(0.91, 0.92), test: Float64Array.of(0.81, 0.8) };
const full: Evidence = {
  ...withProbabilities(plain),
  windows: withProbabilities(plain).windows.map((window, i) => ({
    ...window,
    // a view into a larger buffer, not on its boundary
    groups: new Int32Array(400).subarray(3, 3 + window.labels.length).fill(i),
    features: [window.labels.map(() => -1)],
    previousLabels: window.labels,
  })),
  features: [{ name: 'device', values: ['desk'] }],
  edge: {
    candidateBytes: 1,
    championBytes: 2,
    memoryBytes: 3,
    candidateMs: Float64Array.of(0.1),
    championMs: Float64Array.of(0.2),
  },
  splits: { trained: 8, tested: 2, candidate: scores, champion: scores },
  selfTests: [{ id: 'a', passed: true, detail: 'b' }],
  level: 0.0123,
  missing: { splits: 'split 3 failed' },
  reportedFlips: { exampleIds: ['r'], labels: Int32Array.of(0), candidate: Int32Array.of(1) },
};

describe('comes back as it was', () => {
  test.each([
    ['the first form', plain],
    ['before any champion', withoutChampion(plain)],
    ['with every part', full],
    [
      'with an export that could not be compared',
      { ...plain, candidate: { ...plain.candidate, exportDifference: Infinity } },
    ],
  ])('%s', (_, evidence) => {
    expect(evidenceSchema.parse(throughJson(encodeEvidence(evidence)))).toEqual(evidence);
  });

  test('regression, with its unknown previous targets', () => {
    const evidence = regressionOf(40, 1.1);
    expect(regressionEvidenceSchema.parse(throughJson(encodeEvidence(evidence)))).toEqual(evidence);
  });

  test('and is judged the same', () => {
    const policy = gatePolicySchema.parse({});
    expect(decideGate(evidenceSchema.parse(throughJson(encodeEvidence(full))), policy)).toEqual(
      decideGate(full, policy),
    );
  });
});

test.each([
  ['no base64', { int32: '*' }],
  ['half an integer', { int32: 'AAAA' }],
  ['another type', { float32: 'AAAAAA==' }],
])('refuses labels that are %s', (_, labels) => {
  const encoded = throughJson(encodeEvidence(plain)) as { windows: object[] };
  const windows = encoded.windows.map((window) => ({ ...window, labels }));
  const parsed = evidenceSchema.safeParse({ ...encoded, windows });
  expect(parsed.success).toBe(false);
  expect(parsed.error?.issues[0]?.path.slice(0, 3)).toEqual(['windows', 0, 'labels']);
});
