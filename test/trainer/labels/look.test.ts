/**
 * A class that what served never knew is answered with another one, run after run: that is no renaming.
 */
import { expect, test } from 'vitest';
import { type Spec, specSchema } from '../../../shared/model/spec/spec.ts';
import { agreementOf, lookPlainly, type Night } from '../../../trainer/labels/look.ts';

const CLASSES = 12;
const KNOWN = 8;
const RUN = 10;
const SENT = [0, 1, 2, 3, 8, 9, 10, 11];
const VERSION = 1;

const spec: Spec = specSchema.parse({
  format: 'holdfast-spec/1',
  name: 'runs',
  task: 'classification',
  labels: Array.from({ length: CLASSES }, (_, i) => `object ${i}`),
  input: { kind: 'tabular', features: [{ name: 'x', type: 'number' }] },
  salt: 'ab'.repeat(32),
});

/** Objects in runs of ten pictures each; those that are new are taken for known ones that nobody sends that night. */
function night(told: (label: number) => number = (label) => label): Night {
  const runs = Array.from({ length: 24 }, (_, i) => SENT[i % SENT.length] as number);
  const truths = runs.flatMap((label) => Array.from({ length: RUN }, () => label));
  const answers = truths.map((label) => (label < KNOWN ? label : label - 4));
  return {
    labels: Float64Array.from(truths, told),
    groups: null,
    contents: Int32Array.from(truths, (_, i) => i),
    answers: new Map([[VERSION, Float64Array.from(answers)]]),
  };
}

const usual = { agreement: 0.9, error: null };
const first = new Set(Array.from({ length: KNOWN }, (_, i) => i));

test('labels of classes that it never knew accuse nobody, and count as wrong answers all the same', () => {
  const look = lookPlainly(spec, night(), VERSION, { ...usual, known: first });
  expect(look.kind).toBeNull();
  expect(look.n).toBe(240);
  expect(look.agreement).toBe(0.5);
});

test('taken for classes that it knew, they would: that is what is kept from happening', () => {
  const all = new Set(Array.from({ length: CLASSES }, (_, i) => i));
  expect(lookPlainly(spec, night(), VERSION, { ...usual, known: all }).kind).toBe('renamed');
  expect(lookPlainly(spec, night(), VERSION, { ...usual, known: null }).kind).toBe('renamed');
});

test('classes that it knew and that changed places are noticed among those that it never knew', () => {
  const rotated = (label: number): number => (label < KNOWN ? (label + 1) % KNOWN : label);
  const look = lookPlainly(spec, night(rotated), VERSION, { ...usual, known: first });
  expect(look.kind).toBe('renamed');
  for (const { from, to } of look.renamings) expect(to).toBe((from + 1) % KNOWN);
});

test('a ledger is told how each class fared', () => {
  const believed = agreementOf(lookPlainly(spec, night(), VERSION, { ...usual, known: first }));
  expect(believed.recalls?.reduce((sum, { n }) => sum + n, 0)).toBe(240);
  for (const { label, n, right } of believed.recalls ?? []) expect(right).toBe(label < KNOWN ? n : 0);
});
