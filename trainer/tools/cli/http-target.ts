/**
 * A deployment's operators' API. Every answer is parsed by its schema: an older or newer Worker gives one clear
 * sentence, never `undefined` three functions later.
 */
import * as z from 'zod';
import { extend } from 'zod/mini';
import { moveSchema } from '../../../shared/registry/champion/alias.ts';
import { comparisonRecordSchema } from '../../../shared/registry/jobs/comparisons.ts';
import { describeIssues, type Schema } from '../../../shared/registry/store/json.ts';
import { manifestSchema } from '../../../shared/registry/versions/manifest.ts';
import { briefLiveSchema, shownLiveSchema } from '../../../shared/registry/live.ts';
import { noticeSchema } from '../../../shared/registry/notices.ts';
import { quarantineId, quarantineSchema } from '../../../shared/registry/quarantine.ts';
import { reproductionSchema } from '../../../shared/registry/jobs/reproductions.ts';
import { progressSchema } from '../../../shared/registry/jobs/jobs.ts';
import { runSchema } from '../../../shared/registry/jobs/runs.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { comparisonSchema } from '../../recipes/recipe-comparison.ts';
import { isLoopback } from '../../node/loopback.ts';
import type { Answer, HttpTarget, Refusal } from './target.ts';

const TIMEOUT_MS = 30_000;

const modelsSchema = z.object({ models: z.array(z.object({ name: z.string() })) });

const statusSchema = z.object({
  name: z.string(),
  description: z.string().nullable(),
  champion: z.nullable(moveSchema),
  serving: z
    .object({ version: z.int().nullable(), failure: z.object({ detail: z.string() }).nullable() })
    .nullable(),
  rollbackTo: z.int().nullable(),
  versions: z.array(z.int()),
  lastRun: z.nullable(runSchema),
  /** absent of Workers that do not look at labels */
  quarantines: z.array(quarantineSchema).default([]),
  /** absent of Workers that do not look at champions */
  live: z.nullable(briefLiveSchema).prefault(null),
  problems: z.array(z.string()),
});

const { version, createdAt, parent, run, snapshot, verdict, reasons, metrics } = manifestSchema.shape;
const versionSchema = z.discriminatedUnion('state', [
  z.object({ version, createdAt, parent, run, verdict, reasons, metrics, state: z.literal('published') }),
  z.object({
    version: z.int(),
    state: z.enum(['unpublished', 'damaged', 'unknown-version']),
    detail: z.string(),
  }),
]);

const versionsSchema = z.object({ versions: z.array(versionSchema) });
const historySchema = z.object({ moves: z.array(moveSchema) });
const resumedSchema = z.object({ champion: moveSchema });
const noticesSchema = z.object({ notices: z.array(noticeSchema) });
const servedAtSchema = z.object({
  model: z.string(),
  at: z.string(),
  version: z.int(),
  move: moveSchema,
  until: z.string().nullable(),
  evidence: z.object({ run, snapshot, parent, verdict, reasons, metrics }).nullable(),
  problem: z.string().nullable(),
});
const movedSchema = z.object({ move: moveSchema });
/** A run that can't be read is shown by its id elsewhere; here it is left out. */
const runsSchema = z.object({
  runs: z.array(z.union([runSchema, z.object({ status: z.literal('unreadable') })])),
});
const quarantinesSchema = z.object({ quarantines: z.array(quarantineSchema) });
const quarantinedSchema = z.object({ quarantine: quarantineSchema });
const runStateSchema = extend(runSchema, { progress: z.nullable(progressSchema) });
const comparisonStateSchema = extend(comparisonRecordSchema, {
  progress: z.nullable(progressSchema),
  result: comparisonSchema.nullable(),
});
const comparingSchema = z.object({ comparison: z.string() });
const reproductionStateSchema = extend(reproductionSchema, { progress: z.nullable(progressSchema) });
const reproducingSchema = z.object({ reproduction: z.string() });
const startedSchema = z.object({ run: z.string() });

/** RFC 9457. */
const problemSchema = z.object({
  type: z.string().optional(),
  detail: z.string(),
  lostTo: z.optional(moveSchema),
});

/**
 * @param url  of the deployment, without a path
 * @param key  bearer key with the scope `operate`; null where none is known, which the deployment refuses
 */
export function createHttpTarget(url: string, key: string | null): HttpTarget {
  const api = createApi(url, key);
  return { name: url, ...callModels(api), ...callJobs(api) };
}

/** What trains, compares or reproduces, and how far it is. */
type JobCalls = Pick<
  HttpTarget,
  | 'runs'
  | 'run'
  | 'report'
  | 'startRun'
  | 'startComparison'
  | 'comparison'
  | 'comparisonPage'
  | 'reproduce'
  | 'reproduction'
  | 'resumeRun'
  | 'look'
>;

type Api = ReturnType<typeof createApi>;

const at = (model: string, rest = ''): string => `/api/models/${encodeURIComponent(model)}${rest}`;
const runAt = (model: string, id: string, rest = ''): string =>
  at(model, `/runs/${encodeURIComponent(id)}${rest}`);
const comparisonAt = (model: string, id: string, rest = ''): string =>
  at(model, `/comparisons/${encodeURIComponent(id)}${rest}`);

