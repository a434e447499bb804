/**
 * An isolate that looks at pictures with one base after the other, for a look at what it holds: `PUT /plan`,
 * `PUT /weights`, then any number of `GET /`, each of which opens the base anew, looks at a picture and lets it go.
 */
import { kernelModule } from '../../../shared/model/kernels/kernels-worker.ts';
import { wasmModule } from '../../../shared/model/wasm-worker.ts';
import { createSeer } from '../../../trainer/pipeline/feature-bench.ts';

let plan = new Uint8Array();
let weights = new Uint8Array();
const machine = { wasm: wasmModule, kernels: kernelModule };

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/plan') plan = new Uint8Array(await request.arrayBuffer());
    else if (pathname === '/weights') weights = new Uint8Array(await request.arrayBuffer());
    else {
      const manifest = JSON.parse(searchParams.get('manifest') ?? '{}');
      const input = JSON.parse(searchParams.get('input') ?? '{}');
      const seer = createSeer({ input, base: { manifest, plan, weights } }, machine);
      const size = input.height * input.width * input.channels;
      const bytes = new Uint8Array(size);
      const { digestInput } = await import('../../../shared/events/input-digest.ts');
      seer.see([{ id: 'e', input: { type: 'u8', digest: digestInput('u8', bytes) }, bytes }]);
      seer.close();
    }
    return Response.json({});
  },
};
