/**
 * TensorFlow.js's own WASM backend on a compiled module: for training, and as the reference the executor is
 * compared with. The edge does not import it.
 *
 * The package's own start-up wants a path to fetch and compile, which workerd forbids; this does what its `init()`
 * does with a module that is there already.
 */
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import createModule, {
  type BackendWasmModule as Exports,
} from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js';

/** The package's types leave out what its Emscripten glue adds. */
type BackendWasmModule = Exports & {
  cwrap(name: string, result: 'number' | null, parameters: 'number'[]): (...args: number[]) => number;
};

/** What it needs of `@tensorflow/tfjs`, passed in so that everyone speaks of the same engine. */
export type Tensorflow = Pick<
  typeof import('@tensorflow/tfjs'),
  'engine' | 'registerBackend' | 'removeBackend' | 'setBackend'
>;

/** Engines that have the backend. */
const started = new WeakSet<object>();

/**
 * Makes `wasm` the current backend. A second call finds it registered and only selects it.
 *
 * @param tf    `@tensorflow/tfjs`
 * @param tfjs  its binary, among the compiled ones
 */
export async function registerWasmBackend(
  tf: Tensorflow,
  { tfjs }: { readonly tfjs: WebAssembly.Module },
): Promise<void> {
  // Asking tf for the backend instead would start the package's own factory, which fetches.
  const engine = tf.engine();
  if (!started.has(engine)) {
    const backend = new BackendWasm(await keepLastResorts(() => startModule(tfjs)));
    started.add(engine);
    tf.removeBackend('wasm');
    tf.registerBackend('wasm', () => backend);
  }
  if (!(await tf.setBackend('wasm'))) throw new Error('the WASM backend did not start');
}

/** The part of Node's process that the glue reaches for. */
interface ListenedTo {
  listeners(event: string): ((...args: unknown[]) => void)[];
  removeListener(event: string, listener: (...args: unknown[]) => void): unknown;
}

const LAST_RESORTS = ['uncaughtException', 'unhandledRejection'];

/** In Node the glue makes itself the process's last resort for errors; what an error does there is not its affair. */
async function keepLastResorts<T>(start: () => Promise<T>): Promise<T> {
  const { process } = globalThis as { process?: ListenedTo };
  const before = LAST_RESORTS.map((event) => process?.listeners?.(event) ?? []);
  const started = await start();
  for (const [i, event] of LAST_RESORTS.entries()) {
    for (const listener of process?.listeners?.(event) ?? []) {
      if (!before[i]?.includes(listener)) process?.removeListener(event, listener);
    }
  }
  return started;
}

async function startModule(compiled: WebAssembly.Module): Promise<BackendWasmModule> {
  const module = (await createModule({
    instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => {
      const instance = new WebAssembly.Instance(compiled, imports);
      done(instance);
      return instance.exports;
    },
  })) as BackendWasmModule;
  module.tfjs = {
    init: module.cwrap('init', null, []),
    initWithThreadsCount: module.cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: module.cwrap('get_threads_count', 'number', []),
    registerTensor: module.cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: module.cwrap('dispose_data', null, ['number']),
    dispose: module.cwrap('dispose', null, []),
  };
  return module;
}
