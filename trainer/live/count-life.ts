/**
 * The figures of a life, and the rows by hour and day: what is settled is kept as it was, the rest is counted anew.
 */
import type { Live, LiveBucket, LiveFigures, LiveTotals } from '../../shared/registry/live.ts';
import type { LabelledExample } from '../pipeline/data/history/join.ts';
import type { ReplayedLog } from '../referee/replay-log.ts';
import { answeredOf, lastLabels } from './as-served.ts';
import { figuresOf } from './figures.ts';
import type { OpenLook } from './open-look.ts';
import {
  addTotals,
  type Answered,
  mergeBuckets,
  mergeParts,
  NO_TOTALS,
  partsOf,
  totalsOf,
} from './totals.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Days that are kept one by one. */
const MOST_DAYS = 400;

export interface ToCount {
  /** labelled examples of this life that are not settled, in order of time */
  readonly mine: readonly LabelledExample[];
  readonly replayed: ReplayedLog;
  /** all before it is settled after this look */
  readonly toMs: number;
  readonly promise: number | null;
  readonly worth: number;
}

export type Counted = Pick<Live, 'figures' | 'settled' | 'hours' | 'days'>;

/** The totals of the life so far, and what of them is settled and never counted again. */
export function countLife(open: OpenLook, given: ToCount): Counted {
  const { spec, same, before, predictions, move } = open;
  const { toMs, promise, worth } = given;
  const last = new Map(lastLabels(open.examples).map((label, i) => [open.examples[i]?.id, label]));
  const lived = answeredInLife(open, given, last);
  const asked = predictions.filter(({ at }) => at >= Date.parse(move.at));
  const kept = same?.settled ?? { totals: NO_TOTALS, classes: [], slices: [] };
  const classNames = ({ label }: Answered): string[] =>
    spec.task === 'classification' ? [spec.labels[label] ?? String(label)] : [];
  const upTo = (endMs: number): Live['settled'] => {
    const inside = lived.filter(({ at }) => at < endMs);
    const totals = totalsOf(inside, asked.filter(({ at }) => at < endMs).length);
    return {
      totals: addTotals(kept.totals, totals),
      classes: mergeParts(kept.classes, partsOf(inside, classNames)),
      slices: mergeParts(
        kept.slices,
        partsOf(inside, ({ slices }) => slices),
      ),
    };
  };
  const rows = bucketsOf(open, given, last);
  const old = rows.filter(({ from }) => Date.parse(from) < toMs);
  const all = upTo(Infinity);
  const figures: LiveFigures = figuresOf({
    task: spec.task,
    life: all.totals,
    recent: rows.reduce<LiveTotals>((sum, row) => addTotals(sum, row), NO_TOTALS),
    classes: all.classes,
    slices: all.slices,
    promise,
    worth,
  });
  return {
    figures,
    settled: upTo(toMs),
    hours: rows.filter(({ from }) => Date.parse(from) >= toMs),
    days: mergeBuckets([...(before?.live.days ?? []), ...old], DAY_MS).slice(-MOST_DAYS),
  };
}

/** What the champion answers on what came in its life: as it was served, or as it would have been. */
function answeredInLife(
  { spec, move }: OpenLook,
  { mine, replayed: { seen, rows } }: ToCount,
  last: ReadonlyMap<string | undefined, number | null>,
): Answered[] {
  const said = seen.answers.get(move.to);
  if (said !== undefined) {
    const byId = new Map(mine.map((example) => [example.id, example]));
    return seen.ids.flatMap((id, i) => {
      const example = byId.get(id);
      return example === undefined
        ? []
        : [answeredOf(spec, example, orWrong(said[i]), last.get(id) ?? null, rows[i] ?? null)];
    });
  }
  // It can't be loaded any more; what it served is known.
  return mine.flatMap((example) =>
    example.served?.version === move.to
      ? [answeredOf(spec, example, example.served.predicted, last.get(example.id) ?? null, null)]
      : [],
  );
}

/** A champion that is older than a label does not answer it, which is wrong. */
function orWrong(said: number | undefined): number {
  return said === undefined || Number.isNaN(said) ? -1 : said;
}

/** By hour and version, as it was served; a whole example counts for the champion that is asked about it. */
function bucketsOf(
  { spec, examples, predictions, move }: OpenLook,
  { replayed: { seen } }: ToCount,
  last: ReadonlyMap<string | undefined, number | null>,
): LiveBucket[] {
  const asked = new Map(seen.ids.map((id, i) => [id, seen.answers.get(move.to)?.[i]]));
  const rows = countPredictions(predictions);
  for (const example of examples) {
    const said = example.served?.predicted ?? asked.get(example.id);
    if (said === undefined) continue;
    const one = answeredOf(spec, example, orWrong(said), last.get(example.id) ?? null, null);
    const version = example.served?.version ?? move.to;
    rows.push({ ...totalsOf([one], 0), from: new Date(example.at).toISOString(), version });
  }
  return mergeBuckets(rows, HOUR_MS);
}

function countPredictions(predictions: OpenLook['predictions']): LiveBucket[] {
  const counts = new Map<string, { readonly hour: number; readonly version: number; asked: number }>();
  for (const { at, version } of predictions) {
    const hour = Math.floor(at / HOUR_MS);
    const name = `${hour} ${version}`;
    const known = counts.get(name);
    if (known === undefined) counts.set(name, { hour, version, asked: 1 });
    else known.asked += 1;
  }
  return [...counts.values()].map(({ hour, version, asked }) => ({
    ...NO_TOTALS,
    predictions: asked,
    from: new Date(hour * HOUR_MS).toISOString(),
    version,
  }));
}
