/**
 * TensorFlow.js's WASM binary in a Worker, which may not compile bytes: the bundler hands over a compiled module.
 */
export { default as wasmModule } from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm';
