/**
 * Evidence as JSON and back, so that a verdict can be decided again from what was stored. Typed arrays become base64 of
 * their little-endian bytes: `{"int32": "…"}`, `{"float32": "…"}`, `{"float64": "…"}`. Whether the evidence is fit to
 * judge by is validateEvidence's affair.
 */
import * as z from 'zod';
import { fromBase64, toBase64 } from '../../bytes.ts';
import {
  type AnyEvidence,
  type Evidence,
  EVIDENCE_PARTS,
  type RegressionEvidence,
  SAME_RECIPE,
} from './evidence.ts';

/** A value that JSON.stringify writes without loss. */
export function encodeEvidence(evidence: AnyEvidence): unknown {
  return encodeValue(evidence);
}

function encodeValue(value: unknown): unknown {
  if (value instanceof Int32Array) return { int32: encodeBytes(value) };
  if (value instanceof Float32Array) return { float32: encodeBytes(value) };
  if (value instanceof Float64Array) return { float64: encodeBytes(value) };
  if (Array.isArray(value)) return value.map(encodeValue);
  // JSON has no infinity: null says that a comparison was impossible
  if (value === Number.POSITIVE_INFINITY) return null;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, encodeValue(item)]));
}

function encodeBytes({ buffer, byteOffset, byteLength }: Int32Array | Float32Array | Float64Array): string {
  return toBase64(new Uint8Array(buffer, byteOffset, byteLength));
}

/** The bytes on a boundary that any typed array can begin at; null when they are no whole number of elements. */
function decodeBytes(text: string, elementSize: number): ArrayBuffer | null {
  const bytes = fromBase64(text);
  return bytes === null || bytes.length % elementSize !== 0 ? null : Uint8Array.from(bytes).buffer;
}

const int32 = z.object({ int32: z.string() }).transform(({ int32: text }, context) => {
  const buffer = decodeBytes(text, Int32Array.BYTES_PER_ELEMENT);
  if (buffer !== null) return new Int32Array(buffer);
  context.addIssue({ code: 'custom', message: 'expected base64 of whole 32-bit integers' });
  return z.NEVER;
});

const float32 = z.object({ float32: z.string() }).transform(({ float32: text }, context) => {
  const buffer = decodeBytes(text, Float32Array.BYTES_PER_ELEMENT);
  if (buffer !== null) return new Float32Array(buffer);
  context.addIssue({ code: 'custom', message: 'expected base64 of whole 32-bit floats' });
  return z.NEVER;
});

const float64 = z.object({ float64: z.string() }).transform(({ float64: text }, context) => {
  const buffer = decodeBytes(text, Float64Array.BYTES_PER_ELEMENT);
  if (buffer !== null) return new Float64Array(buffer);
  context.addIssue({ code: 'custom', message: 'expected base64 of whole 64-bit floats' });
  return z.NEVER;
});

const windowFields = {
  id: z.string(),
  kind: z.enum(['past', 'current']),
  fromMs: z.number(),
  toMs: z.number(),
  exampleIds: z.array(z.string()),
  groups: int32.exactOptional(),
  contents: int32.exactOptional(),
  inTimeOrder: z.literal(true).exactOptional(),
  features: z.array(int32).exactOptional(),
};

const scores = z.object({ train: float64, test: float64 });

const commonFields = {
  candidate: z.object({
    digest: z.string(),
    finite: z.boolean(),
    reproduces: z.boolean(),
    exportAgrees: z.boolean(),
    exportDifference: z
      .number()
      .nullable()
      .transform((value) => value ?? Number.POSITIVE_INFINITY),
    trainedOn: z.int(),
  }),
  champion: z.object({ version: z.int(), digest: z.string(), classes: z.int().exactOptional() }).nullable(),
  features: z.array(z.object({ name: z.string(), values: z.array(z.string()) })).exactOptional(),
  edge: z
    .object({
      candidateBytes: z.number(),
      championBytes: z.number().nullable(),
      memoryBytes: z.number(),
      candidateMs: float64,
      championMs: float64.nullable(),
    })
    .exactOptional(),
  splits: z
    .union([
      z.literal(SAME_RECIPE),
      z.object({ trained: z.number(), tested: z.number(), candidate: scores, champion: scores }),
    ])
    .exactOptional(),
  selfTests: z.array(z.object({ id: z.string(), passed: z.boolean(), detail: z.string() })).exactOptional(),
  level: z.number().exactOptional(),
  missing: z.partialRecord(z.enum(EVIDENCE_PARTS), z.string()).exactOptional(),
  beyond: z.partialRecord(z.enum(EVIDENCE_PARTS), z.string()).exactOptional(),
};

export const evidenceSchema: z.ZodType<Evidence> = z.object({
  ...commonFields,
  classes: z.array(z.string()),
  majority: z.int(),
  windows: z.array(
    z.object({
      ...windowFields,
      labels: int32,
      candidate: int32,
      champion: int32.nullable(),
      candidateProbabilities: float32.exactOptional(),
      championProbabilities: float32.exactOptional(),
      previousLabels: int32.exactOptional(),
    }),
  ),
  reportedFlips: z
    .object({
      exampleIds: z.array(z.string()),
      labels: int32,
      candidate: int32,
      champion: int32.exactOptional(),
      windows: z.array(z.string()).exactOptional(),
    })
    .exactOptional(),
});

export const regressionEvidenceSchema: z.ZodType<RegressionEvidence> = z.object({
  ...commonFields,
  task: z.literal('regression'),
  mean: z.number(),
  windows: z.array(
    z.object({
      ...windowFields,
      targets: float64,
      candidate: float64,
      champion: float64.nullable(),
      previousTargets: float64.exactOptional(),
    }),
  ),
});

const taskSchema = z.object({ task: z.literal('regression').optional() });

/** Of either task: one that names none is a classification's. */
export const anyEvidenceSchema: z.ZodType<AnyEvidence> = z.unknown().transform((value, context) => {
  const task = taskSchema.safeParse(value);
  const schema = task.data?.task === 'regression' ? regressionEvidenceSchema : evidenceSchema;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});
