/**
 * The part of the WebAssembly JavaScript API that this project uses: Node's types leave it out, and the DOM's bring
 * a browser with them. Workers have it in their own types; `Module` comes with Emscripten's.
 */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, ((...args: number[]) => number | void) | Memory>>;

  function compile(bytes: BufferSource): Promise<Module>;

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Record<string, unknown>;
  }

  class Memory {
    constructor(descriptor: { readonly initial: number });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
}
