/**
 * Windows as the checks see them: the current one, and past ones large enough to judge.
 */
import { joinFloats } from '../../bytes.ts';
import type { Evidence, WindowEvidence } from './evidence.ts';

/** A window whose champion is known to be there. */
export interface ComparedWindow extends WindowEvidence {
  readonly champion: Int32Array;
}

/** What of the evidence says who is compared, and on what. */
type Compared = Pick<Evidence, 'windows' | 'champion'>;

/** One past window, or neighbours in time taken together. */
export interface Pool<Window> {
  /** `2026-11-20`, or `2026-11-20 … 2026-11-23` */
  readonly id: string;
  readonly windows: readonly Window[];
  /** past windows that came after its newest one: 0 for the newest pool */
  readonly age: number;
}

/** The current window. @throws RangeError when there is none: validateEvidence refuses that first */
export function currentWindow<Window extends { readonly kind: 'past' | 'current' }>({
  windows,
}: {
  readonly windows: readonly Window[];
}): Window {
  const current = windows.at(-1);
  if (current?.kind !== 'current') throw new RangeError('expected the current window last, found none');
  return current;
}

/**
 * Windows with the champion's predictions, [] when there is no champion. Labels that it is older than are left out: nobody
 * is compared by what one of the two could not have said.
 */
export function comparedWindows({ windows, champion }: Compared): ComparedWindow[] {
  const compared = windows.filter((window): window is ComparedWindow => window.champion !== null);
  const known = champion?.classes;
  return known === undefined ? compared : compared.map((window) => withoutLabelsFrom(window, known));
}

/** How many held-out examples have a label that the champion is older than. */
export function countBeyond({ windows, champion }: Compared): number {
  const known = champion?.classes;
  if (known === undefined) return 0;
  return windows.reduce((sum, { labels }) => sum + labels.filter((label) => label >= known).length, 0);
}

function withoutLabelsFrom(window: ComparedWindow, known: number): ComparedWindow {
  const { labels, candidateProbabilities, championProbabilities, groups, contents, features } = window;
  const kept = [...labels.keys()].filter((i) => (labels[i] as number) < known);
  if (kept.length === labels.length) return window;
  const ids = (column: Int32Array): Int32Array => Int32Array.from(kept, (i) => column[i] as number);
  const rows = (matrix: Float32Array): Float32Array => {
    const width = matrix.length / labels.length;
    return joinFloats(kept.map((i) => matrix.subarray(i * width, (i + 1) * width)));
  };
  const { previousLabels } = window;
  return {
    ...window,
    exampleIds: kept.map((i) => window.exampleIds[i] as string),
    labels: ids(labels),
    candidate: ids(window.candidate),
    champion: ids(window.champion),
    ...(candidateProbabilities && { candidateProbabilities: rows(candidateProbabilities) }),
    ...(championProbabilities && { championProbabilities: rows(championProbabilities) }),
    ...(groups && { groups: ids(groups) }),
    ...(contents && { contents: ids(contents) }),
    ...(features && { features: features.map(ids) }),
    ...(previousLabels && { previousLabels: ids(previousLabels) }),
  };
}

/** Past windows against the champion, in time order, pooled. */
export function poolPastWindows(evidence: Evidence, minimum: number): Pool<ComparedWindow>[] {
  const past = comparedWindows(evidence).filter(({ kind }) => kind === 'past');
  return poolWindows(past, minimum, ({ labels }) => labels.length);
}

/**
 * A window with fewer than `minimum` examples is joined with the next ones until they have it; what remains at the end
 * joins the last pool. So every held-out example counts, and what small windows lose is seen together. A single pool can
 * be smaller than `minimum`: when all windows together are.
 *
 * @param windows  in time order
 */
export function poolWindows<Window extends { readonly id: string }>(
  windows: readonly Window[],
  minimum: number,
  sizeOf: (window: Window) => number,
): Pool<Window>[] {
  const groups: Window[][] = [];
  let open: Window[] = [];
  for (const window of windows) {
    open.push(window);
    if (open.reduce((sum, each) => sum + sizeOf(each), 0) < minimum) continue;
    groups.push(open);
    open = [];
  }
  if (open.length > 0) groups.push([...(groups.pop() ?? []), ...open]);
  let after = windows.length;
  return groups.map((group) => {
    after -= group.length;
    return { id: nameOf(group), windows: group, age: after };
  });
}

function nameOf(windows: readonly { readonly id: string }[]): string {
  const first = windows[0]?.id ?? '';
  const last = windows.at(-1)?.id ?? '';
  return first === last ? first : `${first} … ${last}`;
}
