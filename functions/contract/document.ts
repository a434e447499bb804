/**
 * The contract: every route of the edge, as an OpenAPI 3.1 document. `npm run build:contract` writes it to
 * assets/openapi.json, which is what the Worker serves: making it takes zod's generator and time, and is the same every time.
 */
import type { Scope } from '../config.ts';
import { VERSION } from '../version.ts';
import {
  describeErrors,
  describeSchemas,
  HEADERS,
  type Json,
  type JsonObject,
  PARAMETERS,
} from './components.ts';
import { INFERENCE_PATHS } from './inference-paths.ts';
import { type Operation, describeOperation } from './operation.ts';
import { OPERATOR_PATHS } from './operator-paths.ts';

const INTRODUCTION = `Models that are served at the edge, take feedback, and retrain themselves.

Inference speaks TensorFlow Serving's REST API under \`/v1\` and the Open Inference Protocol under \`/v2\`; operators use \`/api\`. Every prediction has the headers \`Holdfast-Version\` and \`Holdfast-Prediction-Id\`; feedback is given for the id.

Keys are bearer tokens with the scopes \`predict\`, \`feedback\` and \`operate\`. Errors are \`{"error"}\` under \`/v1\` and \`/v2\` and RFC 9457 elsewhere. After 429, 503 and 504 a request may be repeated as it is: predicting changes nothing, and feedback that is repeated counts once.

Bodies are read as JSON whatever their media type says, except \`image/…\`. Numbers in answers may be the bare tokens \`NaN\`, \`Infinity\` and \`-Infinity\`, as TensorFlow Serving writes them. Readers ignore keys they do not know.`;

const SCOPES: Readonly<Record<Scope, string>> = {
  predict: 'predictions and what is known of a model',
  feedback: 'labels and labelled examples',
  operate: 'promoting, rolling back, runs, reports',
};

const TAGS = [
  {
    name: 'TensorFlow Serving',
    description: 'A version is named by its number, or by the label `champion`.',
  },
  { name: 'Feedback', description: 'What turned out to be true. 202 means durable.' },
  {
    name: 'Open Inference Protocol',
    description:
      'JSON, or JSON with the bytes of tensors behind it (the extension `binary_tensor_data`: little-endian elements, each element of BYTES after its length in 4 bytes).',
  },
  { name: 'Operators', description: 'Scope `operate`.' },
  {
    name: 'Deployment',
    description:
      'Needs no key, as long as the deployment has any: without keys it answers health and nothing else.',
  },
];

/** The whole document. Throws where a schema can't be written as JSON Schema (a bug of the schema). */
export function describeContract(): JsonObject {
  const scopes = Object.entries(SCOPES).map(([scope, what]) => `\`${scope}\`: ${what}`);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Holdfast',
      version: VERSION,
      summary: 'Models that hold',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: TAGS,
    paths: describePaths({ ...INFERENCE_PATHS, ...OPERATOR_PATHS }),
    components: {
      schemas: describeSchemas(),
      responses: describeErrors(),
      parameters: PARAMETERS,
      headers: HEADERS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: `Scopes: ${scopes.join('; ')}.` },
      },
    },
  };
}

/** By `POST /path`. */
function describePaths(operations: Readonly<Record<string, Operation>>): JsonObject {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [route, operation] of Object.entries(operations)) {
    const [method = '', path = ''] = route.split(' ');
    (paths[path] ??= {})[method.toLowerCase()] = describeOperation(path, operation);
  }
  return paths;
}
