/**
 * `POST /v1/models/{m}:feedback`, over HTTP.
 */
import type { Context } from 'hono';
import { randomHex } from '../shared/digest.ts';
import { writeInbox } from '../shared/events/inbox.ts';
import { loadSpec } from '../shared/model/load-spec.ts';
import type { InputSpec } from '../shared/model/spec.ts';
import { err } from '../shared/result.ts';
import { readJson } from './body.ts';
import type { AppDeps } from './deps.ts';
import { parseFeedback, type ReadImage, toEvents } from './feedback.ts';
import { checkDeadline, errorResponse, inTime, keepAliveOf } from './http.ts';
import { admit } from './inference-http.ts';

/** Once nobody waits any longer, what is left of the images is refused unread. */
function imagesInTime(c: Context, deps: AppDeps, input: InputSpec): ReadImage {
  return async (image) => {
    const waited = checkDeadline(c, deps.now());
    const read = waited.ok ? await deps.images.read(image, input) : waited;
    return read.ok ? read : err(read.error.detail);
  };
}

export async function takeFeedback(c: Context, deps: AppDeps, name: string): Promise<Response> {
  const model = admit(c, deps, name, ['feedback']);
  if (!model.ok) return errorResponse(c, model.error);
  const body = await readJson(c.req.raw, deps.limits.maxBodyBytes);
  if (!body.ok) return errorResponse(c, body.error);
  const writing = writeFeedback(c, deps, model.value, body.value);
  // What was begun is finished even when the client has its 504: it may repeat the request, which changes nothing.
  keepAliveOf(c)(writing.catch(() => undefined));
  const written = await inTime(c, deps.now(), writing);
  return written instanceof Response ? written : errorResponse(c, written.error);
}

async function writeFeedback(c: Context, deps: AppDeps, model: string, body: unknown): Promise<Response> {
  const loaded = await loadSpec(deps.store, model);
  if (!loaded.ok) return errorResponse(c, loaded.error);
  const { spec } = loaded.value;
  const parsed = await parseFeedback(body, spec, {
    nowMs: deps.now(),
    requestId: randomHex(8),
    readImage: imagesInTime(c, deps, spec.input),
  });
  if (!parsed.ok) return errorResponse(c, parsed.error);

  const { labels, rejected } = parsed.value;
  // A label without its prediction teaches nothing.
  if (labels.length > 0) await deps.predictions.settle(spec.name, keepAliveOf(c));
  const events = await toEvents(deps.store, spec.name, parsed.value);
  if (events.length === 0) {
    return c.json({ error: 'none of the items can be accepted', accepted: 0, rejected }, 400);
  }
  const message = await writeInbox(deps.store, spec.name, events, new Date(deps.now()));
  keepAliveOf(c)(deps.announce(message));
  return c.json({ accepted: events.length, rejected }, 202);
}
