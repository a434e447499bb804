/**
 * The published form of a run report: what report.json holds, for whoever reads it without this code.
 * docs/report.schema.json is generated from it.
 */
import * as z from 'zod';
import { gatePolicySchema } from '../../shared/continuity/policy/policy.ts';

const fraction = z.number().min(0).max(1);
/** An accuracy, or a mean absolute error. */
const score = z.number().min(0);
const verdict = z.enum(['pass', 'fail', 'hold', 'skip']);

const findingFields = {
  estimate: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  margin: z.number().nullable(),
  passes: z.enum(['above', 'below']),
  unit: z.enum(['points', 'percent', 'relative', 'score', 'ratio', 'bytes']).optional(),
  n: z.number().min(0),
  verdict,
  skipped: z
    .enum(['not-asked', 'unanswerable'])
    .optional()
    .describe('of a skip: the question does not arise, or the data that there will ever be cannot answer it'),
  broken: z
    .literal(true)
    .optional()
    .describe('of a hold: something that should be there broke or is missing'),
  detail: z.string(),
  moreLabels: z.object({ n: z.int().min(1), where: z.string() }).optional(),
};

const checkSchema = z.object({
  check: z.string(),
  title: z.string(),
  ...findingFields,
  parts: z.array(z.object({ id: z.string(), ...findingFields })).optional(),
  flips: z
    .object({
      total: z.int().min(0),
      examples: z.array(
        z.object({
          window: z.string(),
          id: z.string(),
          label: z.string(),
          candidate: z.string(),
          champion: z.string().optional(),
        }),
      ),
    })
    .optional(),
});

const calibration = z.object({
  bins: z.array(z.object({ n: z.int().min(0), confidence: fraction, accuracy: fraction })),
  error: fraction,
});

const metric = z.number().nullable();

const verdictSchema = z.object({
  verdict: z.enum(['promote', 'reject', 'hold']),
  checks: z.array(checkSchema),
  reasons: z.array(z.string()),
  summary: z.string(),
});

const windowsSchema = z.array(
  z.object({
    id: z.string(),
    kind: z.enum(['past', 'current']),
    fromMs: z.number(),
    toMs: z.number(),
    n: z.int().min(0),
    candidate: score,
    champion: score.nullable(),
    rmse: z.object({ candidate: score, champion: score.nullable() }).optional(),
  }),
);

const trainingSchema = z.object({
  examples: z.int().min(0),
  of: z
    .int()
    .min(1)
    .optional()
    .describe('how many there were to draw them from; left out where all were used'),
  epochs: z.int().min(0),
  unfinished: z
    .literal(true)
    .optional()
    .describe('the last epoch that the recipe allows was the best: more may be better'),
  seconds: z.number().min(0),
  seed: z.number(),
  loss: z.array(z.object({ epoch: z.int().min(0), training: z.number(), validation: z.number().nullable() })),
});

export const reportSchema = z.object({
  format: z.literal('holdfast.run-report/1'),
  model: z.string(),
  target: z
    .object({ name: z.string(), unit: z.string().optional() })
    .optional()
    .describe('what a regression predicts; its scores are mean absolute errors, of others accuracies'),
  run: z.string(),
  snapshot: z.string(),
  createdAt: z.iso.datetime(),
  champion: z.object({ version: z.int().min(1), digest: z.string() }).nullable(),
  candidate: z.object({ version: z.int().min(1).nullable(), digest: z.string() }),
  policy: gatePolicySchema,
  verdict: verdictSchema,
  windows: windowsSchema,
  training: trainingSchema,
  decision: z.object({ promoted: z.boolean(), why: z.string() }),
  reliability: z
    .object({ window: z.string(), candidate: calibration, champion: calibration.nullable() })
    .optional(),
  matrix: z
    .object({
      windows: z.array(z.string()),
      untrained: z.array(score),
      versions: z.array(
        z.object({
          version: z.int().min(1),
          learned: z.int().min(0),
          accuracy: z.array(score.nullable()),
        }),
      ),
      metrics: z.object({ acc: metric, bwt: metric, fwt: metric }),
    })
    .optional(),
  firstAttempt: z
    .object({
      digest: z.string(),
      verdict: verdictSchema,
      windows: windowsSchema,
      training: trainingSchema,
      distillation: z.object({ first: z.number().min(0), second: z.number().gt(0) }),
    })
    .optional()
    .describe('refused or held for its flips alone; the rest of the report is about the second candidate'),
  forward: z
    .object({
      champion: z.int().min(1),
      contenders: z.array(
        z.object({
          version: z.int().min(1),
          kind: z.enum(['challenger', 'former champion']),
          n: z.int().min(0),
          gains: z.int().min(0),
          losses: z.int().min(0),
          mean: z.number(),
          finding: z.enum(['better', 'worse', 'open']).nullable(),
          progress: z.number().nullable(),
          moreLabels: z.int().min(0).nullable(),
          dropped: z.string().nullable(),
        }),
      ),
      wording: z.enum(['right', 'better']),
      trust: z.object({
        trusted: z.boolean(),
        change: z.enum(['earned', 'lost']).nullable(),
        losses: z.int().min(0),
        progress: z.number(),
      }),
    })
    .optional()
    .describe('what came in since, and who was judged by it beside the champion'),
  apart: z
    .array(
      z.object({
        fromMs: z.number(),
        toMs: z.number(),
        status: z.enum(['held', 'discarded']),
        examples: z.int().min(0),
        reason: z.string(),
        sample: z.array(z.string()),
      }),
    )
    .optional()
    .describe('stretches of time whose labels neither trained nor judged'),
  pictures: z.record(z.string(), z.string().startsWith('data:image/')).optional(),
});

/** JSON Schema, draft 2020-12, of what report.json holds; fields may be added to it. */
export function reportJsonSchema(): object {
  return {
    $id: 'urn:holdfast:run-report:1',
    title: 'Holdfast run report',
    ...z.toJSONSchema(reportSchema, { io: 'output', target: 'draft-2020-12', override: keepOpen }),
  };
}

/** Readers must bear fields that later reports add. */
function keepOpen({ jsonSchema }: { jsonSchema: { additionalProperties?: unknown } }): void {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
}
