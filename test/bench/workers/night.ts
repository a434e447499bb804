/**
 * The trainer Worker, and beside it what a benchmark has to know of its isolate: its WASM memory, and how long each
 * step of its Workflow took. `GET /start?model=…` starts a run, `GET /describe` tells.
 */
import { countWasmMemories } from '../night/wasm-memory.ts';
import trainer, {
  Comparing,
  Reproducing,
  Retraining as Published,
  Trainer,
  Watching,
} from '../../../trainer/worker/worker.ts';
import { startWorkflow } from '../../../trainer/worker/workflows.ts';

interface Step {
  readonly name: string;
  readonly seconds: number;
}

const steps: Step[] = [];

type Parts = Parameters<Published['run']>;

export class Retraining extends Published {
  override run(...[event, step]: Parts): Promise<string> {
    return super.run(event, timed(step));
  }
}

type Do = (name: string, config: object, body: () => Promise<unknown>) => Promise<unknown>;

function timed(step: Parts[1]): Parts[1] {
  return new Proxy(step, {
    get(target, property) {
      const original: unknown = Reflect.get(target, property);
      if (property !== 'do') return original;
      const timedDo: Do = (name, config, body) => {
        const measured = async () => {
          const startMs = Date.now();
          try {
            return await body();
          } finally {
            steps.push({ name, seconds: (Date.now() - startMs) / 1_000 });
          }
        };
        return Reflect.apply(original as Do, target, [name, config, measured]);
      };
      return timedDo;
    },
  });
}

export { Comparing, Reproducing, Trainer, Watching };

export default {
  ...trainer,
  async fetch(request, env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/describe') return Response.json({ wasm: countWasmMemories(), steps });
    const model = searchParams.get('model') ?? '';
    return Response.json(await startWorkflow(env, model, { trigger: 'api', by: 'bench' }, new Date()));
  },
} satisfies ExportedHandler<TrainerEnv>;
