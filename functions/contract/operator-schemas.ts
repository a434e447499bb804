/**
 * What the operators' part of the API answers, for the contract (schemas.ts).
 */
import * as z from 'zod';
import { extend } from 'zod/mini';
import { classificationSchema, regressionSchema } from '../../shared/model/spec/spec.ts';
import { moveSchema } from '../../shared/registry/champion/alias.ts';
import { comparisonRecordSchema } from '../../shared/registry/jobs/comparisons.ts';
import { digestSchema, manifestSchema } from '../../shared/registry/versions/manifest.ts';
import { briefLiveSchema } from '../../shared/registry/live.ts';
import { quarantineSchema } from '../../shared/registry/quarantine.ts';
import { reproductionSchema } from '../../shared/registry/jobs/reproductions.ts';
import { progressSchema } from '../../shared/registry/jobs/jobs.ts';
import { runSchema } from '../../shared/registry/jobs/runs.ts';

export const version = z.int().min(1);

export const modelsSchema = z.object({
  models: z.array(
    z.object({ name: z.string(), champion: version.nullable(), problem: z.string().optional() }),
  ),
});
export const modelSchema = z.object({
  name: z.string(),
  description: z.string().nullable(),
  champion: z.nullable(moveSchema),
  serving: z
    .object({
      version: version.nullable(),
      promoted: version.nullable(),
      checkedAt: z.iso.datetime().nullable(),
      failure: z.object({ detail: z.string(), at: z.iso.datetime(), retryAt: z.iso.datetime() }).nullable(),
    })
    .nullable(),
  rollbackTo: version.nullable().meta({
    description: 'where nothing serves although something was promoted: what a rollback would put back',
  }),
  versions: z.array(version),
  lastRun: z.nullable(runSchema),
  quarantines: z.array(quarantineSchema).meta({ description: 'labels that are kept apart: those that wait' }),
  live: z.nullable(briefLiveSchema).register(z.globalRegistry, {
    description: 'figures of this champion, without its classes; null before the first look at it',
  }),
  problems: z.array(z.string()),
});
const { createdAt, parent, run, snapshot, verdict, reasons, metrics } = manifestSchema.shape;
export const versionsSchema = z.object({
  total: z.int().min(0),
  versions: z.array(
    z.union([
      z.object({
        version,
        state: z.literal('published'),
        createdAt,
        parent,
        run,
        snapshot,
        verdict,
        reasons,
        metrics,
      }),
      z.object({ version, state: z.enum(['unpublished', 'damaged', 'unknown-version']), detail: z.string() }),
    ]),
  ),
});
/** Without the salt, which is nobody's business. */
export const shownSpecSchema = z.union([
  classificationSchema.omit({ salt: true }).extend({ digest: digestSchema }),
  regressionSchema.omit({ salt: true }).extend({ digest: digestSchema }),
]);
export const servedAtSchema = z.object({
  model: z.string(),
  at: z.iso.datetime(),
  version,
  move: moveSchema,
  until: z.iso.datetime().nullable(),
  evidence: z.object({ run, snapshot, parent, verdict, reasons, metrics }).nullable(),
  problem: z.string().nullable(),
});
export const runsSchema = z.object({
  total: z.int().min(0),
  runs: z.array(
    z.union([runSchema, z.object({ id: z.string(), status: z.literal('unreadable'), error: z.string() })]),
  ),
});

export const quarantinesSchema = z.object({ quarantines: z.array(quarantineSchema) });
export const quarantinedSchema = z.object({ quarantine: quarantineSchema });

export const comparisonsSchema = z.object({
  total: z.int().min(0),
  comparisons: z.array(
    z.union([
      comparisonRecordSchema,
      z.object({ id: z.string(), status: z.literal('unreadable'), error: z.string() }),
    ]),
  ),
});
export const comparisonSchema = extend(comparisonRecordSchema, {
  progress: z.nullable(progressSchema),
  result: z.unknown().meta({
    description: 'what came out, as docs/training.md describes it; null while there is nothing',
  }),
});

export const reproductionsSchema = z.object({
  total: z.int().min(0),
  reproductions: z.array(
    z.union([
      reproductionSchema,
      z.object({ id: z.string(), status: z.literal('unreadable'), error: z.string() }),
    ]),
  ),
});
