/**
 * Whether a night's labels were swapped: the champion still tells the examples apart as well as it ever did, but each of
 * its classes has come to mean another. Swapped and shifted labels look like this; examples that changed do not, because
 * no renaming of the answers makes a model right on what it no longer recognises.
 *
 * The idea is confident learning's (Northcutt, Jiang & Chuang 2021, JAIR 70:1373, arXiv:1911.00068): count given labels
 * against confident answers, and read the joint. Here the joint is asked for one thing, the best renaming: it is fitted
 * on one half of the examples and tried on the other, so that a class with few examples proves nothing. And it has to be
 * right more often than the mix of the labels explains: where a version says nearly always the same and another class
 * comes more often now, a renaming gains as well, and no label was swapped.
 */
import { halfOf, lowerBound, type Ties } from './shown.ts';

/** Below so many examples nobody can tell. */
const LEAST_EXAMPLES = 20;
/** A class that was renamed, of so many of its answers at least. */
const LEAST_OF_CLASS = 4;
/** What agreement has to lose before anybody asks why. */
const LEAST_LOSS = 0.1;
/** Share of the loss that renaming must make good. */
const LEAST_RECOVERED = 0.6;

/** A night's labels beside the answers of one version, class ids in order of time, [n] each. */
export interface LabelledAnswers extends Ties {
  readonly labels: ArrayLike<number>;
  readonly answers: ArrayLike<number>;
}

/** `from`: what the version says; `to`: what the labels say. */
export interface Renaming {
  readonly from: number;
  readonly to: number;
  /** examples with this answer, and how many of them have this label */
  readonly answered: number;
  readonly labelled: number;
}

export interface LabelFinding {
  readonly n: number;
  /** share of the labels that agree with the version's answers */
  readonly agreement: number;
  /** the same after the best renaming, each half judged by the other half's */
  readonly renamedAgreement: number;
  /** classes that moved, most examples first; [] where none did */
  readonly renamings: readonly Renaming[];
  readonly suspicious: boolean;
}

/**
 * @param usual  the version's, or its predecessors', agreement on nights before, in [0, 1]; null where none is known,
 *               and then nothing is suspicious: a model that was never right can't accuse anybody
 */
export function findRelabelling(given: LabelledAnswers, classes: number, usual: number | null): LabelFinding {
  const { labels, answers } = given;
  const n = labels.length;
  const agreement = agreementOf(labels, answers, null);
  const halves = [0, 1].map((half) => bestRenaming(countPairs(given, classes, 1 - half)));
  const shares = sharesOf(labels, classes);
  const gains = new Float64Array(n);
  const beyondChance = new Float64Array(n);
  let renamed = 0;
  for (let i = 0; i < n; i++) {
    const [label, answer] = [labels[i] as number, answers[i] as number];
    const name = halves[halfOf(i)]?.get(answer) ?? answer;
    const right = name === label ? 1 : 0;
    renamed += right;
    gains[i] = right - (answer === label ? 1 : 0);
    beyondChance[i] = right - (shares[name] as number);
  }
  const renamedAgreement = n === 0 ? 0 : renamed / n;
  const renamings = movedClasses(given, classes);
  const suspicious =
    n >= LEAST_EXAMPLES &&
    usual !== null &&
    renamings.length >= 2 &&
    usual - agreement >= LEAST_LOSS &&
    renamedAgreement - agreement >= LEAST_RECOVERED * (usual - agreement) &&
    lowerBound(gains, given) > 0 &&
    lowerBound(beyondChance, given) > 0;
  return { n, agreement, renamedAgreement, renamings, suspicious };
}

/** Whether two nights tell the same story: most of the classes that moved in one moved to the same place in the other. */
export function sameRenaming(a: readonly Renaming[], b: readonly Renaming[]): boolean {
  const there = new Map(b.map(({ from, to }) => [from, to]));
  const same = a.filter(({ from, to }) => there.get(from) === to).length;
  return same >= 2 && 2 * same > Math.max(a.length, b.length);
}

function agreementOf(
  labels: ArrayLike<number>,
  answers: ArrayLike<number>,
  renaming: ReadonlyMap<number, number> | null,
): number {
  const n = labels.length;
  let right = 0;
  for (let i = 0; i < n; i++) {
    const answer = answers[i] as number;
    if ((renaming?.get(answer) ?? answer) === labels[i]) right++;
  }
  return n === 0 ? 0 : right / n;
}

/** How often each label comes, [classes]; a renaming that is right as often as that knows nothing of the examples. */
function sharesOf(labels: ArrayLike<number>, classes: number): Float64Array {
  const shares = new Float64Array(classes);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    shares[label] = (shares[label] as number) + 1 / labels.length;
  }
  return shares;
}

/** Counts by answer and label, [classes, classes]; of one half of the examples, or of all. */
function countPairs({ labels, answers }: LabelledAnswers, classes: number, half: number | null) {
  const counts = new Uint32Array(classes * classes);
  for (let i = 0; i < labels.length; i++) {
    if (half !== null && halfOf(i) !== half) continue;
    const cell = (answers[i] as number) * classes + (labels[i] as number);
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  return { counts, classes };
}

/** One label for each answer and one answer for each label, the largest counts first. Answers without a place keep theirs. */
function bestRenaming({ counts, classes }: { counts: Uint32Array; classes: number }): Map<number, number> {
  const cells = [...counts.keys()].filter((cell) => (counts[cell] as number) > 0);
  // Among equals what stays where it is comes first.
  const stays = (cell: number): number => (Math.floor(cell / classes) === cell % classes ? 1 : 0);
  cells.sort((a, b) => (counts[b] as number) - (counts[a] as number) || stays(b) - stays(a) || a - b);
  const renaming = new Map<number, number>();
  const taken = new Set<number>();
  for (const cell of cells) {
    const [from, to] = [Math.floor(cell / classes), cell % classes];
    if (renaming.has(from) || taken.has(to)) continue;
    renaming.set(from, to);
    taken.add(to);
  }
  return renaming;
}

/** Classes of which more than half of the answers have come to mean one other class, in a renaming that is one to one. */
function movedClasses(given: LabelledAnswers, classes: number): Renaming[] {
  const { counts } = countPairs(given, classes, null);
  return [...bestRenaming({ counts, classes })]
    .map(([from, to]): Renaming => {
      const row = counts.subarray(from * classes, (from + 1) * classes);
      const answered = row.reduce((sum, count) => sum + count, 0);
      return { from, to, answered, labelled: row[to] as number };
    })
    .filter(
      ({ from, to, answered, labelled }) =>
        from !== to && answered >= LEAST_OF_CLASS && 2 * labelled > answered,
    )
    .sort((a, b) => b.labelled - a.labelled || a.from - b.from);
}
