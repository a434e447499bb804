/**
 * The operations of both inference protocols, feedback, and of the deployment itself.
 */
import type { ErrorCode } from './components.ts';
import type { ResponseDoc, BodyDoc, Operation } from './operation.ts';

/** Of any request with a key; of one that asks for a model; of one that asks for work. */
const ANY: readonly ErrorCode[] = [401, 403, 500];
const MODEL: readonly ErrorCode[] = [400, ...ANY, 404, 503];
const WORK: readonly ErrorCode[] = [...MODEL, 413, 429, 504];

const PREDICTION_HEADERS = {
  'Holdfast-Version': 'Version',
  'Holdfast-Prediction-Id': 'PredictionId',
  'Holdfast-Warning': 'Warning',
};
const EXAMPLES = { examples: [{ x: 1, y: 2 }] };
const IMAGE = 'one encoded image: JPEG, PNG or WebP';

type Named = readonly [suffix: string, id: string, which: string];

const TFS_FORMS: readonly Named[] = [
  ['', '', 'the version that serves'],
  ['/versions/{version}', 'Version', 'one version'],
  ['/labels/{label}', 'Label', 'the version that a label names'],
];
const OIP_FORMS: readonly Named[] = TFS_FORMS.slice(0, 2);

function answered(schema: ResponseDoc['schema'], description: string): Record<number, ResponseDoc> {
  return { 200: { description, schema } };
}

function predicted(schema: ResponseDoc['schema']): Record<number, ResponseDoc> {
  return { 200: { description: 'predictions', schema, headers: PREDICTION_HEADERS } };
}

const tfServing = { tag: 'TensorFlow Serving', form: 'inference' } as const;

function callPaths([suffix, id, which]: Named): Record<string, Operation> {
  const at = `/v1/models/{model}${suffix}`;
  const work = { ...tfServing, scopes: ['predict'], parameters: ['timeout'], errors: WORK } as const;
  const shown = { ...tfServing, scopes: ['predict', 'operate'], errors: MODEL } as const;
  const rows: BodyDoc = {
    schema: 'PredictRequest',
    example: { instances: [[1, 2]] },
    others: { 'image/*': IMAGE },
  };
  return {
    [`POST ${at}:predict`]: {
      ...work,
      id: `predict${id}`,
      summary: `Predict, by ${which}`,
      body: rows,
      answers: predicted('Predictions'),
    },
    [`POST ${at}:classify`]: {
      ...work,
      id: `classify${id}`,
      summary: `Classify tf.Examples, by ${which}`,
      body: { schema: 'ClassifyRequest', example: EXAMPLES },
      answers: predicted('Classifications'),
    },
    [`POST ${at}:regress`]: {
      ...work,
      id: `regress${id}`,
      summary: `Regress tf.Examples, by ${which}`,
      body: { schema: 'RegressRequest', example: EXAMPLES },
      answers: predicted('Regressions'),
    },
    [`GET ${at}`]: {
      ...shown,
      id: `status${id}`,
      summary: `Which version serves, or is on its way: ${which}`,
      answers: answered('ModelStatus', 'versions and their states'),
    },
    [`GET ${at}/metadata`]: {
      ...shown,
      id: `signatures${id}`,
      summary: `Signatures of ${which}`,
      answers: answered('Signatures', 'signatures'),
    },
  };
}

const FEEDBACK: Operation = {
  tag: 'Feedback',
  form: 'inference',
  id: 'feedback',
  summary: 'Labels for predictions, and whole labelled examples',
  scopes: ['feedback'],
  parameters: ['timeout'],
  body: {
    schema: 'FeedbackRequest',
    example: {
      items: [
        { prediction_id: '<Holdfast-Prediction-Id>', label: '7' },
        { instance: [1, 2], label: '7', id: 'order-1' },
      ],
    },
  },
  answers: {
    202: { description: 'durable; items that are refused are named, the others count', schema: 'Feedback' },
    400: { description: 'no item can be accepted', schema: 'FeedbackRefused' },
  },
  errors: WORK,
};

const openInference = { tag: 'Open Inference Protocol', form: 'inference' } as const;

