/**
 * What is to be said of a night's labels beside one version's answers: which fault they show, if any. Labels are asked
 * whether classes changed places, targets whether their unit did, and both whether they still belong to their examples.
 */
import type { Agreement, ClassRecall } from '../../shared/continuity/referee/ledger.ts';
import { findRelabelling, type Renaming, sameRenaming } from '../../shared/continuity/labels/relabelling.ts';
import { findRescaling, sameScale, type Scale } from '../../shared/continuity/labels/rescaling.ts';
import type { Rows } from '../../shared/continuity/labels/neighbours.ts';
import { THIRDS, thirdsOf } from '../../shared/continuity/labels/thirds.ts';
import { type Contradicted, findUnrelated } from '../../shared/continuity/labels/unrelated.ts';
import { rawSize } from '../../shared/model/spec/input.ts';
import type { Quarantine } from '../../shared/registry/quarantine.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import type { Replayed } from '../referee/replay.ts';

/** What served was right on before: null where nobody knows. */
export interface Usual {
  /** share of labels that agreed; of numbers, that lay in the same third */
  readonly agreement: number | null;
  /** of numbers, mean absolute error */
  readonly error: number | null;
  /** classes that it was right on; null where nobody knows */
  readonly known: ReadonlySet<number> | null;
}

/** What of a replay is looked at. */
export type Night = Pick<Replayed, 'labels' | 'groups' | 'contents' | 'answers'>;

/** A night's labels beside one version's answers. */
export interface Look {
  readonly n: number;
  readonly agreement: number;
  /** mean absolute error; null of classes */
  readonly error: number | null;
  /** which fault they show; null for none */
  readonly kind: Quarantine['kind'] | null;
  readonly renamings: readonly Renaming[];
  readonly scale: Scale | null;
  readonly contradicted: readonly Contradicted[];
  /** of classes, each that came in */
  readonly recalls: readonly ClassRecall[];
}

/** How neighbours are looked for: at most so many examples, and about so many multiplications. */
const MOST_NEIGHBOURS = 1_000;
const MOST_WORK = 4e8;
/** A former champion that is right about as often as what served usually was, or off by little more, knows them. */
const FAMILIAR = 0.1;
const FAMILIAR_ERROR = 1.5;

/** Of a version that is older than the label. */
const NO_ANSWER = -1;

/** Examples as the model sees them, at some positions of a night; null where they can't be had. */
export type RowsAt = (positions: readonly number[]) => Promise<Rows | null>;

/**
 * @param version  whose answers they are held against, by its number
 * @param usual    of a regression both of it, of classes the agreement
 */
export async function lookAtLabels(
  spec: Spec,
  seen: Night,
  version: number,
  usual: Usual,
  rowsAt: RowsAt,
): Promise<Look> {
  const plain = lookPlainly(spec, seen, version, usual);
  const lost = usual.agreement !== null && plain.agreement < usual.agreement;
  if (plain.kind !== null || !lost) return plain;
  const chosen = spread(seen.labels.length, mostExamples(spec));
  const rows = await rowsAt(chosen);
  if (rows === null) return plain;
  const { labels, answers, classes } = asClasses(spec, seen, version);
  const found = findUnrelated(
    { labels: at(labels, chosen), answers: at(answers, chosen), ...tiesOf(seen, chosen) },
    rows,
    classes,
    usual.agreement,
  );
  return found.suspicious ? { ...plain, kind: 'unrelated', contradicted: found.classes } : plain;
}

