/**
 * `/api`: what operators and the CLI see and do. Scope `operate`; errors as RFC 9457.
 */
import { Hono } from 'hono/tiny';
import * as z from '../../shared/zod.ts';
import { anyString, has, oneOf, optional } from '../../shared/checks.ts';
import { sha256Hex } from '../../shared/digest.ts';
import { listModels, type SpecError, toSpec } from '../../shared/model/spec/find-spec.ts';
import { loadChampion, loadHistory, type Move } from '../../shared/registry/champion/alias.ts';
import { SPEC_FORMAT } from '../../shared/model/spec/spec-bounds.ts';
import { listVersionNumbers } from '../../shared/registry/versions/find-version.ts';
import { encodeJson, loadChecked } from '../../shared/registry/store/json.ts';
import { keys } from '../../shared/registry/store/keys.ts';
import { listNotices } from '../../shared/registry/notices.ts';
import {
  findRollbackTarget,
  promote,
  type PromotionError,
  resumePromotion,
  rollback,
} from '../../shared/registry/champion/promotion.ts';
import { listQuarantines } from '../../shared/registry/quarantine.ts';
import { loadLastRun } from '../../shared/registry/jobs/runs.ts';
import { findServedAt } from '../../shared/registry/champion/served-at.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';
import { ok, type Result } from '../../shared/result.ts';
import type { AppDeps } from '../deps.ts';
import { type AppError, invalid } from '../http/errors.ts';
import { authorize, errorResponse, keepAliveOf, parseModelName, parseVersion } from '../http/http.ts';
import {
  actorOf,
  byField,
  type OperatorApp,
  type OperatorContext,
  readBody,
  respond,
} from './operator-http.ts';
import { createLiveRoutes } from './live-routes.ts';
import { findBriefLive } from '../../shared/registry/live.ts';
import { createJobRoutes } from './job-routes.ts';
import { createQuarantineRoutes } from './quarantine-routes.ts';

/** What served when the caller decided; null for none. Where another version serves by now, nothing moves. */
const expectedField = z.optional(z.nullable(z.int().check(z.minimum(1))));
export const promoteSchema = z.strictObject({
  version: z.int().check(z.minimum(1)),
  reason: z.string().check(z.minLength(1), z.maxLength(2_000)),
  force: z.optional(z.boolean()),
  expectedChampion: expectedField,
  by: byField,
});
export const rollbackSchema = z.strictObject({
  reason: z.string().check(z.minLength(1), z.maxLength(2_000)),
  to: z.optional(z.int().check(z.minimum(1))),
  /** Promotion by machines goes on too once a candidate is shown better on what came in after it was made. */
  untilBetter: z.optional(z.boolean()),
  expectedChampion: expectedField,
  by: byField,
});
export const resumePromotionSchema = z.strictObject({
  reason: z.string().check(z.minLength(1), z.maxLength(2_000)),
  untilBetter: z.optional(z.boolean()),
  by: byField,
});

/** Versions shown at once: each is an object to be read. */
const MAX_VERSIONS = 50;

/**
 * All of `/api`. Every route needs a key with the scope `operate` and, where its path names a model, one that there
 * is.
 */
