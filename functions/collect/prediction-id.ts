/**
 * Prediction ids that prove themselves: the facts of the prediction and a keyed hash over them. A label for an id that
 * was never given out, belongs to another model, or was not logged is refused at once, without looking anything up.
 *
 * 22 bytes (flags 1, version 4, time 6, random 8, instances 3) and 10 bytes of HMAC-SHA-256, as URL-safe base64: 43
 * characters. Instance i of a request is `<id>.<i>`; the bare id means instance 0.
 */
import { fromBase64Url, toBase64Url } from '../../shared/bytes.ts';
import { keyedHash } from '../../shared/digest.ts';
import { err, ok, type Result } from '../../shared/result.ts';

const FACTS_BYTES = 22;
/** 80 bits: a forger who may send feedback at all would need 2^79 tries for one hit. */
const TAG_BYTES = 10;
const LOGGED = 1;

export interface PredictionFacts {
  readonly version: number;
  readonly atMs: number;
  /** instances in the request, 1 to 2^24 - 1 */
  readonly instances: number;
  /** false when sampling left the prediction out of the log: a label for it could never be joined */
  readonly logged: boolean;
}

/**
 * @param salt    the model's, in hexadecimal
 * @param random  8 bytes
 */
export function createPredictionId(
  salt: string,
  model: string,
  facts: PredictionFacts,
  random: Uint8Array,
): string {
  const bytes = new Uint8Array(FACTS_BYTES + TAG_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, facts.logged ? LOGGED : 0);
  view.setUint32(1, facts.version);
  view.setUint16(5, Math.floor(facts.atMs / 2 ** 32));
  view.setUint32(7, facts.atMs % 2 ** 32);
  bytes.set(random.subarray(0, 8), 11);
  view.setUint16(19, Math.floor(facts.instances / 256));
  view.setUint8(21, facts.instances % 256);
  bytes.set(tagOf(salt, model, bytes.subarray(0, FACTS_BYTES)), FACTS_BYTES);
  return toBase64Url(bytes);
}

/** The id of one instance, as it is logged and as labels name it. */
export function instanceId(predictionId: string, instance: number): string {
  return `${predictionId}.${instance}`;
}

/**
 * Checks an id that a client sent, with or without its instance.
 *
 * @returns the id of the instance it names, and the prediction's facts
 */
export function parsePredictionId(
  salt: string,
  model: string,
  text: string,
): Result<{ readonly id: string; readonly facts: PredictionFacts }, string> {
  const match = /^([A-Za-z0-9_-]{43})(?:\.(\d{1,8}))?$/.exec(text);
  const bytes = match?.[1] === undefined ? null : fromBase64Url(match[1]);
  if (match === null || bytes === null) {
    return err(
      'expected a prediction id as the header Holdfast-Prediction-Id gave it, with .0, .1, … for the instance',
    );
  }
  const tag = tagOf(salt, model, bytes.subarray(0, FACTS_BYTES));
  if (!isSame(tag, bytes.subarray(FACTS_BYTES))) return err(`no prediction of ${model} has this id`);
  const facts = readFacts(bytes);
  if (!facts.logged)
    return err('this prediction was not logged (logging.rate is below 1): send the whole example');
  const instance = Number(match[2] ?? 0);
  if (instance >= facts.instances) {
    return err(
      `this prediction has ${facts.instances} instance${facts.instances === 1 ? '' : 's'}, there is no number ${instance}`,
    );
  }
  return ok({ id: instanceId(match[1] as string, instance), facts });
}

/** Compares all bytes, so that the time it takes says nothing about where they differ. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (const [i, byte] of a.entries()) difference |= byte ^ (b[i] ?? 0);
  return difference === 0;
}

function readFacts(bytes: Uint8Array): PredictionFacts {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    logged: (view.getUint8(0) & LOGGED) !== 0,
    version: view.getUint32(1),
    atMs: view.getUint16(5) * 2 ** 32 + view.getUint32(7),
    instances: view.getUint16(19) * 256 + view.getUint8(21),
  };
}

function tagOf(salt: string, model: string, facts: Uint8Array): Uint8Array {
  return keyedHash(salt, facts, `prediction-id:${model}:`).subarray(0, TAG_BYTES);
}