function callModels(api: Api): Omit<HttpTarget, 'name' | keyof JobCalls> {
  return {
    listModels: async () =>
      map(await api.json('GET', '/api/models', modelsSchema), ({ models }) => models.map(({ name }) => name)),
    status: async (model) =>
      map(await api.json('GET', at(model), statusSchema), (status) => ({
        ...status,
        serving: status.serving?.version ?? null,
        failure: status.serving?.failure?.detail ?? null,
      })),
    versions: async (model) =>
      map(await api.json('GET', at(model, '/versions'), versionsSchema), ({ versions }) => versions),
    history: async (model) =>
      map(await api.json('GET', at(model, '/history'), historySchema), ({ moves }) => moves),
    notices: async (model) =>
      map(await api.json('GET', at(model, '/notices'), noticesSchema), ({ notices }) => notices),
    live: (model) => api.json('GET', at(model, '/live'), shownLiveSchema),
    servedAt: (model, time) => api.json('GET', at(model, `/at/${time.toISOString()}`), servedAtSchema),
    promote: async (model, version, request) =>
      map(
        await api.json('POST', at(model, '/promote'), movedSchema, { version, ...request }),
        ({ move }) => move,
      ),
    rollback: async (model, { to, ...request }) => {
      const body = to === null ? request : { ...request, to };
      return map(await api.json('POST', at(model, '/rollback'), movedSchema, body), ({ move }) => move);
    },
    resumePromotion: async (model, request) =>
      map(
        await api.json('POST', at(model, '/resume-promotion'), resumedSchema, request),
        ({ champion }) => champion,
      ),
    quarantines: async (model) =>
      map(
        await api.json('GET', at(model, '/quarantines'), quarantinesSchema),
        ({ quarantines }) => quarantines,
      ),
    endQuarantine: async (model, stretch, { status, ...body }) => {
      const verb = status === 'released' ? 'release' : 'discard';
      const path = at(model, `/quarantines/${quarantineId(stretch)}/${verb}`);
      return map(await api.json('POST', path, quarantinedSchema, body), ({ quarantine }) => quarantine);
    },
  };
}

function callJobs(api: Api): JobCalls {
  return {
    runs: async (model) =>
      map(await api.json('GET', at(model, '/runs'), runsSchema), ({ runs }) =>
        runs.flatMap((run) => (run.status === 'unreadable' ? [] : [run])),
      ),
    run: async (model, id) =>
      map(await api.json('GET', runAt(model, id), runStateSchema), ({ progress, ...run }) => ({
        run,
        progress,
      })),
    report: (model, id, format) =>
      api.bytes(runAt(model, id, format === 'json' ? '/report' : '/report.html')),
    startRun: (model, by, again) =>
      api.json('POST', at(model, '/runs'), startedSchema, again ? { by, again } : { by }),
    startComparison: (model, request) => api.json('POST', at(model, '/compare'), comparingSchema, request),
    comparison: async (model, id) =>
      map(
        await api.json('GET', comparisonAt(model, id), comparisonStateSchema),
        ({ progress, result, ...record }) => ({ record, progress, result }),
      ),
    comparisonPage: (model, id) => api.bytes(comparisonAt(model, id, '/report.html')),
    reproduce: (model, version, request) =>
      api.json('POST', at(model, `/versions/${version}/reproduce`), reproducingSchema, request),
    reproduction: async (model, id) =>
      map(
        await api.json('GET', at(model, `/reproductions/${encodeURIComponent(id)}`), reproductionStateSchema),
        ({ progress, ...record }) => ({ record, progress }),
      ),
    look: (model) => api.json('POST', at(model, '/live'), z.unknown(), {}),
    resumeRun: (model, id) => api.json('POST', runAt(model, id, '/resume'), z.unknown(), {}),
  };
}

function map<T, U>(result: Result<T, Refusal>, change: (value: T) => U): Result<U, Refusal> {
  return result.ok ? ok(change(result.value)) : result;
}

function createApi(url: string, key: string | null) {
  const send = async (method: string, path: string, body?: object): Answer<Uint8Array> => {
    const headers = {
      ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    };
    let response: Response;
    let bytes: Uint8Array;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      response = await fetch(`${url}${path}`, {
        method,
        headers,
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      bytes = new Uint8Array(await response.arrayBuffer());
    } catch (error) {
      return err({ kind: 'unreachable', detail: describeOutage(url, error) });
    }
    return response.ok ? ok(bytes) : err(toRefusal(url, response.status, bytes, key));
  };
  return {
    bytes: (path: string) => send('GET', path),
    async json<T>(method: string, path: string, schema: Schema<T>, body?: object): Answer<T> {
      const answer = await send(method, path, body);
      if (!answer.ok) return answer;
      const parsed = schema.safeParse(parseJson(answer.value));
      if (parsed.success) return ok(parsed.data);
      return err({
        kind: 'unexpected-answer',
        detail: `${url}${path} answered something else than this version of holdfast expects (${describeIssues(parsed.error).split('; ')[0]})`,
      });
    },
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function describeOutage(url: string, error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code =
    typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : String(error);
  return `${url} does not answer (${code})${isLoopback(url) ? ': is npm start running?' : ''}`;
}

function toRefusal(url: string, status: number, bytes: Uint8Array, key: string | null): Refusal {
  const problem = problemSchema.safeParse(parseJson(bytes));
  if (!problem.success) return { kind: 'unexpected-answer', detail: `${url} answered with status ${status}` };
  const { type, detail, lostTo } = problem.data;
  const hint = status === 401 && key === null ? ' (give --key, or set HOLDFAST_KEY)' : '';
  const refusal = { kind: type?.replace(/^urn:holdfast:/, '') ?? String(status), detail: `${detail}${hint}` };
  return lostTo === undefined ? refusal : Object.assign(refusal, { lostTo });
}
