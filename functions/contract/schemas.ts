/**
 * What goes over the wire, as schemas: the contract is generated from them. Where a route validates by a schema, it is
 * that one; where it reads by hand, for speed, what stands here is held to it by tests that put bodies to both.
 *
 * Only the generator and the tests import this. The Worker carries what was generated.
 */
import * as z from 'zod';
import { extend } from 'zod/mini';
import { moveSchema } from '../../shared/registry/champion/alias.ts';
import { comparisonRecordSchema } from '../../shared/registry/jobs/comparisons.ts';
import { manifestSchema } from '../../shared/registry/versions/manifest.ts';
import { shownLiveSchema } from '../../shared/registry/live.ts';
import { noticeSchema } from '../../shared/registry/notices.ts';
import { reproductionSchema } from '../../shared/registry/jobs/reproductions.ts';
import { progressSchema } from '../../shared/registry/jobs/jobs.ts';
import { runSchema } from '../../shared/registry/jobs/runs.ts';
import { compareSchema, reproduceSchema, startSchema } from '../operators/job-routes.ts';
import { exampleItemSchema, feedbackSchema, labelItemSchema, MAX_ITEMS } from '../collect/feedback.ts';
import { DATATYPES } from '../serving/open-inference/datatypes.ts';
import { promoteSchema, resumePromotionSchema, rollbackSchema } from '../operators/operator-routes.ts';
import { endQuarantineSchema } from '../operators/quarantine-routes.ts';
import {
  comparisonSchema,
  comparisonsSchema,
  modelSchema,
  modelsSchema,
  quarantinedSchema,
  quarantinesSchema,
  reproductionsSchema,
  runsSchema,
  servedAtSchema,
  shownSpecSchema,
  versionsSchema,
} from './operator-schemas.ts';
import { DEFAULT_SIGNATURE, METHODS } from '../serving/tf-serving/signature.ts';

const json = z.unknown();

// Errors

const inferenceErrorSchema = z.object({ error: z.string() });

