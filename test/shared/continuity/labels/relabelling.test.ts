import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findRelabelling,
  type LabelledAnswers,
  type LabelFinding,
  type Renaming,
  sameRenaming,
} from '../../../../shared/continuity/labels/relabelling.ts';
import { createRandom } from '../../../../shared/random.ts';

interface Night {
  readonly n: number;
  readonly classes: number;
  readonly seed: number;
  /** of the answers, how many are right */
  readonly skill: number;
  /** what the label of a true class is */
  readonly label?: (truth: number, random: ReturnType<typeof createRandom>) => number;
  /** how often each class comes, by weight; all alike when left out */
  readonly mix?: readonly number[];
}

/** A version that errs at random among all classes, and the labels of a night. */
function nightOf({ n, classes, seed, skill, label = (truth) => truth, mix }: Night): LabelledAnswers {
  const random = createRandom(seed);
  const answers: number[] = [];
  const labels: number[] = [];
  for (let i = 0; i < n; i++) {
    const truth = mix === undefined ? random.below(classes) : drawBy(mix, random.uniform());
    answers.push(random.uniform() < skill ? truth : random.below(classes));
    labels.push(label(truth, random));
  }
  return { labels, answers };
}

function drawBy(mix: readonly number[], share: number): number {
  const all = mix.reduce((sum, weight) => sum + weight, 0);
  let left = share * all;
  return mix.findIndex((weight) => (left -= weight) < 0);
}

const rotated = (classes: number) => (truth: number) => (truth + 1) % classes;

describe('labels that changed places', () => {
  const sizes = [
    { classes: 2, n: 100 },
    { classes: 7, n: 200 },
    { classes: 40, n: 1_200 },
  ];
  test.each(sizes)('of $classes classes are noticed, and each by its new name', ({ classes, n }) => {
    for (let seed = 1; seed <= 20; seed++) {
      const night = nightOf({ n, classes, seed, skill: 0.9, label: rotated(classes) });
      const finding = findRelabelling(night, classes, 0.9);
      expect(finding.suspicious).toBe(true);
      expect(finding.renamedAgreement).toBeGreaterThan(0.75);
      expect(finding.renamings).toHaveLength(classes);
      for (const { from, to, answered, labelled } of finding.renamings) {
        expect(to).toBe((from + 1) % classes);
        expect(labelled).toBeLessThanOrEqual(answered);
      }
    }
  });

  test('of which only two out of seven did, are noticed where these two are common', () => {
    const swap = (truth: number): number => [1, 0][truth] ?? truth;
    const mix = [4, 4, 1, 1, 1, 1, 1];
    const finding = findRelabelling(
      nightOf({ n: 600, classes: 7, seed: 3, skill: 0.9, label: swap, mix }),
      7,
      0.9,
    );
    expect(finding).toMatchObject({ n: 600, suspicious: true });
    expect(finding.renamings.map(({ from, to }) => [from, to]).sort(([a = 0], [b = 0]) => a - b)).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  test('are noticed where each source reports in turn, so that every second example has other classes', () => {
    const answers = Array.from({ length: 300 }, (_, i) => i % 10);
    const finding = findRelabelling({ answers, labels: answers.map(rotated(10)) }, 10, 0.95);
    expect(finding).toMatchObject({ suspicious: true, agreement: 0, renamedAgreement: 1 });
  });

  test('of two classes are noticed where one of them is nineteen times as common', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const night = nightOf({ n: 300, classes: 2, seed, skill: 0.98, label: rotated(2), mix: [19, 1] });
      expect(findRelabelling(night, 2, 0.98).suspicious).toBe(true);
    }
  });

  test('accuse nobody before there are 20, or where nobody knows how often the model was right', () => {
    const night = nightOf({ n: 100, classes: 2, seed: 1, skill: 0.95, label: rotated(2) });
    expect(findRelabelling(night, 2, null).suspicious).toBe(false);
    const few = nightOf({ n: 19, classes: 2, seed: 1, skill: 1, label: rotated(2) });
    expect(findRelabelling(few, 2, 0.95).suspicious).toBe(false);
    expect(findRelabelling({ labels: [], answers: [] }, 2, 0.95)).toEqual({
      n: 0,
      agreement: 0,
      renamedAgreement: 0,
      renamings: [],
      suspicious: false,
    });
  });

  test('of one group that is repeated prove no more than it does', () => {
    const night = nightOf({ n: 100, classes: 2, seed: 1, skill: 1, label: rotated(2) });
    expect(findRelabelling({ ...night, groups: new Int32Array(100) }, 2, 0.95).suspicious).toBe(false);
    expect(findRelabelling({ ...night, contents: new Int32Array(100) }, 2, 0.95).suspicious).toBe(false);
  });
});

/** In how many of 200 nights somebody would be accused. */
function accused(night: (seed: number) => LabelledAnswers, classes: number, usual: number): number {
  const findings = Array.from({ length: 200 }, (_, i): LabelFinding =>
    findRelabelling(night(i + 1), classes, usual),
  );
  return findings.filter(({ suspicious }) => suspicious).length;
}

