/**
 * A comparison of two versions' recipes that was asked for: `comparisons/<id>/comparison.json`. What came out of it is
 * beside it, as `result.json` and `report.html`.
 */
import * as z from '../../zod.ts';
import type { JobKind } from './jobs.ts';
import { loadJson } from '../store/json.ts';
import { keys } from '../store/keys.ts';
import type { ObjectStore } from '../store/store.ts';

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

export const comparisonJob: JobKind<'comparison', ComparisonRecord> = {
  name: 'comparison',
  schema: comparisonRecordSchema,
};

/** What came out, as it is stored; null while there is none. */
export async function loadComparisonResult(store: ObjectStore, model: string, id: string): Promise<unknown> {
  const loaded = await loadJson(store, keys.job('comparison', model, id, 'result.json'), z.unknown());
  return loaded.ok ? loaded.value.value : null;
}