function inferPaths([suffix, id, which]: Named): Record<string, Operation> {
  const at = `/v2/models/{model}${suffix}`;
  const tensors = 'JSON, and behind it the bytes of tensors';
  const shown = { ...openInference, scopes: ['predict'], errors: [...MODEL, 405] } as const;
  return {
    [`GET ${at}`]: {
      ...shown,
      id: `metadata${id}`,
      summary: `Inputs and outputs of ${which}`,
      answers: answered('ModelMetadata', 'inputs and outputs'),
    },
    [`GET ${at}/ready`]: {
      ...shown,
      id: `ready${id}`,
      summary: `Whether it can serve: ${which}`,
      answers: answered('ModelReady', 'it can'),
    },
    [`GET ${at}/config`]: {
      ...shown,
      id: `config${id}`,
      summary: `Inputs and outputs as Triton's clients read a configuration: ${which}`,
      answers: answered('ModelConfig', 'inputs and outputs'),
    },
    [`POST ${at}/infer`]: {
      ...openInference,
      id: `infer${id}`,
      summary: `Infer, by ${which}`,
      scopes: ['predict'],
      parameters: ['timeout', 'binaryLength'],
      body: {
        schema: 'InferRequest',
        example: { inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 2], data: [1, 2] }] },
        others: { 'application/octet-stream': tensors, 'image/*': IMAGE },
      },
      answers: {
        200: {
          description: 'output tensors',
          schema: 'Inference',
          others: { 'application/octet-stream': tensors },
          headers: { ...PREDICTION_HEADERS, 'Inference-Header-Content-Length': 'BinaryLength' },
        },
      },
      errors: [...WORK, 405],
    },
  };
}

const healthy = { ...openInference, scopes: [], errors: [500] } as const;
const open = { tag: 'Deployment', form: 'problem', scopes: [], errors: [401, 500] } as const;

export const INFERENCE_PATHS: Readonly<Record<string, Operation>> = {
  ...Object.assign({}, ...TFS_FORMS.map(callPaths)),
  'POST /v1/models/{model}:feedback': FEEDBACK,
  'GET /v2': {
    ...openInference,
    id: 'server',
    summary: 'Name, version and extensions',
    scopes: ['predict'],
    answers: answered('ServerMetadata', 'the server'),
    errors: [...ANY, 405],
  },
  'GET /v2/health/live': {
    ...healthy,
    id: 'live',
    summary: 'Whether the server is up',
    answers: answered('ServerHealth', 'it is'),
  },
  'GET /v2/health/ready': {
    ...healthy,
    id: 'serverReady',
    summary: 'Whether every model serves that was promoted',
    answers: {
      200: { description: 'it does', schema: 'ServerHealth' },
      503: { description: 'one at least can not be served', schema: 'ServerHealth' },
    },
  },
  'GET /v2/models': {
    ...openInference,
    id: 'modelNames',
    summary: 'Names of the models',
    scopes: ['predict'],
    answers: answered('ModelNames', 'names'),
    errors: [...ANY, 405],
  },
  'POST /v2/repository/index': {
    ...openInference,
    id: 'repositoryIndex',
    summary: 'Which models there are, and which of their versions serves',
    scopes: ['predict'],
    answers: answered('RepositoryIndex', 'models'),
    errors: [...ANY, 405],
  },
  ...Object.assign({}, ...OIP_FORMS.map(inferPaths)),
  'GET /': {
    ...open,
    id: 'index',
    summary: 'Where to go',
    answers: answered('Index', 'routes in one line each'),
  },
  'GET /healthz': {
    ...open,
    id: 'health',
    summary: 'Whether the deployment is configured, and serves every model that was promoted',
    answers: {
      200: { description: 'it is, and does', schema: 'Health' },
      503: {
        description: 'so many models can not be served, or these variables not be read',
        schema: 'Unhealthy',
      },
    },
    errors: [500],
  },
  'GET /openapi.json': {
    ...open,
    id: 'contract',
    summary: 'This contract',
    answers: {
      200: { description: 'OpenAPI 3.1', schema: null, others: { 'application/json': 'OpenAPI 3.1' } },
    },
  },
  'GET /docs': {
    ...open,
    id: 'docs',
    summary: 'This contract as a page',
    answers: { 200: { description: 'a page', schema: null, others: { 'text/html': 'HTML' } } },
  },
};
