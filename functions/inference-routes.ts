/**
 * `/v1`: TF Serving's REST paths (model status and `:predict`), and `:feedback` beside them.
 */
import { type Context, Hono } from 'hono';
import { randomHex } from '../shared/digest.ts';
import { writeInbox } from '../shared/events/inbox.ts';
import { loadSpec } from '../shared/model/load-spec.ts';
import { loadManifest } from '../shared/registry/versions.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { readJson } from './body.ts';
import type { AppDeps } from './deps.ts';
import type { AppError } from './errors.ts';
import { parseFeedback, toEvents } from './feedback.ts';
import { authorize, checkDeadline, errorResponse, inTime, keepAliveOf, parseModelName, parseVersion } from './http.ts';
import type { ServingStatus } from './model-cache.ts';
import { predict } from './predict.ts';

export function createInferenceRoutes(deps: AppDeps): Hono {
  const routes = new Hono();
  routes.get('/models/:model', (c) => modelStatus(c, deps, c.req.param('model')));
  routes.get('/models/:model/versions/:version', (c) =>
    versionStatus(c, deps, c.req.param('model'), c.req.param('version')),
  );
  routes.post('/models/:target', (c) => {
    const { name, verb } = splitTarget(c.req.param('target'));
    switch (verb) {
      case 'predict':
        return predictWith(c, deps, name, null);
      case 'feedback':
        return takeFeedback(c, deps, name);
      default:
        return errorResponse(c, unknownVerb(verb, 'predict or feedback'));
    }
  });
  routes.post('/models/:model/versions/:target', (c) => {
    const { name: version, verb } = splitTarget(c.req.param('target'));
    if (verb !== 'predict') return errorResponse(c, unknownVerb(verb, 'predict'));
    return predictWith(c, deps, c.req.param('model'), version);
  });
  return routes;
}

/** `digits:predict` */
function splitTarget(target: string): { name: string; verb: string } {
  const colon = target.lastIndexOf(':');
  return colon === -1
    ? { name: target, verb: '' }
    : { name: target.slice(0, colon), verb: target.slice(colon + 1) };
}

function unknownVerb(verb: string, known: string): AppError {
  const got = verb === '' ? 'none' : JSON.stringify(verb.slice(0, 80));
  return { kind: 'not-found', detail: `expected the verb ${known} after the colon, got ${got}` };
}

async function predictWith(
  c: Context,
  deps: AppDeps,
  name: string,
  versionText: string | null,
): Promise<Response> {
  const caller = authorize(deps.authenticator, c.req.raw, ['predict']);
  if (!caller.ok) return errorResponse(c, caller.error);
  const model = parseModelName(name);
  if (!model.ok) return errorResponse(c, model.error);
  const version = versionText === null ? ok(null) : parseVersion(versionText);
  if (!version.ok) return errorResponse(c, version.error);
  const body = await readJson(c.req.raw, deps.limits.maxBodyBytes);
  if (!body.ok) return errorResponse(c, body.error);
  const waiting = checkDeadline(c, deps.now());
  if (!waiting.ok) return errorResponse(c, waiting.error);

  const keepAlive = keepAliveOf(c);
  const use = deps.models.use(model.value, version.value, keepAlive, (spec, servable) =>
    predict(spec, servable, body.value, {
      nowMs: deps.now(),
      maxInstances: deps.limits.maxInstances,
      sample: deps.random(),
      random: crypto.getRandomValues(new Uint8Array(8)),
    }),
  );
  const used = await inTime(c, deps.now(), use);
  const predicted = used.ok ? used.value : used;
  if (!predicted.ok) return errorResponse(c, predicted.error);

  const prediction = predicted.value;
  deps.predictions.add(model.value, prediction.logged, keepAlive);
  return new Response(JSON.stringify(prediction.answer), {
    headers: {
      'Content-Type': 'application/json',
      'Holdfast-Version': String(prediction.version),
      'Holdfast-Prediction-Id': prediction.id,
    },
  });
}

async function takeFeedback(c: Context, deps: AppDeps, name: string): Promise<Response> {
  const caller = authorize(deps.authenticator, c.req.raw, ['feedback']);
  if (!caller.ok) return errorResponse(c, caller.error);
  const model = parseModelName(name);
  if (!model.ok) return errorResponse(c, model.error);
  const body = await readJson(c.req.raw, deps.limits.maxBodyBytes);
  if (!body.ok) return errorResponse(c, body.error);
  const loaded = await loadSpec(deps.store, model.value);
  if (!loaded.ok) return errorResponse(c, loaded.error);
  const { spec } = loaded.value;
  const parsed = parseFeedback(body.value, spec, { nowMs: deps.now(), requestId: randomHex(8) });
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

async function modelStatus(c: Context, deps: AppDeps, name: string): Promise<Response> {
  if (name.includes(':')) {
    return errorResponse(c, {
      kind: 'method-not-allowed',
      detail: `expected POST for ${c.req.path}, got GET`,
    });
  }
  const caller = authorize(deps.authenticator, c.req.raw, ['predict', 'operate']);
  if (!caller.ok) return errorResponse(c, caller.error);
  const model = parseModelName(name);
  if (!model.ok) return errorResponse(c, model.error);
  const status = await deps.models.inspect(model.value, keepAliveOf(c));
  if (!status.ok) return errorResponse(c, status.error);
  const versions = toVersionStatuses(model.value, status.value);
  return versions.ok ? c.json({ model_version_status: versions.value }) : errorResponse(c, versions.error);
}

async function versionStatus(c: Context, deps: AppDeps, name: string, text: string): Promise<Response> {
  const caller = authorize(deps.authenticator, c.req.raw, ['predict', 'operate']);
  if (!caller.ok) return errorResponse(c, caller.error);
  const model = parseModelName(name);
  if (!model.ok) return errorResponse(c, model.error);
  const version = parseVersion(text);
  if (!version.ok) return errorResponse(c, version.error);
  const spec = await loadSpec(deps.store, model.value);
  if (!spec.ok) return errorResponse(c, spec.error);
  const manifest = await loadManifest(deps.store, model.value, version.value);
  if (!manifest.ok) return errorResponse(c, manifest.error);
  return c.json({ model_version_status: [available(version.value)] });
}

interface VersionStatus {
  readonly version: string;
  readonly state: 'AVAILABLE' | 'LOADING';
  readonly status: { readonly error_code: 'OK' | 'UNAVAILABLE'; readonly error_message: string };
}

function available(version: number): VersionStatus {
  return { version: String(version), state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } };
}

/** The champion; and before it, where it can't be loaded, what was promoted since. */
function toVersionStatuses(
  model: string,
  { version, promoted, failure }: ServingStatus,
): Result<VersionStatus[], AppError> {
  if (promoted === null) return err({ kind: 'no-champion', detail: `${model} has no champion yet` });
  const serving = version === null ? [] : [available(version)];
  if (promoted === version) return ok(serving);
  const status = { error_code: 'UNAVAILABLE' as const, error_message: failure?.detail ?? 'not loaded yet' };
  return ok([{ version: String(promoted), state: 'LOADING', status }, ...serving]);
}
