import { expect, test } from 'vitest';
import type { Evidence, WindowEvidence } from '../../../../shared/continuity/evidence/evidence.ts';
import { encodeEvidence } from '../../../../shared/continuity/evidence/evidence-json.ts';
import { decideAnyGate } from '../../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../../shared/continuity/policy/policy.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import {
  findEvidence,
  loadEvidence,
  saveEvidence,
} from '../../../../trainer/pipeline/judge/evidence-file.ts';
import { makeContext } from '../make-context.ts';

const EVIDENCE: Evidence = {
  classes: ['no', 'yes'],
  majority: 1,
  windows: [
    {
      id: 'w01 2026-11-20',
      kind: 'current',
      fromMs: 0,
      toMs: 10,
      exampleIds: ['a', 'b'],
      labels: Int32Array.of(0, 1),
      candidate: Int32Array.of(0, 0),
      champion: Int32Array.of(1, 1),
      candidateProbabilities: Float32Array.of(0.9, 0.1, 0.7, 0.3),
      championProbabilities: Float32Array.of(0.1, 0.9, Math.fround(1e-20), 1),
      groups: Int32Array.of(-1, 3),
      features: [Int32Array.of(2, -1)],
      previousLabels: Int32Array.of(-1, 0),
    },
  ],
  candidate: {
    digest: 'c',
    finite: true,
    reproduces: true,
    exportAgrees: false,
    exportDifference: Number.POSITIVE_INFINITY,
    trainedOn: 9,
  },
  champion: { version: 1, digest: 'd' },
  features: [{ name: 'device', values: ['phone', 'desk', 'watch'] }],
  edge: {
    candidateBytes: 10,
    championBytes: 11,
    memoryBytes: 12,
    candidateMs: Float64Array.of(0.1),
    championMs: Float64Array.of(0.3),
  },
  selfTests: [{ id: 'broken', passed: true, detail: 'refused' }],
};

async function savedText(change: (text: string) => string) {
  const ctx = makeContext('r1');
  await saveEvidence(ctx, EVIDENCE);
  const key = keys.run('blobs', 'r1', 'evidence.json');
  const text = new TextDecoder().decode((await ctx.store.get(key))?.bytes);
  await ctx.store.put(key, new TextEncoder().encode(change(text)));
  return ctx;
}

test('comes back bit for bit, infinity included', async () => {
  expect(await loadEvidence(await savedText((text) => text))).toEqual(EVIDENCE);
});

test('is compact: a probability takes less than six characters', async () => {
  const n = 10_000;
  const probabilities = Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? 1 / 3 : 2 / 3));
  const [window] = EVIDENCE.windows as [WindowEvidence];
  const windows = [{ ...window, candidateProbabilities: probabilities }];
  const [small, large] = [EVIDENCE, { ...EVIDENCE, windows }].map(
    (evidence) => JSON.stringify(encodeEvidence(evidence)).length,
  );
  expect((large ?? 0) - (small ?? 0)).toBeLessThan(6 * 2 * n);
});

test.each([
  [
    'probabilities that are no numbers',
    (t: string) => t.replace(/("championProbabilities":{"float32":")[^"]+/, '$1AAAA'),
    'windows.0.championProbabilities: expected base64',
  ],
  ['half a file', (t: string) => t.slice(0, 300), 'expected JSON'],
])('%s: refused by name', async (_, change, message) => {
  await expect(loadEvidence(await savedText(change))).rejects.toThrow(message);
});

test('rows that are missing hold the candidate, by name', async () => {
  const cut = (text: string) =>
    text.replace(/("candidateProbabilities":{"float32":")[^"]+/, '$1AACAPwAAAAA=');
  const verdict = decideAnyGate(await loadEvidence(await savedText(cut)), gatePolicySchema.parse({}));
  expect(verdict.verdict).toBe('hold');
  expect(verdict.reasons.join()).toContain('windows[0].candidateProbabilities: expected 4 numbers');
});

test('is found again for the candidate it was gathered for, and for no other', async () => {
  const ctx = await savedText((text) => text);
  expect((await findEvidence(ctx, 'c'))?.edge?.memoryBytes).toBe(12);
  expect(await findEvidence(ctx, 'another')).toBeNull();
  expect(await findEvidence(makeContext('r2', ctx.store), 'c')).toBeNull();
});
