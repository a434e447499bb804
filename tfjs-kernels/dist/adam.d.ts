/**
 * The numbers of one Adam step (Kingma & Ba 2015), as the kernels read them (`adam_settings` in source/adam.h).
 */
/** Numbers in `adam_settings`. */
export declare const ADAM_SETTINGS = 7;
export interface AdamConstants {
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
}
/** As TensorFlow.js has them on WASM. */
export declare const ADAM_DEFAULTS: AdamConstants;
/** Where Adam is between two steps: beta1 and beta2 to the number of steps that were taken. */
export interface AdamClock {
    /** @returns the `adam_settings` of the next step */
    advance(learningRate: number): number[];
    powers(): readonly [power1: number, power2: number];
    set(powers: readonly [power1: number, power2: number]): void;
}
/** A clock before its first step. `powers` and `set` are for checkpoints. */
export declare function createAdamClock(): AdamClock;
/**
 * @param power1  beta1 to the number of the step, counted from 1
 * @param power2  beta2 to the same
 */
export declare function adamSettings({ beta1, beta2, epsilon }: AdamConstants, learningRate: number, power1: number, power2: number): number[];
