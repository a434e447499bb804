/**
 * What is collected of a block: its inputs and labels, or, where something went wrong on the way, what came of them.
 * What is served, and what counts in the end, is never touched.
 */
import { createRandom, type Random } from '../../../../shared/random.ts';
import { seedFrom } from '../../../../shared/digest.ts';
import type { Block, Nights, Row, Stream } from './stream.ts';

export const FAULTS = ['labels', 'feature', 'classes'] as const;
export type Fault = (typeof FAULTS)[number];

/** How a night whose labels all name another class is named. */
export const LABELS_FALSE = 'labels rotated';

/** Night of every six on which each comes, so that no two meet. */
const EVERY = 6;
const NIGHT_OF: Readonly<Record<Fault, number>> = { labels: 3, feature: 5, classes: 1 };
const FEATURE_FAULTS = ['another unit', 'constant', 'missing'] as const;
const ABSENT_SHARE = 1 / 3;

export interface CollectedRow {
  /** null: no label came. */
  readonly label: number | null;
  /** Given where a damaged copy of the input came with the label; otherwise the label names the prediction. */
  readonly raw: Float32Array | null;
}

export interface Collected {
  /** What went wrong; null where nothing did. */
  readonly fault: string | null;
  readonly rows: readonly CollectedRow[];
}

/**
 * @param faults  which kinds come; [] for none
 * @returns one element a block
 */
export function collect(
  stream: Stream,
  { history, blocks }: Nights,
  faults: readonly Fault[],
  seed: number,
): Collected[] {
  const feature = faults.includes('feature') ? pickFeature(stream, history) : 0;
  return blocks.map((block, i) => {
    const rows = stream.rows.slice(block.from, block.to);
    const fault = faults.find((kind) => (i + 1) % EVERY === NIGHT_OF[kind]);
    const random = createRandom(seedFrom('fault', stream.name, seed, i));
    switch (fault) {
      case undefined:
        return { fault: null, rows: rows.map(intact) };
      case 'labels':
        return { fault: LABELS_FALSE, rows: rotateLabels(stream, rows) };
      case 'feature':
        return damageFeature(stream, rows, feature, Math.floor(i / EVERY));
      case 'classes':
        return dropClasses(stream, rows, random);
    }
  });
}

const intact = ({ label }: Row): CollectedRow => ({ label, raw: null });

/** Every class is given the name of the next; targets those of rows half a block away. */
function rotateLabels({ task }: Stream, rows: readonly Row[]): CollectedRow[] {
  const half = Math.floor(rows.length / 2);
  return rows.map(({ label }, i) => {
    const other = rows[(i + half) % rows.length]?.label ?? label;
    return { label: task.task === 'regression' ? other : (label + 1) % task.labels.length, raw: null };
  });
}

function damageFeature(
  { input, name }: Stream,
  rows: readonly Row[],
  feature: number,
  turn: number,
): Collected {
  const kind = FEATURE_FAULTS[turn % FEATURE_FAULTS.length] ?? 'missing';
  const change = (value: number): number =>
    kind === 'another unit' ? 1.8 * value + 32 : kind === 'constant' ? constantOf(rows, feature) : 0;
  const what = input.kind === 'tabular' ? (input.features[feature]?.name ?? name) : 'every pixel';
  return {
    fault: `${what} ${kind}`,
    rows: rows.map(({ raw, label }) => ({
      label,
      raw:
        input.kind === 'tabular'
          ? raw.map((value, i) => (i === feature ? change(value) : value))
          : raw.map((value) => (kind === 'another unit' ? 255 - value : change(value))),
    })),
  };
}

const constantOf = (rows: readonly Row[], feature: number): number => rows[0]?.raw[feature] ?? 0;

/** No label of these comes back; of a regression none of the largest third. */
function dropClasses({ task }: Stream, rows: readonly Row[], random: Random): Collected {
  const absent = (label: number): CollectedRow => ({ label, raw: null });
  if (task.task === 'regression') {
    const sorted = rows.map(({ label }) => label).sort((a, b) => a - b);
    const bound = sorted[Math.floor(sorted.length * (1 - ABSENT_SHARE))] ?? Infinity;
    return {
      fault: 'the largest third absent',
      rows: rows.map(({ label }) => (label >= bound ? { label: null, raw: null } : absent(label))),
    };
  }
  const classes = task.labels.map((_, id) => id);
  const gone = new Set<number>();
  const wanted = Math.max(1, Math.round(classes.length * ABSENT_SHARE));
  while (gone.size < wanted) gone.add(random.below(classes.length));
  return {
    fault: `${gone.size} of ${classes.length} classes absent`,
    rows: rows.map(({ label }) => (gone.has(label) ? { label: null, raw: null } : absent(label))),
  };
}

/** The number feature that tells most about the label in the history: another one would hardly be missed. */
function pickFeature({ input, rows, task }: Stream, history: Block): number {
  if (input.kind !== 'tabular') return 0;
  const seen = rows.slice(history.from, history.to);
  let best = 0;
  let most = -1;
  for (const [i, { type }] of input.features.entries()) {
    const told = type === 'number' ? explained(seen, i, task.task === 'regression') : -1;
    if (told > most) [best, most] = [i, told];
  }
  return best;
}

/** Share of a feature's variance that lies between classes; of a regression, the squared correlation. */
function explained(rows: readonly Row[], feature: number, regression: boolean): number {
  const values = rows.map(({ raw }) => raw[feature] ?? 0);
  const mean = average(values);
  const variance = average(values.map((value) => (value - mean) ** 2));
  if (variance === 0) return 0;
  if (regression) {
    const targets = rows.map(({ label }) => label);
    const centre = average(targets);
    const spread = average(targets.map((target) => (target - centre) ** 2));
    const together = average(values.map((value, i) => (value - mean) * ((targets[i] ?? 0) - centre)));
    return spread === 0 ? 0 : together ** 2 / (variance * spread);
  }
  let between = 0;
  for (const group of byClass(rows)) {
    const inside = average(group.map(({ raw }) => raw[feature] ?? 0));
    between += (group.length / rows.length) * (inside - mean) ** 2;
  }
  return between / variance;
}

function byClass(rows: readonly Row[]): Row[][] {
  const groups = new Map<number, Row[]>();
  for (const row of rows) groups.set(row.label, [...(groups.get(row.label) ?? []), row]);
  return [...groups.values()];
}

function average(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
