/** A memory with an allocator that others use too. */
export interface SharedMemory {
  readonly memory: WebAssembly.Memory;
  /** @returns an address, or 0 where there is no room */
  readonly malloc: (bytes: number) => number;
  readonly free: (address: number) => void;
  /** It never grows past this. */
  readonly maxBytes: number;
}