const problemSchema = z
  .object({
    type: z.string().meta({ description: '`urn:holdfast:` and the kind of the problem' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    requestId: z.string().optional().meta({ description: 'of a 500: leads to its cause in the log' }),
    lostTo: z.optional(moveSchema).meta({ description: 'of a lost race: the move that came first' }),
  })
  .meta({ description: 'RFC 9457' });

// TensorFlow Serving

const bytesSchema = z.strictObject({ b64: z.string().meta({ contentEncoding: 'base64' }) });
const objectSchema = z.record(z.string(), json);
const valueSchema = z.union([z.number(), z.string(), bytesSchema]);

const nameSchema = z.union([z.string().max(128), z.number()]).nullable();
const groupSchema = nameSchema.optional().meta({
  description: 'of one user, device, …: its examples stay on one side of the split. Stored as a keyed hash',
});
const groupsSchema = z
  .union([nameSchema, z.array(nameSchema)])
  .optional()
  .meta({
    description: 'the group of all rows, or a list with one for each',
  });

const signatureName = (verb: keyof typeof METHODS) =>
  z.enum(['', DEFAULT_SIGNATURE, METHODS[verb]]).nullish();
const instancesSchema = z
  .union([z.array(z.array(json)).min(1), z.array(objectSchema).min(1), z.array(valueSchema).min(1)])
  .meta({
    description:
      'Rows, all of one form: lists in the order of the features, objects by feature name, or bare values. Images are nested [height][width][channels], flat, or {"b64"}. `NaN`, `Infinity` and `-Infinity` may stand as bare tokens',
  });
const inputsSchema = z
  .union([z.array(z.union([z.array(json), objectSchema, valueSchema])).min(1), objectSchema])
  .meta({ description: 'Columns: a list by feature name, or the list of all rows, alone or named `input`' });

const pixelsSchema = z.literal('unit').nullish().meta({
  description: 'of a model of images: pixels come from 0 to 1, and are multiplied by 255; else 0 to 255',
});

const predictSchema = z.union([
  z.looseObject({
    signature_name: signatureName('predict'),
    pixels: pixelsSchema,
    instances: instancesSchema,
    inputs: z.null().optional(),
    group: groupsSchema,
  }),
  z.looseObject({
    signature_name: signatureName('predict'),
    pixels: pixelsSchema,
    inputs: inputsSchema,
    instances: z.null().optional(),
    group: groupsSchema,
  }),
]);

const featureValueSchema = z.union([valueSchema, z.boolean()]);
const tfExampleSchema = z.record(
  z.string(),
  z.union([featureValueSchema, z.array(featureValueSchema), z.null()]),
);
const examplesSchema = (verb: 'classify' | 'regress') =>
  z.looseObject({
    signature_name: signatureName(verb),
    context: tfExampleSchema
      .nullish()
      .meta({ description: 'features of every example that does not name them' }),
    examples: z.array(tfExampleSchema).min(1),
    group: groupsSchema,
  });

const answeredRows = z.union([z.array(z.array(z.number())), z.array(z.number())]);
const labelsSchema = z.array(z.string().nullable()).optional().meta({
  description: 'the most probable label of each row, null where it has none; absent of a regression',
});
const predictionsSchema = z.union([
  z.object({ predictions: answeredRows, labels: labelsSchema }),
  z.object({ outputs: answeredRows, labels: labelsSchema }).meta({ description: 'to `inputs`' }),
]);
const classificationsSchema = z.object({
  results: z.array(z.array(z.tuple([z.string(), z.number()]))).meta({
    description: 'every label with its score, in the order of the spec',
  }),
});
const regressionsSchema = z.object({ results: z.array(z.number()) });

const statusSchema = z.object({
  model_version_status: z.array(
    z.object({
      version: z.string(),
      state: z.enum(['AVAILABLE', 'LOADING']),
      status: z.object({ error_code: z.enum(['OK', 'UNAVAILABLE']), error_message: z.string() }),
    }),
  ),
});
const tensorInfoSchema = z.object({
  dtype: z.enum(['DT_FLOAT', 'DT_STRING']),
  tensor_shape: z.object({
    dim: z.array(z.object({ size: z.string(), name: z.string() })),
    unknown_rank: z.boolean(),
  }),
  name: z.string(),
});
const signatureSchema = z.object({
  inputs: z.record(z.string(), tensorInfoSchema),
  outputs: z.record(z.string(), tensorInfoSchema),
  method_name: z.string(),
});
const signaturesSchema = z.object({
  model_spec: z.object({ name: z.string(), signature_name: z.string(), version: z.string() }),
  metadata: z.object({
    signature_def: z.object({ signature_def: z.record(z.string(), signatureSchema) }),
  }),
});

// Feedback

const timestampSchema = z
  .union([z.string().regex(/^\d/), z.number().min(10_000_101)])
  .nullish()
  .meta({
    description:
      'when it was seen: ISO 8601 (UTC where it names no zone), or seconds, milli-, micro- or nanoseconds since 1970',
  });
const labelSchema = z
  .union([z.string(), z.number(), z.boolean()])
  .meta({ description: "one of the model's labels; of a regression a finite number" });
const feedbackItemSchema = z.union([
  extend(labelItemSchema, { label: labelSchema, group: groupSchema }).register(z.globalRegistry, {
    description:
      'A label for a prediction. `<id>.<i>` names instance i, the bare id instance 0. The label that came last counts, so a repeated one changes nothing',
  }),
  extend(exampleItemSchema, {
    // Says nothing where it is null.
    prediction_id: z.null().optional(),
    label: labelSchema,
    timestamp: timestampSchema,
    group: groupSchema,
    id: nameSchema.optional(),
  }).register(z.globalRegistry, {
    description:
      'A whole example. It counts once for each `id`, as it came last; without one, once for each content, timestamp and group',
  }),
]);
/** The route takes any items, so that a bad one is refused by itself; this says which are good. */
const feedbackBodySchema = extend(feedbackSchema, {
  items: z.array(feedbackItemSchema).min(1).max(MAX_ITEMS),
});
const rejectionsSchema = z.array(z.object({ index: z.int().min(0), error: z.string() }));
const acceptedSchema = z.object({ accepted: z.int().min(1), rejected: rejectionsSchema });
const refusedSchema = z.object({
  error: z.string(),
  accepted: z.literal(0).optional(),
  rejected: rejectionsSchema.optional().meta({ description: 'absent where the body as a whole is none' }),
});

// Open Inference Protocol

const sizeSchema = z.int().min(0);
const namedTensor = {
  name: z.string(),
  datatype: z.enum([...DATATYPES, 'BYTES']),
  shape: z.array(sizeSchema).meta({ description: 'the batch first' }),
};
const inputTensorSchema = z.union([
  z.looseObject({
    ...namedTensor,
    data: z.array(json).meta({
      description: 'flat or nested; null where a value is missing; FP16 and BF16 have no form in JSON',
    }),
    parameters: z.looseObject({ binary_data_size: z.null().optional() }).nullish(),
  }),
  z.looseObject({
    ...namedTensor,
    data: z.null().optional(),
    parameters: z.looseObject({ binary_data_size: sizeSchema }).meta({
      description: 'how many of the bytes behind the JSON are this tensor; little-endian, inputs in order',
    }),
  }),
]);
const requestedOutputSchema = z.looseObject({
  name: z.string(),
  parameters: z
    .looseObject({
      binary_data: z.boolean().optional(),
      classification: sizeSchema
        .nullable()
        .optional()
        .meta({ description: 'the so many best classes, as text' }),
    })
    .nullish(),
});
const inferSchema = z.looseObject({
  id: z.string().nullish(),
  inputs: z.array(inputTensorSchema).min(1).meta({ description: 'with different names' }),
  outputs: z
    .array(requestedOutputSchema)
    .nullish()
    .meta({ description: 'with different names; all when absent' }),
  parameters: z
    .looseObject({ binary_data_output: z.boolean().nullish(), pixels: pixelsSchema, group: groupsSchema })
    .nullish(),
});
const configTensorSchema = z.object({
  name: z.string(),
  data_type: z.enum(['TYPE_FP32', 'TYPE_STRING']),
  dims: z.array(z.int()),
});
const modelConfigSchema = z.object({
  name: z.string(),
  platform: z.string(),
  backend: z.string(),
  version_policy: z.object({ latest: z.object({ num_versions: z.int() }) }),
  max_batch_size: z.int(),
  input: z.array(configTensorSchema),
  output: z.array(configTensorSchema),
});
const outputTensorSchema = z.object({
  name: z.string(),
  datatype: z.enum(['FP32', 'BYTES']),
  shape: z.array(sizeSchema),
  data: z.array(z.union([z.number(), z.string()])).optional(),
  parameters: z.object({ binary_data_size: sizeSchema }).optional(),
});
const inferenceSchema = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string().optional(),
  parameters: z.object({ prediction_id: z.string() }),
  outputs: z.array(outputTensorSchema),
});