describe('nobody is accused', () => {
  test('when inputs drift so far that the model is wrong on half of them', () => {
    expect(accused((seed) => nightOf({ n: 300, classes: 7, seed, skill: 0.4 }), 7, 0.9)).toBe(0);
  });

  test('when inputs drift so far that the model takes one class for its neighbour', () => {
    const night = (seed: number): LabelledAnswers => {
      const { answers, labels } = nightOf({ n: 300, classes: 7, seed, skill: 0.95 });
      return { labels, answers: Array.from(answers, (answer) => (answer === 3 ? 4 : answer)) };
    };
    expect(accused(night, 7, 0.95)).toBe(0);
  });

  // Without a look at the mix of the labels, 7 of 100 such nights were.
  test.each([0.1, 0.3])(
    'when class 0 comes only %f of the time now and the model says nearly always that it does',
    (rare) => {
      for (const constant of [0.9, 0.97]) {
        const night = (seed: number): LabelledAnswers => {
          const random = createRandom(seed);
          const labels = Array.from({ length: 300 }, () => (random.uniform() < rare ? 0 : 1));
          return { labels, answers: labels.map(() => (random.uniform() < constant ? 0 : 1)) };
        };
        expect(accused(night, 2, 0.9)).toBe(0);
      }
    },
  );

  test('when labels are noise, of two classes or of seven', () => {
    for (const classes of [2, 7]) {
      const noise: Night['label'] = (truth, random) =>
        random.uniform() < 0.6 ? random.below(classes) : truth;
      expect(
        accused((seed) => nightOf({ n: 300, classes, seed, skill: 0.9, label: noise }), classes, 0.9),
      ).toBe(0);
    }
  });

  test('when labels are drawn without looking, beyond one night in a hundred', () => {
    const noise: Night['label'] = (_, random) => random.below(2);
    expect(
      accused((seed) => nightOf({ n: 200, classes: 2, seed, skill: 0.9, label: noise }), 2, 0.9),
    ).toBeLessThanOrEqual(2);
  });

  test('on a night like any other', () => {
    expect(accused((seed) => nightOf({ n: 60, classes: 7, seed, skill: 0.9 }), 7, 0.9)).toBe(0);
  });
});

test('agreement, renamed agreement and counts are what counting by hand gives', () => {
  // 20 of each: of what is called 0, 15 are labelled 1; of what is called 1, all are labelled 0.
  const answers = Array.from({ length: 40 }, (_, i) => (i >> 1) & 1);
  const labels = answers.map((answer, i) => (answer === 1 ? 0 : i % 20 < 5 ? 0 : 1));
  const stayed = labels.filter((label, i) => answers[i] === 0 && label === 0).length;
  const finding = findRelabelling({ labels, answers }, 2, 0.95);
  expect(finding.agreement).toBeCloseTo(stayed / 40, 12);
  expect(finding.renamedAgreement).toBeCloseTo((40 - stayed) / 40, 12);
  expect(finding.renamings).toEqual([
    { from: 1, to: 0, answered: 20, labelled: 20 },
    { from: 0, to: 1, answered: 20, labelled: 20 - stayed },
  ]);
});

test('for any labels and answers, shares are shares, and renamings go one to one', () => {
  const pair = fc.tuple(fc.nat(4), fc.nat(4));
  fc.assert(
    fc.property(
      fc.array(pair, { maxLength: 80 }),
      fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      (pairs, usual) => {
        const labels = pairs.map(([label]) => label);
        const answers = pairs.map(([, answer]) => answer);
        const { n, agreement, renamedAgreement, renamings, suspicious } = findRelabelling(
          { labels, answers },
          5,
          usual,
        );
        expect(n).toBe(pairs.length);
        for (const share of [agreement, renamedAgreement]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
        expect(new Set(renamings.map(({ from }) => from)).size).toBe(renamings.length);
        expect(new Set(renamings.map(({ to }) => to)).size).toBe(renamings.length);
        if (suspicious) expect(renamedAgreement).toBeGreaterThan(agreement);
      },
    ),
  );
});

describe('two nights tell the same story', () => {
  const moved = (...pairs: [number, number][]): Renaming[] =>
    pairs.map(([from, to]) => ({ from, to, answered: 10, labelled: 9 }));

  test('when most of the classes that moved went to the same places', () => {
    const night = moved([0, 1], [1, 2], [2, 0]);
    expect(sameRenaming(night, night)).toBe(true);
    expect(sameRenaming(night, moved([1, 2], [2, 0]))).toBe(true);
    expect(sameRenaming(moved([1, 2], [2, 0]), night)).toBe(true);
  });

  test('not when they went elsewhere, or half of them did', () => {
    expect(sameRenaming(moved([0, 1], [1, 2], [2, 0]), moved([0, 2], [2, 1], [1, 0]))).toBe(false);
    expect(sameRenaming(moved([0, 1], [1, 0], [2, 3], [3, 2]), moved([0, 1], [1, 0]))).toBe(false);
  });

  test('not of one class alone, or of none', () => {
    expect(sameRenaming(moved([0, 1]), moved([0, 1]))).toBe(false);
    expect(sameRenaming([], [])).toBe(false);
  });
});
