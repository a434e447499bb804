/**
 * `/api/models/{m}/runs`, `/comparisons` and `/reproductions`: what the trainer recorded in the bucket about what it
 * does, and what it can be asked to do. A reproduction's record is handed on as the trainer wrote it.
 */
import { Hono } from 'hono/tiny';
import * as z from '../../shared/zod.ts';
import { comparisonJob, loadComparisonResult } from '../../shared/registry/jobs/comparisons.ts';
import { JOB_ID, type JobKind, loadJob, loadJobProgress } from '../../shared/registry/jobs/jobs.ts';
import { type JobFile, type JobName, keys } from '../../shared/registry/store/keys.ts';
import { runJob } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { loadManifest } from '../../shared/registry/versions/versions.ts';
import type { Result } from '../../shared/result.ts';
import type { TrainerError, TrainerService } from '../../shared/trainer-service.ts';
import { callTrainer } from './call-trainer.ts';
import type { AppDeps } from '../deps.ts';
import { errorResponse, parseVersion } from '../http/http.ts';
import {
  actorOf,
  byField,
  type OperatorApp,
  type OperatorContext,
  pageResponse,
  readBody,
  respond,
} from './operator-http.ts';

export const startSchema = z.strictObject({
  by: byField,
  /** Train although nothing is new since the last run. */
  again: z.optional(z.boolean()),
});

export const compareSchema = z
  .strictObject({
    a: z.int().check(z.minimum(1)),
    b: z.int().check(z.minimum(1)),
    /** Each is a step of its own and trains two heads. */
    splits: z.withDefault(z.int().check(z.minimum(2), z.maximum(100)), 10),
    seed: z.withDefault(z.int().check(z.minimum(0), z.maximum(0xffff_ffff)), 1),
    by: byField,
  })
  .check(z.refine(({ a, b }) => a !== b, { path: ['b'], error: 'expected another version than a' }));

export const reproduceSchema = z.strictObject({
  by: byField,
  /** Compute features anew, instead of using those that are kept. */
  recompute: z.withDefault(z.boolean(), false),
  /** A reproduction that was left, to go on with. */
  resume: z.withDefault(z.nullable(z.string().check(z.regex(JOB_ID))), null),
});

/** A kind of job, and what there is of it beside record and progress. */
interface ShownJob {
  /** What the contract calls an id of it. */
  readonly param: 'run' | 'id';
  readonly job: JobKind<JobName, object>;
  readonly reports: Readonly<Record<string, { readonly file: JobFile; readonly type: string }>>;
  /** What is shown with a record. */
  readonly loadMore?: (store: ObjectStore, model: string, id: string) => Promise<object>;
}

const REPORT_PAGE = { file: 'report.html', type: 'text/html; charset=utf-8' } as const;

const SHOWN: readonly ShownJob[] = [
  {
    job: runJob,
    param: 'run',
    reports: { report: { file: 'report.json', type: 'application/json' }, 'report.html': REPORT_PAGE },
  },
  {
    job: comparisonJob,
    param: 'id',
    reports: { 'report.html': REPORT_PAGE },
    loadMore: async (store, model, id) => ({ result: await loadComparisonResult(store, model, id) }),
  },
  { job: { name: 'reproduction', schema: z.record(z.string(), z.unknown()) }, param: 'id', reports: {} },
];

/** Mounted below `/api`, behind the check of key and model. */
export function createJobRoutes(deps: AppDeps): OperatorApp {
  const routes: OperatorApp = new Hono();
  for (const shown of SHOWN) addRecordRoutes(routes, deps.store, shown);
  routes.post('/models/:model/runs', (c) => startRun(c, deps, c.req.param('model')));
  routes.post('/models/:model/runs/:run/resume', (c) => resumeRun(c, deps, c.req.param()));
  routes.post('/models/:model/compare', (c) => startComparison(c, deps, c.req.param('model')));
  routes.post('/models/:model/versions/:version/reproduce', (c) => startReproduction(c, deps, c.req.param()));
  return routes;
}

