/**
 * The operations of the operators' API.
 */
import type { ErrorCode } from './components.ts';
import type { Operation } from './operation.ts';
import type { SchemaName } from './schemas.ts';

const operators = { tag: 'Operators', form: 'problem', scopes: ['operate'] } as const;
const ANY: readonly ErrorCode[] = [401, 403, 500];
const READ: readonly ErrorCode[] = [...ANY, 404];
const STORED: readonly ErrorCode[] = [...READ, 503];
const WRITE: readonly ErrorCode[] = [400, ...STORED, 409, 413];

const MODEL = '/api/models/{model}';
const COMPARISONS = `${MODEL}/comparisons`;
const REPRODUCTIONS = `${MODEL}/reproductions`;
const QUARANTINES = `${MODEL}/quarantines`;
const RUN = `${MODEL}/runs/{run}`;

function read(
  id: string,
  summary: string,
  schema: SchemaName,
  errors: readonly ErrorCode[] = READ,
): Operation {
  return { ...operators, id, summary, answers: { 200: { description: summary, schema } }, errors };
}

function report(id: string, summary: string, type: string, what: string): Operation {
  const answers = { 200: { description: summary, schema: null, others: { [type]: what } } };
  return { ...operators, id, summary, answers, errors: STORED };
}

export const OPERATOR_PATHS: Readonly<Record<string, Operation>> = {
  'GET /api/models': read('models', 'All models and their champions', 'Models', ANY),
  [`GET ${MODEL}`]: read('model', 'Champion, what serves, versions, last run', 'Model'),
  [`GET ${MODEL}/spec`]: read('spec', 'The spec, without its salt', 'Spec', STORED),
  [`GET ${MODEL}/versions`]: read('versions', 'The newest 50 versions, ascending', 'Versions'),
  [`GET ${MODEL}/versions/{version}`]: read('version', 'The manifest of a version', 'Manifest', [
    400,
    409,
    ...READ,
  ]),
  [`GET ${MODEL}/history`]: read('history', 'Every move of the champion alias', 'History', STORED),
  [`GET ${MODEL}/notices`]: read('notices', 'The newest 100 notices: moves, runs, damage', 'Notices'),
  [`GET ${MODEL}/at/{time}`]: read('servedAt', 'Which version answered at a time, and why', 'ServedAt', [
    400,
    ...STORED,
  ]),
  [`GET ${MODEL}/live`]: read(
    'liveFigures',
    'What became of the champion since it was promoted, as of the last look',
    'Live',
    STORED,
  ),
  [`POST ${MODEL}/live`]: {
    ...operators,
    id: 'lookAtChampion',
    summary:
      'Look at the champion now: its figures, and whether the version before it would have been better',
    answers: { 202: { description: 'begun', schema: 'Looking' } },
    errors: STORED.concat(409),
  },
  [`POST ${MODEL}/promote`]: {
    ...operators,
    id: 'promote',
    summary: 'Make a version the champion',
    body: { schema: 'PromoteRequest', example: { version: 2, reason: 'better on this month' } },
    answers: { 200: { description: 'the move', schema: 'Moved' } },
    errors: WRITE,
  },
  [`POST ${MODEL}/rollback`]: {
    ...operators,
    id: 'rollback',
    summary: 'Go back to the former champion, or to a given version; promotion by runs is paused',
    body: { schema: 'RollbackRequest', example: { reason: 'something is wrong' } },
    answers: { 200: { description: 'the move', schema: 'Moved' } },
    errors: WRITE,
  },
  [`POST ${MODEL}/resume-promotion`]: {
    ...operators,
    id: 'resumePromotion',
    summary: 'Let runs promote again after a rollback',
    body: { schema: 'ResumePromotionRequest', example: { reason: 'the data is mended' } },
    answers: { 200: { description: 'the champion, without the pause', schema: 'PromotionResumed' } },
    errors: WRITE,
  },
  [`GET ${MODEL}/runs`]: read('runs', 'The newest 30 runs, oldest first', 'Runs'),
  [`POST ${MODEL}/runs`]: {
    ...operators,
    id: 'startRun',
    summary: 'Start a retraining run',
    body: { schema: 'StartRequest', example: {}, required: false },
    answers: { 202: { description: 'begun', schema: 'Started', headers: { Location: 'Location' } } },
    errors: WRITE,
  },
  [`GET ${QUARANTINES}`]: read(
    'quarantines',
    'Stretches of time whose labels are or were kept apart, in order of time',
    'Quarantines',
    STORED,
  ),
  [`POST ${QUARANTINES}/{id}/release`]: {
    ...operators,
    id: 'releaseQuarantine',
    summary: 'Believe labels that were kept apart: from the next run on they train and judge',
    body: { schema: 'EndQuarantineRequest', example: { reason: 'the names did change' } },
    answers: { 200: { description: 'as it is now, and who decided what', schema: 'Quarantined' } },
    errors: WRITE,
  },
  [`POST ${QUARANTINES}/{id}/discard`]: {
    ...operators,
    id: 'discardQuarantine',
    summary: 'Never train on these labels, and never judge by them',
    body: { schema: 'EndQuarantineRequest', example: { reason: 'the labelling tool was broken' } },
    answers: { 200: { description: 'as it is now, and who decided what', schema: 'Quarantined' } },
    errors: WRITE,
  },
  [`GET ${RUN}`]: read('run', 'What a run recorded, and how far it is', 'RunWithProgress', STORED),
  [`GET ${RUN}/report`]: report(
    'report',
    'The report of a run',
    'application/json',
    'a run report: docs/report.schema.json',
  ),
  [`GET ${RUN}/report.html`]: report('reportPage', 'The report of a run, as a page', 'text/html', 'HTML'),
  [`POST ${RUN}/resume`]: {
    ...operators,
    id: 'resumeRun',
    summary: 'Go on with a run that was left',
    answers: { 202: { description: 'resumed', schema: 'Resumed' } },
    errors: STORED.concat(409),
  },
  [`POST ${MODEL}/compare`]: {
    ...operators,
    id: 'compare',
    summary: 'Compare the recipes of two versions over random splits',
    body: { schema: 'CompareRequest', example: { a: 1, b: 2 } },
    answers: { 202: { description: 'begun', schema: 'Compared', headers: { Location: 'Location' } } },
    errors: WRITE,
  },
  [`GET ${COMPARISONS}`]: read('comparisons', 'The newest 30 comparisons, oldest first', 'Comparisons'),
  [`GET ${COMPARISONS}/{id}`]: read('comparison', 'A comparison, and what came out', 'Comparison', STORED),
  [`GET ${COMPARISONS}/{id}/report.html`]: report(
    'comparisonPage',
    'The report of a comparison, as a page',
    'text/html',
    'HTML',
  ),
  [`POST ${MODEL}/versions/{version}/reproduce`]: {
    ...operators,
    id: 'reproduce',
    summary: 'Train a version again, and compare digests',
    body: { schema: 'ReproduceRequest', example: {}, required: false },
    answers: { 202: { description: 'begun', schema: 'Reproducing', headers: { Location: 'Location' } } },
    errors: WRITE,
  },
  [`GET ${REPRODUCTIONS}`]: read(
    'reproductions',
    'The newest 30 reproductions, oldest first',
    'Reproductions',
  ),
  [`GET ${REPRODUCTIONS}/{id}`]: read(
    'reproduction',
    'A reproduction, and what came out',
    'Reproduction',
    STORED,
  ),
};
