/**
 * The kernels' binary in a Worker, which may not compile bytes: the bundler hands over a compiled module.
 */
export { default as kernelModule } from './kernels.wasm';
