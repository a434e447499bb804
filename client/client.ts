/**
 * `holdfast/client`: predictions and feedback over HTTP, from Node, browsers and Workers. No dependencies.
 */
import { type Answer, HoldfastError, toError, toText } from './errors.ts';
import { encodeInstance, type Instance, parseAnswer } from './json.ts';
import { type Body, send, type SendOptions } from './send.ts';
import { decodeTensors, encodeTensors, type OutputTensor, type Tensor } from './tensors.ts';

export { HoldfastError } from './errors.ts';
export type { Bytes, Instance, Numbers, Value } from './json.ts';
export type { OutputTensor, Tensor } from './tensors.ts';

export interface ClientOptions {
  /** of the deployment: `https://holdfast.example` */
  readonly url: string;
  /** with the scopes that the calls need; without one only health answers */
  readonly key?: string;
  /** in place of the platform's: of a service binding, say */
  readonly fetch?: typeof fetch;
  /** for a call with all its attempts; 30,000 when absent */
  readonly timeoutMs?: number;
  /** attempts after the first; 3 when absent */
  readonly retries?: number;
}

export interface CallOptions {
  /** Ends the call, whatever it waits for. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Which version is asked; the one that serves when neither is given. */
export interface ModelOptions extends CallOptions {
  readonly version?: number;
  readonly label?: 'champion';
}

/** Of a user, a device, a session: its examples are together trained on, or together judge. null and '' are none. */
export type Group = string | number | null;

/** `group`: of all instances, or a list with one for each. */
export interface PredictOptions extends ModelOptions {
  readonly group?: Group | readonly Group[];
}

/** What every prediction has. */
export interface Predicted {
  /** that answered */
  readonly version: number;
  readonly predictionId: string;
}

export interface Prediction extends Predicted {
  /** [instances, labels]; of a regression [instances, 1], or [instances] where the instances were bare values */
  readonly predictions: readonly (readonly number[])[] | readonly number[];
  /** the most probable label of each instance, null where there is none; none at all of a regression */
  readonly labels: readonly (string | null)[];
  /** what feedback for each instance is given for */
  readonly predictionIds: readonly string[];
}

export interface Classification extends Predicted {
  /** of each example: every label with its score */
  readonly results: readonly (readonly (readonly [label: string, score: number])[])[];
}

export interface Regression extends Predicted {
  readonly results: readonly number[];
}

export interface Inference extends Predicted {
  /** by name: `probabilities` and `label`, or of a regression `prediction` */
  readonly outputs: Readonly<Record<string, OutputTensor>>;
}

/** A label by its name, or by the number or truth that its name says; of a regression the number. */
export type Label = string | number | boolean;

/** `flip`: the answer was right before an update and is wrong now. */
export type FeedbackItem =
  | {
      readonly predictionId: string;
      readonly label: Label;
      /** in place of the one that was predicted with */
      readonly group?: Group;
      readonly flip?: boolean;
    }
  | {
      readonly instance: Instance;
      readonly label: Label;
      /** Counts once for each id, as it came last. Without one: once for each content, timestamp and group. */
      readonly id?: string | number;
      /** ISO 8601 as a text, seconds or milliseconds since 1970 as a number */
      readonly timestamp?: Date | string | number;
      readonly group?: Group;
      readonly flip?: boolean;
    };

export interface Feedback {
  /** how many items are durable */
  readonly accepted: number;
  /** `items[3].label: expected one of "a", "b", got "c"` */
  readonly rejected: readonly { readonly index: number; readonly error: string }[];
}

export interface VersionStatus {
  readonly version: string;
  readonly state: 'AVAILABLE' | 'LOADING';
  readonly status: { readonly error_code: 'OK' | 'UNAVAILABLE'; readonly error_message: string };
}

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: 'FP32' | 'BYTES';
  readonly shape: readonly number[];
}

export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** All of these throw `HoldfastError`; a call that is aborted throws what its signal was aborted with. */
export interface Client {
  predict(model: string, instances: readonly Instance[], options?: PredictOptions): Promise<Prediction>;
  /** Examples by feature name, of a classification. */
  classify(model: string, examples: readonly Instance[], options?: PredictOptions): Promise<Classification>;
  /** Examples by feature name, of a regression. */
  regress(model: string, examples: readonly Instance[], options?: PredictOptions): Promise<Regression>;
  /** Tensors in, tensors out, as bytes: one of all numbers, or one for each feature by its name. */
  infer(
    model: string,
    input: Tensor | Readonly<Record<string, Tensor>>,
    options?: PredictOptions,
  ): Promise<Inference>;
  /** Items that are refused are in the answer, also when all of them are. */
  feedback(model: string, items: readonly FeedbackItem[], options?: CallOptions): Promise<Feedback>;
  /** The version that serves, and before it one that is on its way. */
  status(model: string, options?: ModelOptions): Promise<readonly VersionStatus[]>;
  /** What the model takes and gives. */
  metadata(model: string, options?: ModelOptions): Promise<ModelMetadata>;
}

const TIMEOUT_MS = 30_000;
const RETRIES = 3;

