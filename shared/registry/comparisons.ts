/**
 * A comparison of two versions' recipes that was asked for: `comparisons/<id>/comparison.json`. What came out of it is
 * beside it, as `result.json` and `report.html`.
 */
import * as z from '../zod.ts';
import { err, ok, type Result } from '../result.ts';
import { describeReadError, loadJson, putJson } from './json.ts';
import { keys } from './keys.ts';
import { type Progress, progressSchema } from './runs.ts';
import type { ObjectStore } from './store.ts';

export const comparisonRecordSchema = z.object({
  format: z.literal('holdfast-comparison-record/1'),
  id: z.string(),
  model: z.string(),
  /** the two versions, in the order in which they were named */
  a: z.int().check(z.minimum(1)),
  b: z.int().check(z.minimum(1)),
  splits: z.int().check(z.minimum(2)),
  /** draws the examples and the splits */
  seed: z.int().check(z.minimum(0)),
  /** whose examples are used, without the holdout */
  snapshot: z.string(),
  by: z.string(),
  status: z.enum(['running', 'complete', 'failed']),
  startedAt: z.iso.datetime(),
  finishedAt: z.nullable(z.iso.datetime()),
  /** one sentence: which recipe is better, or that it was not shown */
  summary: z.nullable(z.string()),
  error: z.nullable(z.string()),
});
export type ComparisonRecord = z.infer<typeof comparisonRecordSchema>;

export type ComparisonError =
  | { readonly kind: 'unknown-comparison'; readonly detail: string }
  | { readonly kind: 'comparison-unreadable'; readonly detail: string };

export async function loadComparison(
  store: ObjectStore,
  model: string,
  id: string,
): Promise<Result<ComparisonRecord, ComparisonError>> {
  if (!/^[A-Za-z0-9-]{1,128}$/.test(id)) return err(unknownComparison(model, id));
  const key = keys.comparison(model, id, 'comparison.json');
  const loaded = await loadJson(store, key, comparisonRecordSchema);
  if (loaded.ok) return ok(loaded.value.value);
  return err(
    loaded.error.kind === 'missing'
      ? unknownComparison(model, id)
      : { kind: 'comparison-unreadable', detail: describeReadError(loaded.error) },
  );
}

function unknownComparison(model: string, id: string): ComparisonError {
  return {
    kind: 'unknown-comparison',
    detail: `${model} has no comparison ${JSON.stringify(id.slice(0, 80))}`,
  };
}

export async function saveComparison(store: ObjectStore, record: ComparisonRecord): Promise<void> {
  await putJson(store, keys.comparison(record.model, record.id, 'comparison.json'), record);
}

/** How far it has come; null before the first step. */
export async function loadComparisonProgress(
  store: ObjectStore,
  model: string,
  id: string,
): Promise<Progress | null> {
  const loaded = await loadJson(store, keys.comparison(model, id, 'progress.json'), progressSchema);
  return loaded.ok ? loaded.value.value : null;
}

export async function saveComparisonProgress(
  store: ObjectStore,
  model: string,
  id: string,
  progress: Progress,
): Promise<void> {
  await putJson(store, keys.comparison(model, id, 'progress.json'), progress);
}

/** What came out, as it is stored; null while there is none. */
export async function loadComparisonResult(store: ObjectStore, model: string, id: string): Promise<unknown> {
  const loaded = await loadJson(store, keys.comparison(model, id, 'result.json'), z.unknown());
  return loaded.ok ? loaded.value.value : null;
}
