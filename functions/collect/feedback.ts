/**
 * `POST /v1/models/{m}:feedback`: labels for predictions, and whole labelled examples. Each item stands for itself: a
 * bad one is named by its index and refused, the others count.
 */
import * as z from '../../shared/zod.ts';
import { fromBase64 } from '../../shared/bytes.ts';
import { sha256Hex } from '../../shared/digest.ts';
import { hideGroup } from '../../shared/events/group.ts';
import { parsePredictionId } from './prediction-id.ts';
import type { Event, ExampleEvent, LabelEvent } from '../../shared/events/schema.ts';
import { storeInline, storeInput } from '../../shared/events/stored-input.ts';
import { parseInstance } from '../../shared/model/spec/input.ts';
import { parseTime } from '../../shared/model/spec/moment.ts';
import { parseGroup } from '../../shared/model/spec/read-value.ts';
import type { ServingSpec } from '../../shared/model/spec/serving-spec.ts';
import { parseLabel } from '../../shared/model/spec/task.ts';
import { describeIssues } from '../../shared/registry/store/json.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
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
  /** Of the next item; later than of the one before. */
  readonly arrival: () => number;
}

export const MAX_ITEMS = 1_000;
export const feedbackSchema = z.strictObject({
  items: z.array(z.unknown()).check(z.minLength(1), z.maxLength(MAX_ITEMS)),
});

/** True: the answer was right before an update and is wrong now. */
const flipField = z.nullish(z.boolean());

export const labelItemSchema = z.strictObject({
  prediction_id: z.string(),
  label: z.optional(z.unknown()),
  group: z.optional(z.unknown()),
  flip: flipField,
});

export const exampleItemSchema = z.strictObject({
  instance: z.unknown(),
  label: z.optional(z.unknown()),
  timestamp: z.optional(z.unknown()),
  group: z.optional(z.unknown()),
  id: z.optional(z.unknown()),
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
  const { prediction_id: named, ...rest } = item as { readonly prediction_id?: unknown };
  if (named !== undefined && named !== null) return parseLabelItem(item, index, spec, context);
  if ('instance' in item) return parseExampleItem(rest, where, spec, context);
  return err(`${where}: expected prediction_id or instance, got neither`);
}

function parseLabelItem(
  item: object,
  index: number,
  spec: ServingSpec,
  { nowMs, requestId, arrival }: FeedbackContext,
): Result<LabelEvent, string> {
  const where = `items[${index}]`;
  const parsed = labelItemSchema.safeParse(item);
  if (!parsed.success) return err(`${where}: ${describeIssues(parsed.error)}`);
  const prediction = parsePredictionId(spec.salt, spec.name, parsed.data.prediction_id);
  if (!prediction.ok) return err(`${where}.prediction_id: ${prediction.error}`);
  const label = parseLabel(spec, parsed.data.label);
  if (!label.ok) return err(`${where}.label: ${label.error}`);
  const group = parseGroup(parsed.data.group);
  if (!group.ok) return err(`${where}.group: ${group.error}`);
  return ok({
    kind: 'label',
    id: `${requestId}.${index}`,
    at: nowMs,
    prediction: prediction.value.id,
    label: label.value,
    ...(group.value !== null && { group: hideGroup(spec.salt, group.value) }),
    received: arrival(),
    ...(parsed.data.flip === true && { flip: true }),
  });
}

async function parseExampleItem(
  item: object,
  where: string,
  spec: ServingSpec,
  { nowMs, readImage, arrival }: FeedbackContext,
): Promise<Result<LabelledInstance, string>> {
  const parsed = exampleItemSchema.safeParse(item);
  if (!parsed.success) return err(`${where}: ${describeIssues(parsed.error)}`);
  const { instance, flip } = parsed.data;
  const raw = await readInstance(spec, instance, `${where}.instance`, readImage);
  if (!raw.ok) return raw;
  const facts = readFacts(parsed.data, spec, nowMs);
  if (!facts.ok) return err(`${where}.${facts.error}`);
  const { label, at, group, id } = facts.value;
  const content = { raw: raw.value, label, at, group };
  return ok({
    kind: 'example',
    at: at ?? nowMs,
    label,
    raw: raw.value,
    id: id === null ? `content:${contentId(content)}` : `client:${id}`,
    ...(group !== null && { group }),
    received: arrival(),
    ...(flip === true && { flip }),
  });
}

interface Facts {
  readonly label: number;
  /** null where the client says none */
  readonly at: number | null;
  readonly group: string | null;
  readonly id: string | null;
}

/** @returns an error that begins with the field's name */
function readFacts(
  item: z.infer<typeof exampleItemSchema>,
  spec: ServingSpec,
  nowMs: number,
): Result<Facts, string> {
  const label = parseLabel(spec, item.label);
  if (!label.ok) return err(`label: ${label.error}`);
  const at = parseTime(item.timestamp, nowMs);
  if (!at.ok) return err(`timestamp: ${at.error}`);
  const group = parseGroup(item.group);
  if (!group.ok) return err(`group: ${group.error}`);
  const id = parseGroup(item.id);
  if (!id.ok) return err(`id: ${id.error}`);
  const hidden = group.value === null ? null : hideGroup(spec.salt, group.value);
  return ok({ label: label.value, at: at.value, group: hidden, id: id.value });
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

/** What a client said twice counts once, so a request can be repeated after a lost answer. */
function contentId({ raw, label, at, group }: Omit<Facts, 'id'> & { readonly raw: Float32Array }): string {
  return sha256Hex(JSON.stringify([storeInline(raw).digest, label, at, group]));
}

/** The events of a feedback request; large inputs are put under `inputs/` on the way. */
export async function toEvents(store: ObjectStore, model: string, feedback: Feedback): Promise<Event[]> {
  const events: Event[] = [...feedback.labels];
  for (const { raw, ...example } of feedback.examples) {
    events.push({ ...example, input: await storeInput(store, model, raw) });
  }
  return events;
}
