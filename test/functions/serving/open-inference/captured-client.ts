/**
 * The bytes that a client of the Open Inference Protocol sent, put to an edge, and the answer as such clients read it.
 */
import { beforeAll } from 'vitest';
import { wasmModule } from '../../../../shared/model/run/wasm-worker.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import { diagonal, numbers, serveLinearModel } from '../conformance/linear-model.ts';
import { createEdge, type Edge } from '../../support.ts';

/** An edge for the tests of a file, and what puts captured requests to it by their names. */
export function useCaptured(captured: Captured): {
  readonly edge: () => Edge;
  readonly replay: (name: string) => Promise<Response>;
} {
  let edge: Edge;
  beforeAll(async () => {
    edge = await serveModels();
  });
  return { edge: () => edge, replay: (name) => replay(edge, captured, name) };
}

/** Serves `pair`, version 3, which answers with its two numbers; and `mixed`, of a number and a category. */
async function serveModels(): Promise<Edge> {
  const store = createMemoryStore();
  const pair = { input: numbers('x', 'y'), labels: ['left', 'right'], kernel: diagonal(2, 1) };
  await serveLinearModel(store, { name: 'pair', version: 3, ...pair });
  const colour = { name: 'colour', type: 'category' as const, values: ['red', 'blå'] };
  const features = [{ name: 'age', type: 'number' as const }, colour];
  await serveLinearModel(store, {
    name: 'mixed',
    input: { kind: 'tabular', features },
    labels: null,
    kernel: [1, 100, 200],
  });
  return createEdge(store, wasmModule);
}

/** What `pair` answers to [[3, 1], [0.5, 2]], which is what the clients were given. */
export const PAIR_ANSWER = { probabilities: [3, 1, 0.5, 2], label: ['left', 'right'] };
/** What `mixed` answers to 41, red and 7, blå. */
export const MIXED_ANSWER = { prediction: [141, 207] };

interface Captured {
  readonly cases: readonly { readonly name: string; /** HTTP/1.1, base64 */ readonly request: string }[];
}

const HEAD_END = '\r\n\r\n';

/** One captured request, put to the edge with the key of the test. */
function replay(edge: Edge, captured: Captured, name: string): Promise<Response> {
  const found = captured.cases.find((item) => item.name === name);
  if (found === undefined) throw new Error(`there is no captured request ${name}`);
  const bytes = Uint8Array.from(atob(found.request), (char) => char.charCodeAt(0));
  const text = new TextDecoder('latin1').decode(bytes);
  const end = text.indexOf(HEAD_END);
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const [method = '', path = ''] = first.split(' ');
  const pairs = lines.map((line) => line.split(': ') as [string, string]);
  const headers = Object.fromEntries(pairs.filter(([header]) => header.toLowerCase() !== 'authorization'));
  const body = bytes.slice(end + HEAD_END.length);
  return edge.call(path, { method, key: 'predict', headers, ...(method === 'POST' && { body }) });
}

interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: number[];
  readonly data?: unknown[];
  readonly parameters?: { readonly binary_data_size: number };
}

/** As a client reads it: outputs by name, numbers out of bytes, strings after their lengths. */
export async function readOutputs(response: Response): Promise<Record<string, unknown[]>> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const length = Number(response.headers.get('inference-header-content-length') ?? bytes.byteLength);
  const json = JSON.parse(new TextDecoder().decode(bytes.subarray(0, length))) as { outputs: Output[] };
  let at = length;
  const values = json.outputs.map(({ name, datatype, data, parameters }) => {
    if (data !== undefined) return [name, data] as const;
    const own = bytes.slice(at, (at += parameters?.binary_data_size ?? 0));
    return [name, datatype === 'FP32' ? [...new Float32Array(own.buffer)] : readStrings(own)] as const;
  });
  return Object.fromEntries(values);
}

function readStrings(bytes: Uint8Array): string[] {
  const strings: string[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const length = new DataView(bytes.buffer).getUint32(at, true);
    strings.push(new TextDecoder().decode(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return strings;
}