/** What the answers alone say. */
export function lookPlainly(spec: Spec, seen: Night, version: number, usual: Usual): Look {
  const { labels, answers, classes } = asClasses(spec, seen, version);
  const ties = tiesOf(seen, null);
  const none = { error: null, kind: null, renamings: [], scale: null, contradicted: [], recalls: [] };
  if (spec.task === 'classification') {
    const told = [...labels.keys()].filter((i) => usual.known?.has(labels[i] as number) ?? true);
    const { renamings, suspicious } = findRelabelling(
      { labels: at(labels, told), answers: at(answers, told), ...tiesOf(seen, told) },
      classes,
      usual.agreement,
    );
    const recalls = recallsOf(labels, answers);
    const right = recalls.reduce((sum, each) => sum + each.right, 0);
    const agreement = labels.length === 0 ? 0 : right / labels.length;
    return { ...none, n: labels.length, agreement, renamings, recalls, kind: suspicious ? 'renamed' : null };
  }
  const said = answersOf(seen, version);
  const { n, error, scale, suspicious } = findRescaling(
    { targets: seen.labels, answers: said, ...ties },
    usual.error,
  );
  const same = labels.filter((third, i) => third === answers[i]).length;
  const agreement = n === 0 ? 0 : same / n;
  return {
    ...none,
    n,
    agreement,
    error,
    scale: suspicious ? scale : null,
    kind: suspicious ? 'rescaled' : null,
  };
}

/** Whether labels that were kept apart tell what these do. */
export function tellsTheSame(
  before: Quarantine,
  now: Look,
  seen: Night,
  version: number,
  usual: Usual,
): boolean {
  if (before.kind !== now.kind) return false;
  switch (before.kind) {
    case 'renamed':
      return sameRenaming(before.renamings, now.renamings);
    case 'rescaled':
      return (
        before.scale !== null &&
        now.scale !== null &&
        sameScale(before.scale, now.scale, answersOf(seen, version), usual.error ?? 0)
      );
    case 'unrelated':
      return true;
  }
}

/** Whether a version is as right on these labels as what served usually was. */
export function isFamiliar({ kind }: Look, there: Look, usual: Usual): boolean {
  if (kind === 'rescaled')
    return usual.error !== null && there.error !== null && there.error <= FAMILIAR_ERROR * usual.error;
  return usual.agreement !== null && there.agreement >= usual.agreement - FAMILIAR;
}

/** What a ledger keeps of a night that is believed. */
export function agreementOf({ n, agreement, error, recalls }: Look): Agreement {
  return {
    n,
    right: Math.round(agreement * n),
    ...(error !== null && { error: error * n }),
    ...(recalls.length > 0 && { recalls }),
  };
}

function recallsOf(labels: Int32Array, answers: Int32Array): ClassRecall[] {
  const counts = new Map<number, { n: number; right: number }>();
  for (const [i, label] of labels.entries()) {
    const count = counts.get(label) ?? { n: 0, right: 0 };
    counts.set(label, { n: count.n + 1, right: count.right + (answers[i] === label ? 1 : 0) });
  }
  return [...counts].map(([label, count]) => ({ label, ...count })).sort((a, b) => a.label - b.label);
}

/** Labels and answers as class ids; of numbers, as thirds. */
export function asClasses(spec: Spec, seen: Night, version: number) {
  const said = answersOf(seen, version);
  return spec.task === 'classification'
    ? {
        labels: Int32Array.from(seen.labels),
        answers: Int32Array.from(said, (answer) => (Number.isNaN(answer) ? NO_ANSWER : answer)),
        classes: spec.labels.length,
      }
    : { labels: thirdsOf(seen.labels), answers: thirdsOf(said), classes: THIRDS };
}

function answersOf({ answers }: Night, version: number): Float64Array {
  return answers.get(version) ?? new Float64Array(0);
}

/** Of so many that all pairs of two halves take about `MOST_WORK`. */
function mostExamples(spec: Spec): number {
  return Math.min(MOST_NEIGHBOURS, Math.floor(Math.sqrt((2 * MOST_WORK) / rawSize(spec.input))));
}

/** At most so many positions, evenly over all. */
function spread(n: number, most: number): number[] {
  const size = Math.min(n, most);
  return Array.from({ length: size }, (_, i) => Math.floor((i * n) / size));
}

function at(values: Int32Array, chosen: readonly number[]): Int32Array {
  return Int32Array.from(chosen, (i) => values[i] as number);
}

function tiesOf({ groups, contents }: Night, chosen: readonly number[] | null) {
  const pick = (ids: Int32Array): Int32Array => (chosen === null ? ids : at(ids, chosen));
  return { contents: pick(contents), ...(groups && { groups: pick(groups) }) };
}
