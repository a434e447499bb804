import { describe, expect, test } from 'vitest';
import { findNeighbours, nameByNeighbours } from '../../../../shared/continuity/labels/neighbours.ts';
import type { LabelledAnswers } from '../../../../shared/continuity/labels/relabelling.ts';
import { thirdsOf } from '../../../../shared/continuity/labels/thirds.ts';
import { findUnrelated, type UnrelatedFinding } from '../../../../shared/continuity/labels/unrelated.ts';
import { createRandom, type Random } from '../../../../shared/random.ts';

const FEATURES = 4;

interface Night {
  readonly n: number;
  readonly classes: number;
  readonly seed: number;
  /** share of labels that are what the cloud says; the rest is noise that nobody can know */
  readonly clean?: number;
  /** what is labelled, from the right labels in order of time */
  readonly told?: (labels: readonly number[], random: Random) => readonly number[];
  /** the champion's answer to an example of a class */
  readonly answer?: (truth: number, random: Random) => number;
}

/** Clouds a class, well apart; the champion knows nine in ten. */
function nightOf({ n, classes, seed, clean = 1, told = (labels) => labels, answer }: Night) {
  const random = createRandom(seed);
  const values = new Float32Array(n * FEATURES);
  const labels: number[] = [];
  const answers: number[] = [];
  for (let i = 0; i < n; i++) {
    const truth = random.below(classes);
    for (let k = 0; k < FEATURES; k++)
      values[i * FEATURES + k] = ((truth * (k + 3) * 7) % 11) + random.uniform() + random.uniform();
    labels.push(random.uniform() < clean ? truth : random.below(classes));
    answers.push(answer?.(truth, random) ?? (random.uniform() < 0.9 ? truth : random.below(classes)));
  }
  return { given: { labels: told(labels, random), answers }, rows: { values, size: FEATURES } };
}

const look = (night: Night, usual: number | null): UnrelatedFinding => {
  const { given, rows } = nightOf(night);
  return findUnrelated(given, rows, night.classes, usual);
};

function shuffled(labels: readonly number[], random: Random): number[] {
  const all = [...labels];
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [all[i], all[j]] = [all[j] as number, all[i] as number];
  }
  return all;
}

const byOneRow = (labels: readonly number[]): number[] =>
  labels.map((_, i) => labels[(i + 1) % labels.length] as number);

const USUAL = { 2: 0.95, 7: 0.91 } as const;

describe('labels that lost their examples are noticed', () => {
  test.each([2, 7] as const)('shuffled, of %i classes: at least 49 of 50 nights of 200', (classes) => {
    const found = Array.from({ length: 50 }, (_, i) =>
      look({ n: 200, classes, seed: i + 1, told: shuffled }, USUAL[classes]),
    );
    expect(found.filter(({ suspicious }) => suspicious).length).toBeGreaterThanOrEqual(49);
  });

  test('moved on by a row', () => {
    const found = Array.from({ length: 50 }, (_, i) =>
      look({ n: 200, classes: 7, seed: i + 1, told: byOneRow }, USUAL[7]),
    );
    expect(found.filter(({ suspicious }) => suspicious).length).toBeGreaterThanOrEqual(49);
    const [first] = found;
    expect(first?.classes[0]?.contradicted).toBeGreaterThan(0);
    for (const { labelled, contradicted } of first?.classes ?? [])
      expect(contradicted).toBeLessThanOrEqual(labelled);
  });
});

function accused(nights: number, night: Omit<Night, 'seed'>, usual: number | null): number {
  return Array.from({ length: nights }, (_, i) => look({ ...night, seed: i + 1 }, usual)).filter(
    ({ suspicious }) => suspicious,
  ).length;
}

describe('nobody is accused', () => {
  test('on a night like any other', () => {
    expect(accused(100, { n: 200, classes: 7 }, 0.91)).toBe(0);
  });

  test('when the champion no longer knows examples that their neighbours know', () => {
    const lost = (_: number, random: Random): number => random.below(7);
    expect(accused(100, { n: 200, classes: 7, answer: lost }, 0.91)).toBe(0);
  });

  test('when every class came to mean another: that is a renaming, and neighbours know it', () => {
    expect(accused(100, { n: 200, classes: 7, told: (labels) => labels.map((l) => (l + 1) % 7) }, 0.91)).toBe(
      0,
    );
  });

  test('when a third of the labels is noise', () => {
    expect(accused(100, { n: 200, classes: 7, clean: 0.67 }, 0.91)).toBe(0);
  });

  test('when another mix of classes comes in, all of one kind', () => {
    expect(accused(100, { n: 200, classes: 2, told: (labels) => labels.map(() => 1) }, 0.95)).toBe(0);
  });

  test('by 39 labels, or where nobody knows how often the champion was right', () => {
    expect(accused(50, { n: 39, classes: 2, told: shuffled }, 0.95)).toBe(0);
    expect(accused(50, { n: 200, classes: 2, told: shuffled }, null)).toBe(0);
  });

  test('by one group that is repeated', () => {
    const { given, rows } = nightOf({ n: 200, classes: 2, seed: 1, told: shuffled });
    const one: LabelledAnswers = { ...given, groups: new Int32Array(200) };
    expect(findUnrelated(one, rows, 2, 0.95).suspicious).toBe(false);
  });
});

test('neighbours are those that looking at all of the other half gives', () => {
  const random = createRandom(5);
  const n = 60;
  const values = Float32Array.from({ length: n * 3 }, () => random.uniform());
  const halves = Uint8Array.from({ length: n }, () => random.below(2));
  const row = (i: number): number[] => Array.from(values.subarray(3 * i, 3 * i + 3));
  const distance = (i: number, j: number): number =>
    Math.hypot(...row(i).map((value, k) => value - (row(j)[k] as number)));
  for (const [i, near] of findNeighbours({ values, size: 3 }, halves).entries()) {
    const others = Array.from({ length: n }, (_, j) => j).filter((j) => halves[j] !== halves[i]);
    const farthest = Math.max(...Array.from(near, (j) => distance(i, j)));
    expect(near).toHaveLength(5);
    expect(others.filter((j) => distance(i, j) < farthest)).toHaveLength(4);
  }
});

test('the name that most neighbours have counts, of equals the nearest; without neighbours there is none', () => {
  const names = [0, 1, 1, 2, 2];
  expect([
    ...nameByNeighbours([Int32Array.of(0, 1, 2), Int32Array.of(3, 1, 0), new Int32Array(0)], names),
  ]).toEqual([1, 2, -1]);
});

test('thirds go by rank, whatever the unit', () => {
  expect([...thirdsOf([30, 10, 20])]).toEqual([2, 0, 1]);
  const values = [5, -1, 7, 3, 3, 12, 0.5];
  expect(thirdsOf(values.map((value) => 1.8 * value + 32))).toEqual(thirdsOf(values));
  expect([...thirdsOf([1, 1, 1])]).toEqual([2, 2, 2]);
});
