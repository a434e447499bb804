/**
 * TensorFlow.js's own WASM backend on a compiled module: for training, and as the reference the executor is
 * compared with. The edge does not import it.
 *
 * The package's own start-up wants a path to fetch and compile, which workerd forbids; this does what its `init()`
 * does with a module that is there already.
 */
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import createModule, {} from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js';
/** Engines that have the backend. */
const started = new WeakSet();
/**
 * Makes `wasm` the current backend. A second call finds it registered and only selects it.
 *
 * @param tf    `@tensorflow/tfjs`
 * @param tfjs  its binary, among the compiled ones
 */
export async function registerWasmBackend(tf, { tfjs }) {
    // Asking tf for the backend instead would start the package's own factory, which fetches.
    const engine = tf.engine();
    if (!started.has(engine)) {
        const backend = new BackendWasm(await keepLastResorts(() => startModule(tfjs)));
        started.add(engine);
        tf.removeBackend('wasm');
        tf.registerBackend('wasm', () => backend);
    }
    if (!(await tf.setBackend('wasm')))
        throw new Error('the WASM backend did not start');
}
const LAST_RESORTS = ['uncaughtException', 'unhandledRejection'];
/** In Node the glue makes itself the process's last resort for errors; what an error does there is not its affair. */
async function keepLastResorts(start) {
    const { process } = globalThis;
    const before = LAST_RESORTS.map((event) => process?.listeners?.(event) ?? []);
    const started = await start();
    for (const [i, event] of LAST_RESORTS.entries()) {
        for (const listener of process?.listeners?.(event) ?? []) {
            if (!before[i]?.includes(listener))
                process?.removeListener(event, listener);
        }
    }
    return started;
}
async function startModule(compiled) {
    const module = (await createModule({
        instantiateWasm: (imports, done) => {
            const instance = new WebAssembly.Instance(compiled, imports);
            done(instance);
            return instance.exports;
        },
    }));
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
