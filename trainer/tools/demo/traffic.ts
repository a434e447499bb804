/**
 * Traffic as an application makes it: digits go in over HTTP, answers come back, and later the true labels go in.
 */
import { z } from 'zod';
import type { Random } from '../../../shared/random.ts';
import type { Client } from '../local/client.ts';
import { DIGIT_LABELS, drawBatch, type Style } from './digits.ts';

/** One digit that was read, and what it really is. */
export interface Served {
  /** names this instance in feedback */
  readonly predictionId: string;
  readonly digit: number;
  readonly predicted: number;
  readonly version: number;
}

const answerSchema = z.object({
  predictions: z.array(z.array(z.number()).length(DIGIT_LABELS.length)),
  labels: z.array(z.string()),
});
const INSTANCES_PER_REQUEST = 20;

/** Has so many digits read. Throws where a request fails: the demo promises that none does. */
export async function sendDigits(
  client: Client,
  model: string,
  count: number,
  style: Style,
  random: Random,
): Promise<Served[]> {
  return readDigits(client, `/v1/models/${model}:predict`, drawBatch(count, style, random));
}

/** The same, by a version that need not be the one that serves. */
export async function askVersion(
  client: Client,
  model: string,
  version: number,
  count: number,
  style: Style,
  random: Random,
): Promise<Served[]> {
  const route = `/v1/models/${model}/versions/${version}:predict`;
  return readDigits(client, route, drawBatch(count, style, random));
}

async function readDigits(
  client: Client,
  route: string,
  { images, digits }: ReturnType<typeof drawBatch>,
): Promise<Served[]> {
  const served: Served[] = [];
  for (let at = 0; at < images.length; at += INSTANCES_PER_REQUEST) {
    const some = images.slice(at, at + INSTANCES_PER_REQUEST);
    served.push(...(await predict(client, route, some, digits.slice(at, at + INSTANCES_PER_REQUEST))));
  }
  return served;
}

async function predict(
  client: Client,
  route: string,
  images: readonly Uint8Array[],
  digits: readonly number[],
): Promise<Served[]> {
  const instances = images.map((image) => [...image]);
  const { status, headers, body } = await client.call('predict', 'POST', route, { instances });
  if (status !== 200) throw new Error(`POST ${route}: ${status} ${JSON.stringify(body)}`);
  const { labels } = answerSchema.parse(body);
  const id = headers.get('holdfast-prediction-id') ?? '';
  const version = Number(headers.get('holdfast-version'));
  return digits.map((digit, i) => ({
    predictionId: `${id}.${i}`,
    digit,
    predicted: DIGIT_LABELS.indexOf(labels[i] ?? ''),
    version,
  }));
}

const feedbackSchema = z.object({ accepted: z.int(), rejected: z.array(z.unknown()) });
const LABELS_PER_REQUEST = 200;

/**
 * Sends the labels of digits that were read.
 *
 * @param labelOf  what is sent for a digit: itself, unless somebody mixes things up
 * @returns how many were accepted
 */
export async function sendLabels(
  client: Client,
  model: string,
  served: readonly Served[],
  labelOf: (digit: number) => number = (digit) => digit,
): Promise<number> {
  let accepted = 0;
  for (let at = 0; at < served.length; at += LABELS_PER_REQUEST) {
    const items = served
      .slice(at, at + LABELS_PER_REQUEST)
      .map(({ predictionId, digit }) => ({ prediction_id: predictionId, label: String(labelOf(digit)) }));
    const route = `/v1/models/${model}:feedback`;
    accepted += (await client.ask(feedbackSchema, 'feedback', 'POST', route, { items })).accepted;
  }
  return accepted;
}

/** Share of digits that were read right; 0 of none. */
export function accuracyOf(served: readonly Served[]): number {
  const right = served.filter(({ digit, predicted }) => digit === predicted).length;
  return served.length === 0 ? 0 : right / served.length;
}
