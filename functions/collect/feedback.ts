/**
 * `POST /v1/models/{m}:feedback`: labels for predictions, and whole labelled examples. Each item stands for itself: a
 * bad one is named by its index and refused, the others count.
 */
import * as z from '../../shared/zod.ts';
import { fromBase64 } from '../../shared/bytes.ts';
import { sha256Hex } from '../../shared/digest.ts';
import { parsePredictionId } from './prediction-id.ts';
import type { Event, ExampleEvent, LabelEvent } from '../../shared/events/schema.ts';
import { storeInline, storeInput } from '../../shared/events/stored-input.ts';
import { parseInstance } from '../../shared/model/spec/input.ts';
import type { ServingSpec } from '../../shared/model/spec/serving-spec.ts';
import { parseLabel } from '../../shared/model/spec/task.ts';
import { describeIssues } from '../../shared/registry/json.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { type AppError, invalid } from '../http/errors.ts';
import type { EncodedImage } from '../serving/image-reader.ts';
import { isBase64Object } from '../serving/tf-serving/values.ts';

export interface Rejection {
  readonly index: number;
  /** `items[3].label: expected one of "a", "b", got "c"` */
  readonly error: string;
}

export interface Feedback {
  readonly labels: readonly LabelEvent[];
  readonly examples: readonly LabelledInstance[];
  readonly rejected: readonly Rejection[];
}

/** A whole example whose input is not stored yet. */
export type LabelledInstance = Omit<ExampleEvent, 'input'> & { readonly raw: Float32Array };

/** The bytes of an image as pixels; the error names its place. */
export type ReadImage = (image: EncodedImage) => Promise<Result<Float32Array, string>>;

export interface FeedbackContext {
  readonly readImage: ReadImage;
  readonly nowMs: number;
  /** Unique to this request: ids of labels begin with it. */
  readonly requestId: string;
}

export const MAX_ITEMS = 1_000;
/** Clocks differ; more than this is a mistake. */
const MAX_FUTURE_MS = 5 * 60_000;

export const feedbackSchema = z.strictObject({
  items: z.array(z.unknown()).check(z.minLength(1), z.maxLength(MAX_ITEMS)),
});

/** True: the answer was right before an update and is wrong now. */
const flipField = z.optional(z.boolean());

export const labelItemSchema = z.strictObject({
  prediction_id: z.string(),
  label: z.optional(z.unknown()),
  flip: flipField,
});

export const exampleItemSchema = z.strictObject({
  instance: z.unknown(),
  label: z.optional(z.unknown()),
  timestamp: z.optional(z.iso.datetime({ offset: true })),
  group: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
  id: z.optional(z.string().check(z.minLength(1), z.maxLength(128))),
  flip: flipField,
});

/**
 * Reads a feedback request.
 *
 * @returns events and rejections; an error only when the body as a whole is none
 */
export async function parseFeedback(
  body: unknown,
  spec: ServingSpec,
  context: FeedbackContext,
): Promise<Result<Feedback, AppError>> {
  const parsed = feedbackSchema.safeParse(body);
  if (!parsed.success)
    return invalid(`expected {"items": [1 to ${MAX_ITEMS}]}: ${describeIssues(parsed.error)}`);
  const labels: LabelEvent[] = [];
  const examples: LabelledInstance[] = [];
  const rejected: Rejection[] = [];
  for (const [index, item] of parsed.data.items.entries()) {
    const event = await parseItem(item, index, spec, context);
    if (!event.ok) rejected.push({ index, error: event.error });
    else if (event.value.kind === 'label') labels.push(event.value);
    else examples.push(event.value);
  }
  return ok({ labels, examples, rejected });
}

async function parseItem(
  item: unknown,
  index: number,
  spec: ServingSpec,
  context: FeedbackContext,
): Promise<Result<LabelEvent | LabelledInstance, string>> {
  const where = `items[${index}]`;
  if (typeof item !== 'object' || item === null) {
    return err(`${where}: expected an object with prediction_id or instance, and label`);
  }
  if ('prediction_id' in item) return parseLabelItem(item, index, spec, context);
  if ('instance' in item) return parseExampleItem(item, where, spec, context);
  return err(`${where}: expected prediction_id or instance, got neither`);
}

function parseLabelItem(
  item: object,
  index: number,
  spec: ServingSpec,
  { nowMs, requestId }: FeedbackContext,
): Result<LabelEvent, string> {
  const where = `items[${index}]`;
  const parsed = labelItemSchema.safeParse(item);
  if (!parsed.success) return err(`${where}: ${describeIssues(parsed.error)}`);
  const prediction = parsePredictionId(spec.salt, spec.name, parsed.data.prediction_id);
  if (!prediction.ok) return err(`${where}.prediction_id: ${prediction.error}`);
  const label = parseLabel(spec, parsed.data.label);
  if (!label.ok) return err(`${where}.label: ${label.error}`);
  const id = `${requestId}.${index}`;
  const event = {
    kind: 'label' as const,
    id,
    at: nowMs,
    prediction: prediction.value.id,
    label: label.value,
  };
  return ok(parsed.data.flip === true ? { ...event, flip: true } : event);
}

async function parseExampleItem(
  item: object,
  where: string,
  spec: ServingSpec,
  { nowMs, readImage }: FeedbackContext,
): Promise<Result<LabelledInstance, string>> {
  const parsed = exampleItemSchema.safeParse(item);
  if (!parsed.success) return err(`${where}: ${describeIssues(parsed.error)}`);
  const { instance, timestamp, group, id, flip } = parsed.data;
  const raw = await readInstance(spec, instance, `${where}.instance`, readImage);
  if (!raw.ok) return raw;
  const label = parseLabel(spec, parsed.data.label);
  if (!label.ok) return err(`${where}.label: ${label.error}`);
  const at = timestamp === undefined ? nowMs : Date.parse(timestamp);
  if (at < 0 || at > nowMs + MAX_FUTURE_MS) {
    return err(`${where}.timestamp: expected a time from 1970 until now, got ${timestamp}`);
  }
  const given = { kind: 'example' as const, at, label: label.value, raw: raw.value };
  const identity = id === undefined ? `content:${contentId(given, timestamp, group)}` : `client:${id}`;
  return ok({
    ...given,
    id: identity,
    ...(group !== undefined && { group }),
    ...(flip === true && { flip }),
  });
}

/** Numbers, or an image as `{"b64": "…"}`. */
async function readInstance(
  { input }: ServingSpec,
  instance: unknown,
  where: string,
  readImage: ReadImage,
): Promise<Result<Float32Array, string>> {
  if (input.kind !== 'image' || !isBase64Object(instance)) return parseInstance(input, instance, where);
  const bytes = fromBase64(instance.b64);
  return bytes === null ? err(`${where}: expected base64`) : readImage({ bytes, where });
}

/** What a client said twice in the same words counts once, so a request can be repeated after a lost answer. */
function contentId(
  { raw, label }: { readonly raw: Float32Array; readonly label: number },
  timestamp: string | undefined,
  group: string | undefined,
): string {
  return sha256Hex(JSON.stringify([storeInline(raw).digest, label, timestamp ?? null, group ?? null]));
}

/** The events of a feedback request; large inputs are put under `inputs/` on the way. */
export async function toEvents(store: ObjectStore, model: string, feedback: Feedback): Promise<Event[]> {
  const events: Event[] = [...feedback.labels];
  for (const { raw, ...example } of feedback.examples) {
    events.push({ ...example, input: await storeInput(store, model, raw) });
  }
  return events;
}
