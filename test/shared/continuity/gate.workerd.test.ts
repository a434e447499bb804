import { expect, test } from 'vitest';
import { decideGate } from '../../../shared/continuity/gate.ts';
import { gatePolicySchema } from '../../../shared/continuity/policy/policy.ts';
import { evidenceOf } from './make-evidence.ts';

test('the gate, with the libraries it uses, decides inside the Workers runtime', () => {
  const kept = { gains: 10, losses: 10, n: 2_000, bothWrong: 100 };
  const verdict = decideGate(evidenceOf([kept], { ...kept, gains: 60 }), gatePolicySchema.parse({}));
  expect(verdict.summary).toContain('At least 1.9 points better than version 3');
});
