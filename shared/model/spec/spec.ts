/**
 * The spec: what a person says about a model, once. Validated JSON at `models/<name>/spec.json`.
 * What the bytes of an example mean (input, labels or target, base) can't change afterwards; the rest can.
 */
import * as z from 'zod';
import { gatePolicySchema, policyProblems } from '../../continuity/policy/policy.ts';
import { MODEL_NAME } from '../../registry/store/keys.ts';
import { digestSchema, targetSchema } from '../../registry/versions/manifest.ts';
import { scheduleSchema } from '../../registry/schedule.ts';
import { augmentationProblems } from './augmentation.ts';
import { activationSchema, networkSchema, networkShapes } from './network.ts';
import {
  DATE_ORDERS,
  DATE_PARTS,
  DECIMALS,
  LOGGING_DEFAULTS,
  MAX_DIMENSIONS,
  MAX_FEATURES,
  MAX_LABELS,
  MAX_NUMBERS,
  MAX_PIXELS,
  MAX_RARE,
  MAX_VALUES,
  MIN_LABELS,
  PIXEL_DEFAULTS,
  RESIZES,
  SPEC_FORMAT,
} from './spec-bounds.ts';
import { type TrainingRecipe, trainingSchema } from './training.ts';

const MODEL_NAME_RULE =
  'expected 1 to 128 of letters, digits, ., _ and -, not starting with . or -, and not stats';

const nameSchema = z.string().min(1).max(128);

/** It may have no value. Only where it says so: otherwise an example without it is refused. */
const missingSchema = z.literal(true).exactOptional();

const featureSchema = z.discriminatedUnion('type', [
  z.strictObject({
    name: nameSchema,
    type: z.literal('number'),
    missing: missingSchema,
    /** Texts like `1,234.50 €` and `12 %` are numbers too, with this decimal mark. */
    decimal: z.enum(DECIMALS).exactOptional(),
  }),
  z
    .strictObject({
      name: nameSchema,
      type: z.literal('category'),
      /** Every value that may come; anything else is refused at the edge, or is one of the others where `rare` is set. */
      values: z.array(z.string()).min(1).max(MAX_VALUES).refine(unique, 'expected different values'),
      /** Values of fewer training examples than this count as one, "other", and so do those that were never seen. */
      rare: z.int().min(1).max(MAX_RARE).exactOptional(),
      missing: missingSchema,
    })
    .refine(({ values, rare, missing }) => values.length > 1 || rare || missing, {
      path: ['values'],
      error: 'expected 2 or more values',
    }),
  z.strictObject({
    name: nameSchema,
    type: z.literal('date'),
    /** What the model sees of it. Hour, weekday and month as points on a circle, age as days. */
    parts: z.array(z.enum(DATE_PARTS)).min(1).refine(unique, 'expected different parts'),
    /** How 1/2/2026 is meant. */
    order: z.enum(DATE_ORDERS).exactOptional(),
    missing: missingSchema,
  }),
]);
export type Feature = z.infer<typeof featureSchema>;

const tabularSchema = z.strictObject({
  kind: z.literal('tabular'),
  features: z
    .array(featureSchema)
    .min(1)
    .max(MAX_FEATURES)
    .refine((features) => unique(features.map(({ name }) => name)), 'expected different feature names'),
});

const imageSchema = z.strictObject({
  kind: z.literal('image'),
  height: z.int().min(1).max(MAX_PIXELS),
  width: z.int().min(1).max(MAX_PIXELS),
  channels: z.union([z.literal(1), z.literal(3)]),
  /** What the model sees: `pixel * scale + offset`, pixels being 0 to 255. */
  scale: z.number().default(PIXEL_DEFAULTS.scale),
  offset: z.number().default(PIXEL_DEFAULTS.offset),
  /** `stretch` when it is absent. */
  resize: z.enum(RESIZES).optional(),
});

const tensorSchema = z.strictObject({
  kind: z.literal('tensor'),
  /** Without the batch; the last axis is that of the channels. */
  shape: z
    .array(z.int().min(1).max(MAX_NUMBERS))
    .min(1)
    .max(MAX_DIMENSIONS)
    .refine(
      (shape) => shape.reduce((size, side) => size * side, 1) <= MAX_NUMBERS,
      `expected at most ${MAX_NUMBERS} numbers an example`,
    ),
});