export function createOperatorRoutes(deps: AppDeps): OperatorApp {
  const routes: OperatorApp = new Hono();
  routes.use(async (c, next) => {
    const caller = authorize(deps.authenticator, c.req.raw, ['operate']);
    if (!caller.ok) return errorResponse(c, caller.error);
    c.set('caller', caller.value);
    return next();
  });
  routes.use('/models/:model/*', async (c, next) => {
    const known = await checkModel(deps, c.req.param('model'));
    return known.ok ? next() : errorResponse(c, known.error);
  });
  routes.get('/models', async (c) => c.json({ models: await describeModels(deps) }));
  routes.get('/models/:model', (c) => showModel(c, deps, c.req.param('model')));
  routes.get('/models/:model/spec', (c) => showSpec(c, deps, c.req.param('model')));
  routes.get('/models/:model/versions', (c) => showVersions(c, deps, c.req.param('model')));
  routes.get('/models/:model/versions/:version', async (c) => {
    const version = parseVersion(c.req.param('version'));
    if (!version.ok) return errorResponse(c, version.error);
    return respond(c, await loadManifest(deps.store, c.req.param('model'), version.value));
  });
  routes.get('/models/:model/history', async (c) => {
    const moves = await loadHistory(deps.store, c.req.param('model'));
    return moves.ok ? c.json({ moves: moves.value }) : errorResponse(c, moves.error);
  });
  routes.get('/models/:model/notices', async (c) =>
    c.json({ notices: await listNotices(deps.store, c.req.param('model')) }),
  );
  routes.get('/models/:model/at/:time', async (c) => {
    const at = parseTime(c.req.param('time'));
    if (!at.ok) return errorResponse(c, at.error);
    return respond(c, await findServedAt(deps.store, c.req.param('model'), at.value));
  });
  routes.post('/models/:model/promote', (c) => promoteVersion(c, deps, c.req.param('model')));
  routes.post('/models/:model/rollback', (c) => rollBack(c, deps, c.req.param('model')));
  routes.post('/models/:model/resume-promotion', (c) => resume(c, deps, c.req.param('model')));
  routes.route('/', createJobRoutes(deps));
  routes.route('/', createQuarantineRoutes(deps));
  routes.route('/', createLiveRoutes(deps));
  return routes;
}

async function checkModel(deps: AppDeps, name: string): Promise<Result<string, AppError>> {
  const model = parseModelName(name);
  if (!model.ok) return model;
  const spec = await loadStoredSpec(deps.store, model.value);
  // An unreadable spec must not keep anybody from seeing what is there and rolling back.
  return !spec.ok && spec.error.kind === 'unknown-model' ? spec : model;
}

async function describeModels({ store }: AppDeps): Promise<object[]> {
  const described: object[] = [];
  for (const name of await listModels(store)) {
    const champion = await loadChampion(store, name);
    described.push(
      champion.ok
        ? { name, champion: champion.value?.move.to ?? null }
        : { name, champion: null, problem: champion.error.detail },
    );
  }
  return described;
}

async function showModel(c: OperatorContext, deps: AppDeps, model: string): Promise<Response> {
  const { store } = deps;
  const [spec, champion, serving, versions, run, apart] = await Promise.all([
    loadStoredSpec(store, model),
    loadChampion(store, model),
    deps.models.inspect(model, keepAliveOf(c)),
    listVersionNumbers(store, model),
    loadLastRun(store, model),
    listQuarantines(store, model),
  ]);
  const live = await findBriefLive(store, model, champion.ok ? (champion.value?.move ?? null) : null);
  return c.json({
    name: model,
    description: spec.ok ? (spec.value.description ?? '') : null,
    champion: champion.ok ? (champion.value?.move ?? null) : null,
    serving: serving.ok ? serving.value : null,
    rollbackTo: (await offersRollback(store, model, serving)) ?? null,
    versions,
    lastRun: run,
    quarantines: apart.ok ? apart.value.filter(({ status }) => status === 'held') : [],
    live: live.ok ? live.value : null,
    problems: [spec, champion, serving, apart, live].flatMap((part) => (part.ok ? [] : [part.error.detail])),
  });
}

