/**
 * Windows as the checks see them: the current one, and past ones large enough to judge.
 */
import type { Evidence, WindowEvidence } from './evidence.ts';

/** A window whose champion is known to be there. */
export interface ComparedWindow extends WindowEvidence {
  readonly champion: Int32Array;
}

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

/** Windows with the champion's predictions, [] when there is no champion. */
export function comparedWindows({ windows }: Evidence): ComparedWindow[] {
  return windows.filter((window): window is ComparedWindow => window.champion !== null);
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