export const inputSchema = z.discriminatedUnion('kind', [tabularSchema, imageSchema, tensorSchema]);
export type InputSpec = z.infer<typeof inputSchema>;

export const hiddenLayerSchema = z.strictObject({
  units: z.int().min(1).max(8_192),
  activation: activationSchema.default('relu'),
  /** `batch`: between the product and the activation (Ioffe & Szegedy 2015); costs nothing where it serves. */
  normalization: z.enum(['none', 'batch']).default('none'),
  dropout: z.number().min(0).lt(1).default(0),
});
export type HiddenLayer = z.infer<typeof hiddenLayerSchema>;

/** How the files that are imported are read, where the import does not say otherwise. */
const columnsSchema = z.strictObject({
  label: nameSchema,
  time: nameSchema.exactOptional(),
  group: nameSchema.exactOptional(),
  id: nameSchema.exactOptional(),
  /** Columns that are no features. */
  ignore: z.array(nameSchema).max(MAX_FEATURES).default([]),
  delimiter: z.string().min(1).max(4).exactOptional(),
  encoding: z.string().max(32).exactOptional(),
  /** Of a target that is a text. */
  decimal: z.enum(DECIMALS).exactOptional(),
  /** How 1/2/2026 is meant. */
  order: z.enum(DATE_ORDERS).exactOptional(),
  /** Of times that name none. */
  timeZone: z.string().max(64).exactOptional(),
});
export type FileColumns = z.infer<typeof columnsSchema>;

const windowSchema = z.strictObject({
  /** Examples a window when an imported history is divided; afterwards every promotion closes a window. */
  examples: z.int().min(10).max(1_000_000).default(1_000),
  /** At most so many past windows; beyond that old ones merge as they age. */
  keep: z.int().min(1).max(100).default(12),
});

const holdoutSchema = z.strictObject({
  /** Share of the examples that are never trained on. Raising it holds out more; no example ever comes back. */
  fraction: z.number().min(0.05).max(0.5).default(0.1),
  /** Of a past window so many held-out examples judge at most; 2,000 where it is absent. */
  judged: z.int().min(20).max(1_000_000).exactOptional(),
});

/** Before the task, and after it: the order in which a spec is written, and so its digest, stays what it was. */
const identityFields = {
  format: z.literal(SPEC_FORMAT),
  name: z.string().regex(MODEL_NAME, MODEL_NAME_RULE),
  description: z.string().max(1_000).default(''),
};

const commonFields = {
  /** Digest of an imported base; null when the head reads the input itself. */
  base: z.nullable(digestSchema).default(null),
  /** Layers between an image and the head, where there is no base: then the model is trained whole. */
  network: networkSchema.exactOptional(),
  /** Hidden layers; the output (softmax over the labels, or one linear number) follows by itself. */
  head: z.array(hiddenLayerSchema).max(8).optional(),
  training: trainingSchema.prefault({}),
  holdout: holdoutSchema.prefault({}),
  window: windowSchema.prefault({}),
  gate: gatePolicySchema.prefault({}),
  /** `automatic`: a passed gate moves the champion. `manual`: a person does. */
  promotion: z.enum(['automatic', 'manual']).default('automatic'),
  /** Whether the cron trigger retrains this model. */
  scheduled: z.boolean().default(true),
  /** When it does; daily at 03:00 UTC when it is absent. */
  schedule: scheduleSchema.exactOptional(),
  /** Share of the predictions that are logged and so can be labelled later. */
  logging: z.strictObject({ rate: z.number().min(0).max(1).default(LOGGING_DEFAULTS.rate) }).prefault({}),
  columns: columnsSchema.exactOptional(),
  /** Keys the holdout hash and the prediction ids. Drawn when the model is created; never changes. */
  salt: digestSchema,
};

/** Says which of its labels an example has. */
export const classificationSchema = z.strictObject({
  ...identityFields,
  task: z.literal('classification'),
  input: inputSchema,
  labels: z
    .array(z.string().min(1).max(128))
    .min(MIN_LABELS)
    .max(MAX_LABELS)
    .refine(unique, 'expected different labels'),
  ...commonFields,
});

/** Says a number. */
export const regressionSchema = z.strictObject({
  ...identityFields,
  task: z.literal('regression'),
  input: inputSchema,
  target: targetSchema,
  ...commonFields,
});

