/** @returns the compiled module, which any number of instances may share */
export declare function loadKernelModule(): Promise<WebAssembly.Module>;
