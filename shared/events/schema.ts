/**
 * What is collected: predictions as they were made, labels for them, and whole labelled examples.
 * One JSON object a line, in the inbox and in the batches.
 */
import * as z from '../zod.ts';
import { fromBase64 } from '../bytes.ts';
import { digestSchema } from '../registry/versions/manifest.ts';
import { digestInput } from './input-digest.ts';

/**
 * An example's raw input: bytes as base64, either inside the event or, where they are large, by their SHA-256 under
 * `inputs/`. `u8`: unsigned bytes (pixels that are whole numbers); `f32`: float32, little-endian.
 */
export const storedInputSchema = z.pipe(
  z.object({
    type: z.enum(['u8', 'f32']),
    /** SHA-256 over the type and the bytes: what makes two examples the same. */
    digest: z.optional(digestSchema),
    base64: z.optional(z.string()),
  }),
  z.transform(addDigest),
);
export type StoredInput = z.infer<typeof storedInputSchema>;
/** An input as it may be written. */
export type WrittenInput = z.input<typeof storedInputSchema>;

/** What a writer in a hurry leaves out, a reader computes: predictions are written without a digest. */
function addDigest(
  input: { type: 'u8' | 'f32'; digest?: string | undefined; base64?: string | undefined },
  context: z.core.ParsePayload,
) {
  const { type, digest, base64 } = input;
  if (digest !== undefined) return { ...input, digest };
  const bytes = base64 === undefined ? null : fromBase64(base64);
  if (bytes !== null) return { ...input, digest: digestInput(type, bytes) };
  context.issues.push({ code: 'custom', message: 'expected a digest, or bytes as base64', input });
  return z.NEVER;
}

const timeSchema = z.int().check(z.minimum(0));

/** Keeps all examples of one user, device, … on one side of the split. Hidden (group.ts); older ones are as they came. */
const groupSchema = z.optional(z.string());

/** When it came in, in milliseconds; a fraction orders what came within one. Of what is said twice, the last counts. */
const receivedSchema = z.optional(z.number().check(z.minimum(0)));

/** Index of the label; of a regression the target itself. Whether it is one of its model's, the snapshot asks. */
const labelValueSchema = z.number();

const predictionSchema = z.object({
  kind: z.literal('prediction'),
  /** The prediction id with its instance: unique. */
  id: z.string(),
  at: timeSchema,
  version: z.int().check(z.minimum(1)),
  input: storedInputSchema,
  /** Index of the predicted label; of a regression the number itself. */
  predicted: z.number(),
  group: groupSchema,
});

/** A user reported that the answer was right before an update and is wrong now. */
const flipSchema = z.optional(z.literal(true));

const labelSchema = z.object({
  kind: z.literal('label'),
  id: z.string(),
  at: timeSchema,
  /** The prediction id with its instance. */
  prediction: z.string(),
  label: labelValueSchema,
  /** In place of the prediction's. */
  group: groupSchema,
  received: receivedSchema,
  flip: flipSchema,
});

const exampleSchema = z.object({
  kind: z.literal('example'),
  /** Given by the client, or a digest of the example: sending it twice counts once. */
  id: z.string(),
  at: timeSchema,
  input: storedInputSchema,
  label: labelValueSchema,
  group: groupSchema,
  received: receivedSchema,
  flip: flipSchema,
});

export const eventSchema = z.discriminatedUnion('kind', [predictionSchema, labelSchema, exampleSchema]);
export type Event = z.infer<typeof eventSchema>;
/** An event as it may be written. */
export type WrittenEvent = z.input<typeof eventSchema>;
export type PredictionEvent = z.infer<typeof predictionSchema>;
export type LabelEvent = z.infer<typeof labelSchema>;
export type ExampleEvent = z.infer<typeof exampleSchema>;