export const specSchema = z
  .discriminatedUnion('task', [classificationSchema, regressionSchema])
  .check(({ value, issues }) => {
    const { augmentation } = value.training;
    const problems = augmentation === null ? [] : augmentationProblems(augmentation, value);
    for (const { path, message } of problems) {
      const at = ['training', 'augmentation', ...path];
      issues.push({ code: 'custom', input: augmentation, path: at, message });
    }
  })
  .check(({ value, issues }) => {
    for (const { path, message } of policyProblems(value.gate, {
      sliceable: sliceableFeatures(value.input),
      task: value.task,
      ...(value.task === 'classification' && { classes: value.labels.length }),
    })) {
      issues.push({ code: 'custom', input: value.gate, path: ['gate', ...path], message });
    }
    if (value.training.unfreeze !== undefined && value.base === null) {
      const path = ['training', 'unfreeze'];
      const message = 'expected none: there is no base that could be unfrozen';
      issues.push({ code: 'custom', input: value.training, path, message });
    }
    const misfit = networkProblem(value);
    if (misfit !== null) {
      const path = ['network', ...misfit.path];
      issues.push({ code: 'custom', input: value.network, path, message: misfit.message });
    }
    const problems =
      value.task === 'classification'
        ? classWeightProblems(value.training, value.labels)
        : classProblems(value.training);
    for (const { path, message } of problems) {
      issues.push({ code: 'custom', input: value.training, path: ['training', ...path], message });
    }
  })
  .transform((spec) => ({ ...spec, head: spec.head ?? [defaultLayer(spec.base)] }));
export type Spec = z.infer<typeof specSchema>;
export type ClassificationSpec = Extract<Spec, { task: 'classification' }>;
export type RegressionSpec = Extract<Spec, { task: 'regression' }>;

/** Wide over the features of a base, of which there are a thousand; narrow over an input of its own. */
function defaultLayer(base: string | null): HiddenLayer {
  return hiddenLayerSchema.parse({ units: base === null ? 64 : 1_024 });
}

interface TrainingProblem {
  /** within the recipe */
  readonly path: readonly string[];
  readonly message: string;
}

function classWeightProblems({ classWeights }: TrainingRecipe, labels: readonly string[]): TrainingProblem[] {
  if (typeof classWeights === 'string') return [];
  const unknown = Object.keys(classWeights).filter((label) => !labels.includes(label));
  return unknown.map((label) => ({
    path: ['classWeights'],
    message: `expected one of the labels, got ${JSON.stringify(label)}`,
  }));
}

/** What asks for the classes that a regression does not have. */
function classProblems({ classWeights, replay }: TrainingRecipe): TrainingProblem[] {
  const problems: TrainingProblem[] = [];
  if (classWeights !== 'none')
    problems.push({ path: ['classWeights'], message: "expected 'none': a regression has no classes" });
  if (replay.strategy === 'class-balanced') {
    const message = "expected another than 'class-balanced': a regression has no classes";
    problems.push({ path: ['replay', 'strategy'], message });
  }
  return problems;
}

type Networked = Pick<z.infer<typeof classificationSchema>, 'input' | 'base' | 'network'>;

function networkProblem({
  input,
  base,
  network,
}: Networked): { readonly path: readonly number[]; readonly message: string } | null {
  if (network === undefined) return null;
  const shape =
    input.kind === 'image'
      ? [input.height, input.width, input.channels]
      : input.kind === 'tensor' && input.shape.length === 3
        ? input.shape
        : null;
  if (shape === null)
    return {
      path: [],
      message: `expected none: a network reads images or tensors of three dimensions, and this input is ${
        input.kind === 'tensor' ? `[${input.shape.join(',')}]` : 'tabular'
      }`,
    };
  if (base !== null)
    return {
      path: [],
      message: 'expected none: a network takes the place of a base, and this model has one',
    };
  const shapes = networkShapes(network, shape);
  return shapes.ok ? null : { path: [shapes.error.index], message: shapes.error.message };
}

/** Features with named values: the gate can slice by them. */
function sliceableFeatures(input: InputSpec): string[] {
  return input.kind === 'tabular'
    ? input.features.filter(({ type }) => type === 'category').map(({ name }) => name)
    : [];
}

function unique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
