/**
 * Whether a night's labels are believed: what they show beside the champion, what was kept apart right before them, and
 * what former champions say. Nothing is read or written here.
 */
import type { Quarantine } from '../../shared/registry/quarantine.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import {
  isFamiliar,
  type Look,
  lookAtLabels,
  lookPlainly,
  type Night,
  type RowsAt,
  tellsTheSame,
  type Usual,
} from './look.ts';

export interface Standing {
  /** by their numbers, in `seen.answers` */
  readonly champion: number;
  readonly former: readonly number[];
  readonly usual: Usual;
  /** all of the model */
  readonly quarantines: readonly Quarantine[];
  /** up to when labels were looked at before, exclusive */
  readonly checkedToMs: number;
}

export interface Belief {
  readonly look: Look;
  readonly keepApart: boolean;
  /** kept apart right before, and telling the same: the world has changed, and these are believed as well */
  readonly repeats: readonly Quarantine[];
  /** a former champion that knows these labels */
  readonly familiar: number | undefined;
}

/**
 * @param rowsAt  reads the inputs of some of the night's examples; asked only where answers alone do not settle it
 * @returns whether the labels are kept apart, what they look like, and which earlier fault they repeat
 */
export async function decideLabels(
  spec: Spec,
  seen: Night,
  { champion, former, usual, quarantines, checkedToMs }: Standing,
  rowsAt: RowsAt,
): Promise<Belief> {
  const look = await lookAtLabels(spec, seen, champion, usual, rowsAt);
  if (look.kind === null) return { look, keepApart: false, repeats: [], familiar: undefined };
  const repeats = quarantines.filter(
    (before) =>
      // What a person discarded stays so. What was released was believed: then these are as well.
      before.status !== 'discarded' &&
      // Only the labels right before these: a fault that comes again after clean nights is a fault again.
      before.toMs === checkedToMs &&
      tellsTheSame(before, look, seen, champion, usual),
  );
  const familiar = former.find((each) => isFamiliar(look, lookPlainly(spec, seen, each, usual), usual));
  return { look, keepApart: repeats.length === 0 && familiar === undefined, repeats, familiar };
}