/** The newest records of a kind, one of them with its progress, and the reports that it left. */
function addRecordRoutes(
  routes: OperatorApp,
  store: ObjectStore,
  { job, param, reports, loadMore }: ShownJob,
): void {
  const all = `${job.name}s`;
  const one = `/models/:model/${all}/:${param}`;
  const askedFor = (c: OperatorContext): { readonly model: string; readonly id: string } => {
    const { model = '', [param]: id = '' } = c.req.param() as Readonly<Record<string, string>>;
    return { model, id };
  };
  routes.get(`/models/:model/${all}`, async (c) => {
    const { total, records } = await loadNewest(store, job, c.req.param('model'));
    return c.json({ total, [all]: records });
  });
  routes.get(one, async (c) => {
    const { model, id } = askedFor(c);
    const record = await loadJob(store, job, model, id);
    if (!record.ok) return errorResponse(c, record.error);
    const progress = await loadJobProgress(store, job.name, model, id);
    return c.json({ ...record.value, progress, ...(await loadMore?.(store, model, id)) });
  });
  for (const [name, { file, type }] of Object.entries(reports)) {
    routes.get(`${one}/${name}`, async (c) => {
      const { model, id } = askedFor(c);
      const record = await loadJob(store, job, model, id);
      if (!record.ok) return errorResponse(c, record.error);
      const object = await store.get(keys.job(job.name, model, id, file));
      if (object !== null) return pageResponse(c, object.bytes, type);
      return errorResponse(c, { kind: 'not-found', detail: `${job.name} ${id} has no ${file} yet` });
    });
  }
}

/** Records shown at once: each is an object to be read. */
const MAX_RECORDS = 30;

/** The newest records of a kind, oldest first; one that can't be read is named with what is wrong. */
async function loadNewest(
  store: ObjectStore,
  job: ShownJob['job'],
  model: string,
): Promise<{ readonly total: number; readonly records: readonly object[] }> {
  const ids = await store.folders(keys.jobs(job.name, model));
  const records = await Promise.all(
    ids.slice(-MAX_RECORDS).map(async (id) => {
      const record = await loadJob(store, job, model, id);
      return record.ok ? record.value : { id, status: 'unreadable', error: record.error.detail };
    }),
  );
  return { total: ids.length, records };
}

async function startRun(c: OperatorContext, deps: AppDeps, model: string): Promise<Response> {
  const body = await readBody(c, deps, startSchema);
  if (!body.ok) return errorResponse(c, body.error);
  const again = body.value.again === true && ({ again: true } as const);
  const request = { trigger: 'api', by: actorOf(c, body.value.by), ...again } as const;
  return answerStarted(c, deps, model, 'run', (trainer) => trainer.startRun(model, request));
}

async function resumeRun(
  c: OperatorContext,
  deps: AppDeps,
  { model, run: id }: { readonly model: string; readonly run: string },
): Promise<Response> {
  const run = await loadJob(deps.store, runJob, model, id);
  if (!run.ok) return errorResponse(c, run.error);
  return respond(c, await callTrainer(deps, (trainer) => trainer.resumeRun(model, id)), 202);
}

async function startComparison(c: OperatorContext, deps: AppDeps, model: string): Promise<Response> {
  const body = await readBody(c, deps, compareSchema);
  if (!body.ok) return errorResponse(c, body.error);
  for (const version of [body.value.a, body.value.b]) {
    const manifest = await loadManifest(deps.store, model, version);
    if (!manifest.ok) return errorResponse(c, manifest.error);
  }
  const request = { ...body.value, by: actorOf(c, body.value.by) };
  return answerStarted(c, deps, model, 'comparison', (trainer) => trainer.startComparison(model, request));
}

async function startReproduction(
  c: OperatorContext,
  deps: AppDeps,
  { model, version: number }: { readonly model: string; readonly version: string },
): Promise<Response> {
  const version = parseVersion(number);
  if (!version.ok) return errorResponse(c, version.error);
  const body = await readBody(c, deps, reproduceSchema);
  if (!body.ok) return errorResponse(c, body.error);
  const manifest = await loadManifest(deps.store, model, version.value);
  if (!manifest.ok) return errorResponse(c, manifest.error);
  const request = { ...body.value, version: version.value, by: actorOf(c, body.value.by) };
  return answerStarted(c, deps, model, 'reproduction', (trainer) => trainer.reproduceVersion(model, request));
}

/** 202, with where the record can be read. */
async function answerStarted<Name extends JobName>(
  c: OperatorContext,
  deps: AppDeps,
  model: string,
  kind: Name,
  ask: (trainer: TrainerService) => Promise<Result<{ readonly [kind in Name]: string }, TrainerError>>,
): Promise<Response> {
  const started = await callTrainer(deps, ask);
  if (started.ok) c.header('Location', `/api/models/${model}/${kind}s/${started.value[kind]}`);
  return respond(c, started, 202);
}
