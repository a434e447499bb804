import { ADAM_DEFAULTS, adamSettings } from '../adam.js';
import { attachKernels } from './tfjs-heap.js';
/**
 * Adam (Kingma & Ba 2015) for `minimize` and `model.compile`, with the numbers of `tf.train.adam`.
 *
 * @param tf      `@tensorflow/tfjs`; its current backend must be the WASM one
 * @param module  `kernels.wasm`, compiled (kernels-node.ts, kernels-worker.ts)
 * @throws TypeError when another backend is current
 */
export function createFusedAdam(tf, module, learningRate, { beta1, beta2, epsilon } = ADAM_DEFAULTS) {
    const heap = attachKernels(tf.backend(), module);
    class FusedAdam extends tf.AdamOptimizer {
        applyGradients(gradients) {
            applyAdam(tf, heap, this, gradients);
        }
    }
    return new FusedAdam(learningRate, beta1, beta2, epsilon);
}
/**
 * Puts the single pass in the place of the one that every `tf.train.adam` takes, on this backend; on others it stays.
 *
 * @returns a function that puts stock's back
 */
export function replaceAdam(tf, heap) {
    const backend = tf.backend();
    const { prototype } = tf.AdamOptimizer;
    // oxlint-disable-next-line typescript/unbound-method -- called with its own optimizer below
    const { applyGradients: stock } = prototype;
    prototype.applyGradients = function applyGradients(gradients) {
        if (tf.backend() === backend)
            applyAdam(tf, heap, this, gradients);
        else
            stock.call(this, gradients);
    };
    return () => {
        prototype.applyGradients = stock;
    };
}
function applyAdam(tf, heap, optimizer, gradients) {
    const kept = optimizer;
    const { beta1, beta2 } = kept;
    const epsilon = kept.epsilon ?? ADAM_DEFAULTS.epsilon;
    const step = optimizer.iterations + 1;
    const { learningRate } = optimizer;
    const settings = heap.settings(adamSettings({ beta1, beta2, epsilon }, learningRate, beta1 ** step, beta2 ** step));
    for (const [i, [name, gradient]] of namedGradients(gradients).entries()) {
        const value = tf.engine().registeredVariables[name];
        if (value === undefined)
            continue;
        const m = momentOf(tf, kept.accumulatedFirstMoment, i, `${name}/m`, value);
        const v = momentOf(tf, kept.accumulatedSecondMoment, i, `${name}/v`, value);
        if (gradient === null || gradient === undefined)
            continue;
        for (const variable of [value, m, v])
            makeOwn(tf, heap, variable);
        const { kernels, address } = heap;
        kernels.adam_update(address(value), address(m), address(v), address(gradient), value.size, settings);
        heap.forgetPacked(value);
    }
    // What stock goes by, should it have the next step.
    tf.tidy(() => {
        kept.accBeta1.assign(tf.scalar(beta1 ** (step + 1)));
        kept.accBeta2.assign(tf.scalar(beta2 ** (step + 1)));
    });
    optimizer.incrementIterations();
}
function namedGradients(gradients) {
    if (Array.isArray(gradients))
        return gradients.map(({ name, tensor }) => [name, tensor]);
    return Object.entries(gradients);
}
function momentOf(tf, moments, i, originalName, value) {
    moments[i] ??= { originalName, variable: tf.tidy(() => tf.zerosLike(value).variable(false)) };
    return moments[i].variable;
}
/** A tensor that shares the variable's values (its initial one, a clone) must not change with it. */
function makeOwn(tf, heap, variable) {
    // The sum of one tensor would be that tensor.
    if (heap.isShared(variable))
        tf.tidy(() => variable.assign(tf.addN([variable, tf.zerosLike(variable)])));
}
