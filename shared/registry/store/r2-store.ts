/**
 * The object store over an R2 binding. Used by both Workers.
 */
import type { R2Bucket, R2Conditional, R2ListOptions } from '@cloudflare/workers-types';
import { type PutTransport, RETRY_POLICY, putConditionally, WRITER } from './conditional-put.ts';
import type { ObjectStore, PutCondition } from './store.ts';

/** The contract of every store over the binding; what R2 throws is handed on. */
export function createR2Store(bucket: R2Bucket): ObjectStore {
  return {
    async get(key) {
      const object = await bucket.get(key);
      if (object === null) return null;
      return { bytes: new Uint8Array(await object.arrayBuffer()), etag: object.etag };
    },
    async getRange(key, offset, length) {
      try {
        const object = await bucket.get(key, { range: { offset, length } });
        return object === null ? null : new Uint8Array(await object.arrayBuffer());
      } catch (error) {
        // A range that begins where the object has ended is an error, and not the same one everywhere.
        const size = (await bucket.head(key))?.size ?? Infinity;
        if (offset >= size) return new Uint8Array();
        throw error;
      }
    },
    async put(key, bytes, condition) {
      if (condition === undefined) {
        const written = await bucket.put(key, bytes);
        return written === null ? null : { etag: written.etag };
      }
      const onlyIf = toR2Condition(condition);
      return putConditionally(condition, transportOf(bucket, key, bytes, onlyIf), RETRY_POLICY);
    },
    async list(prefix) {
      const found: string[] = [];
      await eachPage(bucket, { prefix }, (page) => found.push(...page.objects.map((object) => object.key)));
      return found;
    },
    async folders(prefix) {
      const found: string[] = [];
      await eachPage(bucket, { prefix, delimiter: '/' }, (page) =>
        found.push(...page.delimitedPrefixes.map((folder) => folder.slice(prefix.length, -1))),
      );
      return found.sort();
    },
    async delete(key) {
      await bucket.delete(key);
    },
  };
}

function transportOf(bucket: R2Bucket, key: string, bytes: Uint8Array, onlyIf: R2Conditional): PutTransport {
  return {
    async send(writer) {
      try {
        const written = await bucket.put(key, bytes, { onlyIf, customMetadata: { [WRITER]: writer } });
        return written === null ? { kind: 'refused' } : { kind: 'written', etag: written.etag };
      } catch (cause) {
        return { kind: 'unanswered', cause };
      }
    },
    async head() {
      const present = await bucket.head(key);
      return present === null ? null : { etag: present.etag, writer: present.customMetadata?.[WRITER] };
    },
  };
}

/** An unquoted star means "nothing there"; an ETag goes unquoted too (a quoted one is never matched). */
function toR2Condition(condition: PutCondition): R2Conditional {
  return 'absent' in condition ? { etagDoesNotMatch: '*' } : { etagMatches: condition.etag };
}

async function eachPage(
  bucket: R2Bucket,
  options: R2ListOptions,
  visit: (page: Awaited<ReturnType<R2Bucket['list']>>) => void,
): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await bucket.list(cursor === undefined ? options : { ...options, cursor });
    visit(page);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
}
