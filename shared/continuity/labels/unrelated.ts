/**
 * Whether a night's labels have lost their examples: shuffled, or moved on by a row. They contradict the champion where
 * it used to be right, and they teach nothing themselves.
 *
 * Confident learning (Northcutt, Jiang & Chuang 2021, JAIR 70:1373, arXiv:1911.00068) counts labels that a model
 * contradicts although it never learned from them. One model is not enough here: on examples that drifted a model is
 * wrong, and as sure of itself as ever (Ovadia et al. 2019, arXiv:1906.02530). So two have to contradict: the champion,
 * and whatever could be learned tonight. The second is a vote of neighbours, each half of the night named by the other.
 * Drifted examples are wrong for the champion, and their neighbours know them; shuffled labels nobody can know.
 *
 * Whether neighbours could have learned anything from so many examples is asked of the same inputs with the champion's
 * answers in the place of the labels. Where they learn little from those, nothing is said.
 */
import { findNeighbours, nameByNeighbours, type Rows } from './neighbours.ts';
import type { LabelledAnswers } from './relabelling.ts';
import { halfOf, lowerBound } from './shown.ts';

/** Below so many examples nobody can tell. */
const LEAST_EXAMPLES = 40;
/** What agreement has to lose before anybody asks why. */
const LEAST_LOSS = 0.1;
/** Share of what neighbours should know of these labels, below which these have lost their examples. */
const LEAST_KNOWN = 0.5;
/**
 * Shuffling leaves the mix of the labels as it was, and that is about the mix of the answers. Where they differ by more
 * (total variation), what comes in has changed.
 */
const MOST_MOVED = 0.2;
/** A class that is named: so many of its labels at least. */
const LEAST_OF_CLASS = 4;

/** Labels of one class, and how many of them the champion contradicts. */
export interface Contradicted {
  readonly label: number;
  readonly labelled: number;
  readonly contradicted: number;
}

export interface UnrelatedFinding {
  readonly n: number;
  /** share of the labels that agree with the champion */
  readonly agreement: number;
  /** how much more often than their mix explains neighbours know the labels, and the champion's answers */
  readonly known: number;
  readonly knowable: number;
  /** the most contradicted first */
  readonly classes: readonly Contradicted[];
  readonly suspicious: boolean;
}

/**
 * @param given  labels, and answers of a champion that did not learn from them
 * @param rows   the examples as the model sees them
 * @param usual  agreement on nights before, in [0, 1]; null where none is known, and then nothing is suspicious
 */
export function findUnrelated(
  given: LabelledAnswers,
  rows: Rows,
  classes: number,
  usual: number | null,
): UnrelatedFinding {
  const { labels, answers } = given;
  const n = labels.length;
  const right = Float64Array.from({ length: n }, (_, i) => (labels[i] === answers[i] ? 1 : 0));
  const agreement = mean(right);
  const neighbours = n < LEAST_EXAMPLES ? [] : findNeighbours(rows, halve(given));
  const [ofLabels, ofAnswers] = [labels, answers].map((names) => beyondChance(names, neighbours, classes));
  const [known, knowable] = [mean(ofLabels as Float64Array), mean(ofAnswers as Float64Array)];
  const expected = LEAST_KNOWN * skillOf(usual ?? 0, given, classes);
  const suspicious =
    n >= LEAST_EXAMPLES &&
    usual !== null &&
    movedMix(given, classes) <= MOST_MOVED &&
    lowerBound(
      right.map((value) => usual - LEAST_LOSS - value),
      given,
    ) > 0 &&
    // Half of what should be known, and what is: the difference is shown.
    lowerBound(
      (ofAnswers as Float64Array).map((could, i) => (expected * could - (ofLabels?.[i] ?? 0)) / 2),
      given,
    ) > 0;
  return { n, agreement, known, knowable, classes: contradictions(given, classes), suspicious };
}

/** How far the champion usually is above chance, 0 to 1: so far labels follow what its answers follow. */
function skillOf(usual: number, { labels, answers }: LabelledAnswers, classes: number): number {
  const [labelled, answered] = [mixOf(labels, classes), mixOf(answers, classes)];
  const chance = labelled.reduce((sum, share, c) => sum + share * (answered[c] as number), 0);
  return chance >= 1 ? 0 : Math.max(0, (usual - chance) / (1 - chance));
}

/** 1 where neighbours have the name right, less how often that name comes anyway; in [-1, 1], [n]. */
function beyondChance(
  names: ArrayLike<number>,
  neighbours: readonly Int32Array[],
  classes: number,
): Float64Array {
  const mix = mixOf(names, classes);
  const said = nameByNeighbours(neighbours, names);
  return Float64Array.from(said, (name, i) =>
    name < 0 ? 0 : (name === names[i] ? 1 : 0) - (mix[name] as number),
  );
}

/** Each unit on one side: what is tied together by its group or its content lies in one half. */
function halve({ labels, groups, contents }: LabelledAnswers): Uint8Array {
  const sides = new Map<string, number>();
  return Uint8Array.from({ length: labels.length }, (_, i) => {
    const group = groups?.[i] ?? -1;
    const name = group >= 0 ? `g${group}` : `c${contents?.[i] ?? -1 - i}`;
    const side = sides.get(name) ?? halfOf(sides.size);
    sides.set(name, side);
    return side;
  });
}

function mixOf(names: ArrayLike<number>, classes: number): Float64Array {
  const mix = new Float64Array(classes);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as number;
    mix[name] = (mix[name] as number) + 1 / names.length;
  }
  return mix;
}

/** Total variation between the mix of the labels and that of the answers, 0 to 1. */
function movedMix({ labels, answers }: LabelledAnswers, classes: number): number {
  const answered = mixOf(answers, classes);
  return mixOf(labels, classes).reduce(
    (sum, share, c) => sum + Math.abs(share - (answered[c] as number)) / 2,
    0,
  );
}

function contradictions({ labels, answers }: LabelledAnswers, classes: number): Contradicted[] {
  const counts = Array.from({ length: classes }, () => ({ labelled: 0, contradicted: 0 }));
  for (let i = 0; i < labels.length; i++) {
    const count = counts[labels[i] as number];
    if (count === undefined) continue;
    count.labelled++;
    if (labels[i] !== answers[i]) count.contradicted++;
  }
  return counts
    .map((count, label) => ({ label, ...count }))
    .filter(({ labelled, contradicted }) => labelled >= LEAST_OF_CLASS && contradicted > 0)
    .sort((a, b) => b.contradicted / b.labelled - a.contradicted / a.labelled || a.label - b.label);
}

function mean(values: Float64Array): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
