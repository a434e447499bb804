/**
 * How much WASM memory an isolate or a process has: neither V8's heap nor its array buffers count it. Imported before
 * everything that starts an instance.
 */

type Memory = Pick<WebAssembly.Memory, 'buffer'>;

/** Held weakly: whether they are given back is what is asked. */
const known = new WeakSet<Memory>();
const references: WeakRef<Memory>[] = [];

const Instance = WebAssembly.Instance;
WebAssembly.Instance = new Proxy(Instance, {
  construct(target, parameters: ConstructorParameters<typeof WebAssembly.Instance>) {
    const instance = new target(...parameters);
    const imported = Object.values(parameters[1] ?? {}).flatMap((module) => Object.values(module));
    for (const value of [...imported, ...Object.values(instance.exports)]) {
      if (!isMemory(value) || known.has(value)) continue;
      known.add(value);
      references.push(new WeakRef(value));
    }
    return instance;
  },
});

function isMemory(value: unknown): value is Memory {
  return Object.prototype.toString.call(value) === '[object WebAssembly.Memory]';
}

export interface WasmMemories {
  readonly count: number;
  readonly bytes: number;
}

export function countWasmMemories(): WasmMemories {
  const present = references.flatMap((reference) => reference.deref() ?? []);
  return {
    count: present.length,
    bytes: present.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
  };
}
