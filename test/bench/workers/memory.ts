/**
 * An isolate that serves one model, for a look at what it holds: `PUT /plan`, `PUT /weights` (a store's bytes, as the
 * edge reads them), then any number of `GET /`, each of which predicts once.
 */
import { loadPlan } from '../../../shared/model/run/predictor.ts';
import { createRuntime } from '../../../shared/model/run/runtime.ts';
import type { Program } from '../../../shared/model/run/program.ts';
import { wasmModule } from '../../../shared/model/wasm-edge.ts';

const runtime = createRuntime(wasmModule);
let plan = new Uint8Array();
let program: Program | undefined;

/** What the WASM memory takes, in bytes. */
export interface WasmMemory {
  readonly wasmBytes: number;
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === '/plan') plan = new Uint8Array(await request.arrayBuffer());
    else if (pathname === '/weights') program = load(new Uint8Array(await request.arrayBuffer()));
    else program?.run(new Float32Array(program.inputSize), 1);
    return Response.json({ wasmBytes: runtime.memory().heapBytes } satisfies WasmMemory);
  },
};

function load(weights: Uint8Array): Program {
  const loaded = loadPlan(runtime, plan, weights);
  if (!loaded.ok) throw new Error(loaded.error);
  return loaded.value;
}
