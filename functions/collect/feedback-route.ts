/**
 * `POST /v1/models/{m}:feedback`, over HTTP.
 */
import { randomHex } from '../../shared/digest.ts';
import { writeInbox } from '../../shared/events/write-inbox.ts';
import { loadServingSpec } from '../../shared/model/spec/serving-spec.ts';
import type { InputSpec } from '../../shared/model/spec/spec.ts';
import { err } from '../../shared/result.ts';
import { createArrivalClock } from './arrival-clock.ts';
import { type RequestContext, checkDeadline, withDeadline, refuse } from '../http/request-context.ts';
import { readJson } from '../http/body.ts';
import type { AppDeps } from '../deps.ts';
import { parseFeedback, type ReadImage, toEvents } from './feedback.ts';
import { authorizeModel } from '../serving/inference-http.ts';

/** Of the isolate, whatever app asks. */
const nextArrival = createArrivalClock();

/** Once nobody waits any longer, what is left of the images is refused unread. */
function imagesInTime(context: RequestContext, deps: AppDeps, input: InputSpec): ReadImage {
  return async (image) => {
    const waited = checkDeadline(context, deps.now());
    const read = waited.ok ? await deps.images.read(image, input) : waited;
    return read.ok ? read : err(read.error.detail);
  };
}

/**
 * Answers 202 when what can be accepted is durable in the inbox, and says item by item what is not; 400 where nothing
 * can be, other errors by the key's scope and the body's form and size.
 */
export async function handleFeedback(
  context: RequestContext,
  deps: AppDeps,
  name: string,
): Promise<Response> {
  const model = authorizeModel(context, deps, name, ['feedback']);
  if (!model.ok) return refuse(context, model.error);
  const body = await readJson(context.request, deps.limits.maxBodyBytes);
  if (!body.ok) return refuse(context, body.error);
  const writing = writeFeedback(context, deps, model.value, body.value);
  // What was begun is finished even when the client has its 504: it may repeat the request, which changes nothing.
  context.keepAlive(writing.catch(() => undefined));
  const written = await withDeadline(context, deps.now(), writing);
  return written instanceof Response ? written : refuse(context, written.error);
}

async function writeFeedback(
  context: RequestContext,
  deps: AppDeps,
  model: string,
  body: unknown,
): Promise<Response> {
  const loaded = await loadServingSpec(deps.store, model);
  if (!loaded.ok) return refuse(context, loaded.error);
  const spec = loaded.value;
  const parsed = await parseFeedback(body, spec, {
    nowMs: deps.now(),
    requestId: randomHex(8),
    arrival: () => nextArrival(deps.now()),
    readImage: imagesInTime(context, deps, spec.input),
  });
  if (!parsed.ok) return refuse(context, parsed.error);

  const { labels, rejected } = parsed.value;
  // A label without its prediction teaches nothing.
  if (labels.length > 0) await deps.predictions.settle(spec.name, context.keepAlive);
  const events = await toEvents(deps.store, spec.name, parsed.value);
  if (events.length === 0) {
    return Response.json(
      { error: 'none of the items can be accepted', accepted: 0, rejected },
      { status: 400 },
    );
  }
  const message = await writeInbox(deps.store, spec.name, events, new Date(deps.now()));
  context.keepAlive(deps.notifyQueue(message));
  return Response.json({ accepted: events.length, rejected }, { status: 202 });
}