/** What a rollback would put back, where nothing serves; whole, or nothing is offered. */
async function offersRollback(
  store: ObjectStore,
  model: string,
  serving: Awaited<ReturnType<AppDeps['models']['inspect']>>,
): Promise<number | undefined> {
  if (serving.ok && (serving.value.version !== null || serving.value.promoted === null)) return undefined;
  const target = await findRollbackTarget(store, model);
  return target.ok ? target.value : undefined;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** `2026-03-01T10:00Z`, seconds and their fractions as one likes. */
function parseTime(text: string): Result<Date, AppError> {
  const time = new Date(text);
  if (TIME.test(text) && !Number.isNaN(time.getTime())) return ok(time);
  return invalid(`expected a time such as 2026-03-01T10:00Z, got ${JSON.stringify(text.slice(0, 80))}`);
}

/** Without the salt: who knows it can forge prediction ids and aim examples at the holdout. */
async function showSpec(c: OperatorContext, deps: AppDeps, model: string): Promise<Response> {
  const spec = await loadStoredSpec(deps.store, model);
  if (!spec.ok) return errorResponse(c, spec.error);
  const { salt: _, ...shown } = spec.value;
  return c.json({ ...shown, digest: sha256Hex(encodeJson(spec.value)) });
}

/** A spec as it is stored, which is complete: what is in it was checked when it was written, and is by who trains. */
interface StoredSpec {
  readonly name: string;
  readonly description?: string;
  readonly salt?: string;
}

async function loadStoredSpec(store: ObjectStore, model: string): Promise<Result<StoredSpec, SpecError>> {
  const check = has({ format: oneOf(SPEC_FORMAT), name: anyString, description: optional(anyString) });
  const found = toSpec(model, await loadChecked<StoredSpec>(store, keys.spec(model), check));
  return found.ok ? ok(found.value.value) : found;
}

/** The newest, ascending; half-published and damaged ones are named with what is wrong. */
async function showVersions(c: OperatorContext, { store }: AppDeps, model: string): Promise<Response> {
  const numbers = await listVersionNumbers(store, model);
  const versions = await Promise.all(
    numbers.slice(-MAX_VERSIONS).map(async (version) => {
      const manifest = await loadManifest(store, model, version);
      if (!manifest.ok) return { version, state: manifest.error.kind, detail: manifest.error.detail };
      const { createdAt, parent, run, snapshot, verdict, reasons, metrics } = manifest.value;
      return { version, state: 'published', createdAt, parent, run, snapshot, verdict, reasons, metrics };
    }),
  );
  return c.json({ total: numbers.length, versions });
}

async function promoteVersion(c: OperatorContext, deps: AppDeps, model: string): Promise<Response> {
  const body = await readBody(c, deps, promoteSchema);
  if (!body.ok) return errorResponse(c, body.error);
  const { version, reason, force = false, expectedChampion } = body.value;
  const request = {
    reason,
    force,
    expectedChampion,
    by: actorOf(c, body.value.by),
    at: new Date(deps.now()),
  };
  return answerMove(c, deps, model, await promote(deps.store, model, version, request));
}

async function rollBack(c: OperatorContext, deps: AppDeps, model: string): Promise<Response> {
  const body = await readBody(c, deps, rollbackSchema);
  if (!body.ok) return errorResponse(c, body.error);
  const { reason, to, untilBetter, expectedChampion } = body.value;
  const request = {
    reason,
    expectedChampion,
    pauseUntil: untilBetter === true ? ('better' as const) : ('resumed' as const),
    by: actorOf(c, body.value.by),
    at: new Date(deps.now()),
  };
  const target = to === undefined ? request : { ...request, to };
  return answerMove(c, deps, model, await rollback(deps.store, model, target));
}

/** Machines may promote again. What serves stays, so no isolate has to look. */
async function resume(c: OperatorContext, deps: AppDeps, model: string): Promise<Response> {
  const body = await readBody(c, deps, resumePromotionSchema);
  if (!body.ok) return errorResponse(c, body.error);
  const { reason, untilBetter } = body.value;
  const by = actorOf(c, body.value.by);
  const until = untilBetter === true ? 'better' : 'now';
  const resumed = await resumePromotion(deps.store, model, { reason, by, until, at: new Date(deps.now()) });
  if (!resumed.ok) return errorResponse(c, resumed.error);
  deps.log.info('promotion-resumed', { model, until, by });
  return c.json({ champion: resumed.value });
}

function answerMove(
  c: OperatorContext,
  deps: AppDeps,
  model: string,
  moved: Result<Move, PromotionError>,
): Response {
  if (!moved.ok) return errorResponse(c, moved.error);
  deps.models.invalidate(model);
  deps.log.info('champion-moved', {
    model,
    to: moved.value.to,
    action: moved.value.action,
    by: moved.value.by,
  });
  return c.json({ move: moved.value });
}
