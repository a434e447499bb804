/**
 * What the project asks of object storage: bytes under a key, conditional writes on an ETag, ordered listing.
 * R2's binding, any S3 server and a map in memory all pass test/shared/registry/store/store-contract.ts.
 */

export interface StoredObject {
  /** Whoever asked may keep them, change them and give them away. */
  readonly bytes: Uint8Array;
  /** Opaque; changes whenever the content changes. */
  readonly etag: string;
}

/** `absent`: create only. `etag`: replace exactly what was read. Neither: last write wins. */
export type PutCondition = { readonly absent: true } | { readonly etag: string };

/** `null` when the condition did not hold: somebody else wrote first, and nothing was changed. */
export type PutOutcome = { readonly etag: string } | null;

export interface ObjectStore {
  get(key: string): Promise<StoredObject | null>;
  /** `length` bytes, at least 1, from `offset` on: fewer where the object ends before; null where there is no object. */
  getRange(key: string, offset: number, length: number): Promise<Uint8Array | null>;
  /** A put that resolved is durable. A conditional put is atomic: of concurrent ones exactly one wins. */
  put(key: string, bytes: Uint8Array, condition?: PutCondition): Promise<PutOutcome>;
  /** Keys under the prefix in ascending order of their UTF-8 bytes, all pages. */
  list(prefix: string): Promise<string[]>;
  /** The next path segments under a prefix that ends in `/`, without the slash: `folders('models/')`. */
  folders(prefix: string): Promise<string[]>;
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>;
}
