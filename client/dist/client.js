/**
 * `holdfast/client`: predictions and feedback over HTTP, from Node, browsers and Workers. No dependencies.
 */
import { HoldfastError, toError, toText } from './errors.js';
import { encodeInstance, parseAnswer } from './json.js';
import { send } from './send.js';
import { decodeTensors, encodeTensors } from './tensors.js';
export { HoldfastError } from './errors.js';
const TIMEOUT_MS = 30_000;
const RETRIES = 3;
/** A client of one deployment. */
export function createClient(options) {
    const base = options.url.replace(/\/+$/, '');
    // Browsers want their fetch called as the window's.
    const fetcher = options.fetch ?? ((input, init) => fetch(input, init));
    const call = (path, { signal, timeoutMs = options.timeoutMs ?? TIMEOUT_MS }, body, accepts) => {
        const headers = new Headers(body?.headers);
        if (options.key !== undefined)
            headers.set('Authorization', `Bearer ${options.key}`);
        const sending = { fetch: fetcher, timeoutMs, retries: options.retries ?? RETRIES, signal };
        const method = body ? 'POST' : 'GET';
        return send(base + path, { method, headers, body: body?.content ?? null }, sending, accepts);
    };
    const ask = async (path, asked, examples) => {
        const answer = await call(path, asked, toJson({ ...examples, ...groupOf(asked) }));
        return { ...parseAnswer(toText(answer.bytes)), ...readPredicted(answer) };
    };
    const get = async (path, options) => JSON.parse(toText((await call(path, options)).bytes));
    return {
        async predict(model, instances, options = {}) {
            const path = `${tfServingPath(model, options)}:predict`;
            const answer = await ask(path, options, { instances: await encodeAll(instances) });
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
            return (await get(tfServingPath(model, options), options)).model_version_status;
        },
        metadata: (model, options = {}) => get(openInferencePath(model, options), options),
    };
}
function tfServingPath(model, { version, label }) {
    const path = `/v1/models/${encodeURIComponent(model)}`;
    if (version !== undefined)
        return `${path}/versions/${version}`;
    return label === undefined ? path : `${path}/labels/${label}`;
}
/** The label `champion` is what this protocol answers by itself. */
function openInferencePath(model, { version }) {
    const path = `/v2/models/${encodeURIComponent(model)}`;
    return version === undefined ? path : `${path}/versions/${version}`;
}
function groupOf({ group }) {
    return group === undefined ? {} : { group };
}
function toJson(body) {
    return { content: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } };
}
function encodeAll(instances) {
    return Promise.all(instances.map(encodeInstance));
}
async function encodeItem(item) {
    if ('predictionId' in item) {
        const { predictionId, ...rest } = item;
        return { prediction_id: predictionId, ...rest };
    }
    const { timestamp, instance, ...rest } = item;
    const at = timestamp === undefined
        ? {}
        : { timestamp: timestamp instanceof Date ? timestamp.toISOString() : timestamp };
    return { ...rest, ...at, instance: await encodeInstance(instance) };
}
function isTensor(input) {
    return Array.isArray(input.shape);
}
/** In the headers of every prediction; a page sees them where the deployment lets its origin in. */
function readPredicted({ headers, status }) {
    const version = Number(headers.get('holdfast-version'));
    const predictionId = headers.get('holdfast-prediction-id');
    if (predictionId !== null && version > 0)
        return { version, predictionId };
    const message = 'expected an answer with Holdfast-Version and Holdfast-Prediction-Id, got one without';
    throw new HoldfastError(message, { status, requestId: null });
}
/** A 400 that names items is an answer; any other is an error. */
function readFeedback(answer) {
    if (answer.status === 400 && !toText(answer.bytes).includes('"rejected"'))
        throw toError(answer);
    const { accepted, rejected } = JSON.parse(toText(answer.bytes));
    return { accepted, rejected };
}
