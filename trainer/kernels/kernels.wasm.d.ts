/** What a Worker's bundler makes of the binary. */
declare const module: WebAssembly.Module;
export default module;