/** A client of one deployment. */
export function createClient(options: ClientOptions): Client {
  const base = options.url.replace(/\/+$/, '');
  // Browsers want their fetch called as the window's.
  const fetcher: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init));
  const call = (
    path: string,
    { signal, timeoutMs = options.timeoutMs ?? TIMEOUT_MS }: CallOptions,
    body?: { readonly content: Body; readonly headers?: Record<string, string> },
    accepts?: readonly number[],
  ): Promise<Answer> => {
    const headers = new Headers(body?.headers);
    if (options.key !== undefined) headers.set('Authorization', `Bearer ${options.key}`);
    const sending: SendOptions = { fetch: fetcher, timeoutMs, retries: options.retries ?? RETRIES, signal };
    const method = body ? 'POST' : 'GET';
    return send(base + path, { method, headers, body: body?.content ?? null }, sending, accepts);
  };
  const ask = async <T>(path: string, asked: PredictOptions, examples: object): Promise<T & Predicted> => {
    const answer = await call(path, asked, toJson({ ...examples, ...groupOf(asked) }));
    return { ...(parseAnswer(toText(answer.bytes)) as T), ...readPredicted(answer) };
  };
  const get = async <T>(path: string, options: CallOptions): Promise<T> =>
    JSON.parse(toText((await call(path, options)).bytes)) as T;
  return {
    async predict(model, instances, options = {}) {
      type Body = Pick<Prediction, 'predictions'> & Partial<Pick<Prediction, 'labels'>>;
      const path = `${tfServingPath(model, options)}:predict`;
      const answer = await ask<Body>(path, options, { instances: await encodeAll(instances) });
      return { labels: [], ...answer, predictionIds: instances.map((_, i) => `${answer.predictionId}.${i}`) };
    },
    async classify(model, examples, options = {}) {
      const path = `${tfServingPath(model, options)}:classify`;
      return ask(path, options, { examples: await encodeAll(examples) });
    },
    async regress(model, examples, options = {}) {
      const path = `${tfServingPath(model, options)}:regress`;
      return ask(path, options, { examples: await encodeAll(examples) });
    },
    async infer(model, input, options = {}) {
      const { body, jsonBytes } = encodeTensors(isTensor(input) ? { input } : input, groupOf(options));
      const headers = {
        'Content-Type': 'application/octet-stream',
        'Inference-Header-Content-Length': String(jsonBytes),
      };
      const path = `${openInferencePath(model, options)}/infer`;
      const answer = await call(path, options, { content: body, headers });
      const length = Number(answer.headers.get('inference-header-content-length'));
      return { outputs: decodeTensors(answer.bytes, length), ...readPredicted(answer) };
    },
    async feedback(model, items, options = {}) {
      const body = { items: await Promise.all(items.map(encodeItem)) };
      const path = `${tfServingPath(model, {})}:feedback`;
      return readFeedback(await call(path, options, toJson(body), [400]));
    },
    async status(model, options = {}) {
      type Body = { readonly model_version_status: VersionStatus[] };
      return (await get<Body>(tfServingPath(model, options), options)).model_version_status;
    },
    metadata: (model, options = {}) => get(openInferencePath(model, options), options),
  };
}

function tfServingPath(model: string, { version, label }: ModelOptions): string {
  const path = `/v1/models/${encodeURIComponent(model)}`;
  if (version !== undefined) return `${path}/versions/${version}`;
  return label === undefined ? path : `${path}/labels/${label}`;
}

/** The label `champion` is what this protocol answers by itself. */
function openInferencePath(model: string, { version }: ModelOptions): string {
  const path = `/v2/models/${encodeURIComponent(model)}`;
  return version === undefined ? path : `${path}/versions/${version}`;
}

function groupOf({ group }: PredictOptions): { readonly group?: Group | readonly Group[] } {
  return group === undefined ? {} : { group };
}

function toJson(body: object) {
  return { content: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
}

function encodeAll(instances: readonly Instance[]): Promise<unknown[]> {
  return Promise.all(instances.map(encodeInstance));
}

async function encodeItem(item: FeedbackItem): Promise<object> {
  if ('predictionId' in item) {
    const { predictionId, ...rest } = item;
    return { prediction_id: predictionId, ...rest };
  }
  const { timestamp, instance, ...rest } = item;
  const at =
    timestamp === undefined
      ? {}
      : { timestamp: timestamp instanceof Date ? timestamp.toISOString() : timestamp };
  return { ...rest, ...at, instance: await encodeInstance(instance) };
}

function isTensor(input: Tensor | Readonly<Record<string, Tensor>>): input is Tensor {
  return Array.isArray(input.shape);
}

/** In the headers of every prediction; a page sees them where the deployment lets its origin in. */
function readPredicted({ headers, status }: Answer): Predicted {
  const version = Number(headers.get('holdfast-version'));
  const predictionId = headers.get('holdfast-prediction-id');
  if (predictionId !== null && version > 0) return { version, predictionId };
  const message = 'expected an answer with Holdfast-Version and Holdfast-Prediction-Id, got one without';
  throw new HoldfastError(message, { status, requestId: null });
}

/** A 400 that names items is an answer; any other is an error. */
function readFeedback(answer: Answer): Feedback {
  if (answer.status === 400 && !toText(answer.bytes).includes('"rejected"')) throw toError(answer);
  const { accepted, rejected } = JSON.parse(toText(answer.bytes)) as Feedback;
  return { accepted, rejected };
}
