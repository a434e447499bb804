/**
 * The numbers of one Adam step (Kingma & Ba 2015), as the kernels read them (`adam_settings` in source/adam.h).
 */
/** Numbers in `adam_settings`. */
export const ADAM_SETTINGS = 7;
/** As TensorFlow.js has them on WASM. */
export const ADAM_DEFAULTS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
/** A clock before its first step. `powers` and `set` are for checkpoints. */
export function createAdamClock() {
    const { beta1, beta2 } = ADAM_DEFAULTS;
    // Powers by multiplication, because engines' `pow` may differ.
    let power1 = 1;
    let power2 = 1;
    return {
        advance: (learningRate) => {
            power1 *= beta1;
            power2 *= beta2;
            return adamSettings(ADAM_DEFAULTS, learningRate, power1, power2);
        },
        powers: () => [power1, power2],
        set: (powers) => {
            [power1, power2] = powers;
        },
    };
}
/**
 * @param power1  beta1 to the number of the step, counted from 1
 * @param power2  beta2 to the same
 */
export function adamSettings({ beta1, beta2, epsilon }, learningRate, power1, power2) {
    return [beta1, 1 - beta1, beta2, 1 - beta2, learningRate / (1 - power1), 1 / (1 - power2), epsilon];
}
