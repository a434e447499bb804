/**
 * Answers without a model, with what was known when the row came: labels come a block late.
 */
import type { Replayed } from './outcomes.ts';
import { average, type Numbers } from './statistics.ts';

/** The last label of the block before: the newest one known while a block is served. [rows] */
export function lastKnown({ stream, nights }: Replayed): Float32Array {
  const start = nights.history.to;
  const answers = new Float32Array((nights.blocks.at(-1)?.to ?? start) - start);
  for (const { from, to } of nights.blocks) {
    answers.fill(stream.rows[from - 1]?.label ?? 0, from - start, to - start);
  }
  return answers;
}

/** The label as many whole seasons before as it takes to be known; null where the stream has no known season. [rows] */
export function seasonal({ stream, nights }: Replayed): Float32Array | null {
  const { season, rows } = stream;
  if (season === null) return null;
  const start = nights.history.to;
  const answers = new Float32Array((nights.blocks.at(-1)?.to ?? start) - start);
  for (const { from, to } of nights.blocks) {
    for (let row = from; row < to; row++) {
      let known = row - season;
      while (known >= from) known -= season;
      answers[row - start] = rows[Math.max(known, 0)]?.label ?? 0;
    }
  }
  return answers;
}

/** The history's most frequent class, or its mean target. */
export function constantAnswer({ stream, nights }: Replayed): number {
  const labels = stream.rows.slice(nights.history.from, nights.history.to).map(({ label }) => label);
  if (stream.task.task === 'regression') return average(labels);
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), [0, 0])[0];
}

/** Cohen's kappa, (p0 - pe) / (1 - pe), pe by the marginals of answers and labels; 0 where pe is 1. */
export function kappaOf(answers: Numbers, labels: Numbers): number {
  const n = labels.length;
  const given = countValues(answers);
  let agree = 0;
  for (let i = 0; i < n; i++) if (answers[i] === labels[i]) agree += 1;
  let chance = 0;
  for (const [label, count] of countValues(labels)) chance += (count / n) * ((given.get(label) ?? 0) / n);
  return chance === 1 ? 0 : (agree / n - chance) / (1 - chance);
}

function countValues(values: Numbers): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < values.length; i++) {
    counts.set(values[i] as number, (counts.get(values[i] as number) ?? 0) + 1);
  }
  return counts;
}