const tensorMetadataSchema = z.object({
  name: z.string(),
  datatype: z.enum(['FP32', 'BYTES']),
  shape: z.array(z.int().min(-1)),
});
const modelMetadataSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(tensorMetadataSchema),
  outputs: z.array(tensorMetadataSchema),
});

// The deployment

const indexSchema = z.record(z.string(), z.string());
const healthSchema = z.object({ status: z.literal('ok') });
const unhealthySchema = z.union([
  z.object({ status: z.literal('not-serving'), models: z.int().min(1) }),
  z.object({ status: z.literal('misconfigured'), variables: z.array(z.string()) }),
]);

/** By the names that they have under `components.schemas`. */
export const SCHEMAS = {
  InferenceError: inferenceErrorSchema,
  Problem: problemSchema,
  PredictRequest: predictSchema,
  ClassifyRequest: examplesSchema('classify'),
  RegressRequest: examplesSchema('regress'),
  TfExample: tfExampleSchema,
  Predictions: predictionsSchema,
  Classifications: classificationsSchema,
  Regressions: regressionsSchema,
  ModelStatus: statusSchema,
  Signatures: signaturesSchema,
  FeedbackRequest: feedbackBodySchema,
  FeedbackItem: feedbackItemSchema,
  Feedback: acceptedSchema,
  FeedbackRefused: refusedSchema,
  ServerMetadata: z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
  ServerHealth: z.object({ live: z.boolean(), ready: z.boolean() }),
  ModelNames: z.object({ models: z.array(z.string()) }),
  ModelConfig: modelConfigSchema,
  RepositoryIndex: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      state: z.enum(['READY', 'UNAVAILABLE']),
      reason: z.string(),
    }),
  ),
  ModelMetadata: modelMetadataSchema,
  ModelReady: z.object({ name: z.string(), ready: z.boolean() }),
  InferRequest: inferSchema,
  InputTensor: inputTensorSchema,
  Inference: inferenceSchema,
  Models: modelsSchema,
  Model: modelSchema,
  Spec: shownSpecSchema,
  Versions: versionsSchema,
  Manifest: manifestSchema,
  History: z.object({ moves: z.array(moveSchema) }),
  Move: moveSchema,
  ServedAt: servedAtSchema,
  Notices: z.object({ notices: z.array(noticeSchema) }),
  Live: shownLiveSchema,
  Looking: z.object({ look: z.string() }),
  Moved: z.object({ move: moveSchema }),
  EndQuarantineRequest: endQuarantineSchema,
  Quarantined: quarantinedSchema,
  Quarantines: quarantinesSchema,
  PromoteRequest: promoteSchema,
  RollbackRequest: rollbackSchema,
  ResumePromotionRequest: resumePromotionSchema,
  PromotionResumed: z.object({ champion: moveSchema }),
  Runs: runsSchema,
  Run: runSchema,
  RunWithProgress: extend(runSchema, { progress: z.nullable(progressSchema) }),
  StartRequest: startSchema,
  Started: z.object({ run: z.string() }),
  Resumed: z.object({ status: z.string() }),
  CompareRequest: compareSchema,
  Compared: z.object({ comparison: z.string() }),
  Comparisons: comparisonsSchema,
  ComparisonRecord: comparisonRecordSchema,
  Comparison: comparisonSchema,
  ReproduceRequest: reproduceSchema,
  Reproducing: z.object({ reproduction: z.string() }),
  Reproductions: reproductionsSchema,
  ReproductionRecord: reproductionSchema,
  Reproduction: extend(reproductionSchema, { progress: z.nullable(progressSchema) }),
  Index: indexSchema,
  Health: healthSchema,
  Unhealthy: unhealthySchema,
} as const satisfies Record<string, z.core.$ZodType>;

export type SchemaName = keyof typeof SCHEMAS;
