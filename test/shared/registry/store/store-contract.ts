/**
 * What every object store must do, whatever is behind it. Each implementation calls this from a test file of its own.
 */
import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';

/**
 * @param open  the store under test; every test uses keys of its own, so one store may serve all
 */
export function describeStoreContract(name: string, open: () => Promise<ObjectStore>): void {
  describe(`${name} keeps the store contract`, () => {
    it('gives back the bytes that were put, whatever they are', async () => {
      const store = await open();
      const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 31) % 256);
      const written = await store.put('bytes/binary', bytes);
      const read = await store.get('bytes/binary');
      expect(read?.bytes).toEqual(bytes);
      expect(read?.etag).toBe(written?.etag);
      // Not a Buffer, whose slice and buffer mean something else.
      expect(Object.getPrototypeOf(read?.bytes)).toBe(Uint8Array.prototype);
    });

    it('gives away what it reads: who changes it changes nothing that is stored', async () => {
      const store = await open();
      const put = Uint8Array.from({ length: 70_000 }, (_, i) => i % 256);
      await store.put('bytes/own', put);
      put.fill(1);
      const read = (await store.get('bytes/own'))?.bytes;
      expect(read?.[2]).toBe(2);
      read?.fill(3);
      expect((await store.get('bytes/own'))?.bytes[2]).toBe(2);
      (await store.getRange('bytes/own', 0, 10))?.fill(4);
      expect((await store.get('bytes/own'))?.bytes[2]).toBe(2);
    });

    it('keeps an empty object, which is not a missing one', async () => {
      const store = await open();
      await store.put('bytes/empty', new Uint8Array());
      expect((await store.get('bytes/empty'))?.bytes).toEqual(new Uint8Array());
      expect(await store.get('bytes/never-put')).toBeNull();
    });

    it('reads a part of an object, and what is there of a part beyond its end', async () => {
      const store = await open();
      const bytes = Uint8Array.from({ length: 1_000 }, (_, i) => i % 251);
      await store.put('range/object', bytes);
      const read = (offset: number, length: number) => store.getRange('range/object', offset, length);
      expect(await read(0, 1_000)).toEqual(bytes);
      expect(await read(10, 1)).toEqual(bytes.slice(10, 11));
      expect(await read(250, 500)).toEqual(bytes.slice(250, 750));
      expect(await read(990, 100)).toEqual(bytes.slice(990));
      expect(await read(1_000, 1)).toEqual(new Uint8Array());
      expect(await read(5_000, 10)).toEqual(new Uint8Array());
      expect(Object.getPrototypeOf(await read(0, 4))).toBe(Uint8Array.prototype);
      expect(await store.getRange('range/never-put', 0, 10)).toBeNull();
    });

    it('changes the ETag when the content changes', async () => {
      const store = await open();
      const first = await store.put('etag/changes', text('one'));
      const second = await store.put('etag/changes', text('two'));
      expect(second?.etag).not.toBe(first?.etag);
      expect((await store.get('etag/changes'))?.etag).toBe(second?.etag);
    });

    it('creates only what is absent', async () => {
      const store = await open();
      expect(await store.put('create/once', text('mine'), { absent: true })).not.toBeNull();
      expect(await store.put('create/once', text('theirs'), { absent: true })).toBeNull();
      expect(await readText(store, 'create/once')).toBe('mine');
    });

    it('lets one of 20 concurrent creations win, and keeps what the winner wrote', async () => {
      const store = await open();
      const writers = Array.from({ length: 20 }, (_, i) => `writer ${i}`);
      const outcomes = await Promise.all(
        writers.map((writer) => store.put('create/race', text(writer), { absent: true })),
      );
      const winners = writers.filter((_, i) => outcomes[i] !== null);
      expect(winners).toHaveLength(1);
      expect(await readText(store, 'create/race')).toBe(winners[0]);
    });

    it('lets one of 20 concurrent creations with the same bytes win', async () => {
      const store = await open();
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => store.put('create/same', text('same'), { absent: true })),
      );
      expect(outcomes.filter((outcome) => outcome !== null)).toHaveLength(1);
    });

    it('replaces exactly what was read', async () => {
      const store = await open();
      const first = await store.put('swap/one', text('1'));
      const second = await store.put('swap/one', text('2'), { etag: first?.etag ?? '' });
      expect(second).not.toBeNull();
      expect(await store.put('swap/one', text('3'), { etag: first?.etag ?? '' })).toBeNull();
      expect(await readText(store, 'swap/one')).toBe('2');
      expect(await store.put('swap/one', text('3'), { etag: second?.etag ?? '' })).not.toBeNull();
    });

    it('replaces nothing where nothing is', async () => {
      const store = await open();
      const elsewhere = await store.put('swap/elsewhere', text('x'));
      expect(await store.put('swap/nothing', text('y'), { etag: elsewhere?.etag ?? '' })).toBeNull();
      expect(await store.get('swap/nothing')).toBeNull();
    });

    it('loses no increment when 8 writers count to 40 by compare-and-swap', async () => {
      const store = await open();
      await store.put('swap/counter', text('0'));
      const increment = async (): Promise<void> => {
        for (;;) {
          const current = await store.get('swap/counter');
          const next = text(String(Number(decode(current?.bytes)) + 1));
          if ((await store.put('swap/counter', next, { etag: current?.etag ?? '' })) !== null) return;
        }
      };
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let i = 0; i < 5; i++) await increment();
        }),
      );
      expect(await readText(store, 'swap/counter')).toBe('40');
    });

    it('lists keys in the order of their UTF-8 bytes', async () => {
      const store = await open();
      const keys = ['a', 'Z', 'a/b', 'a-b', 'a.b', 'é', 'a b', '10', '9', 'a+b', 'a%2Fb'];
      for (const key of keys) await store.put(`order/${key}`, text(key));
      const sorted = keys.map((key) => `order/${key}`).sort(byUtf8);
      expect(await store.list('order/')).toEqual(sorted);
      expect(await readText(store, 'order/a%2Fb')).toBe('a%2Fb');
    });

    it('lists by prefix, not by folder', async () => {
      const store = await open();
      for (const key of ['prefix/ab', 'prefix/abc/d', 'prefix/b']) await store.put(key, text(key));
      expect(await store.list('prefix/ab')).toEqual(['prefix/ab', 'prefix/abc/d']);
      expect(await store.list('prefix/nothing')).toEqual([]);
    });

    it('lists more than one page of keys and folders', async () => {
      const store = await open();
      const names = Array.from({ length: 1_100 }, (_, i) => String(i).padStart(4, '0'));
      await inTurns(names, 50, (name) => store.put(`many/${name}/object`, text(name)));
      expect(await store.list('many/')).toEqual(names.map((name) => `many/${name}/object`));
      expect(await store.folders('many/')).toEqual(names);
    });

    it('names the folders below a prefix once each, and no objects', async () => {
      const store = await open();
      for (const key of ['f/one/a', 'f/one/b/c', 'f/two/a', 'f/plain']) await store.put(key, text(key));
      expect(await store.folders('f/')).toEqual(['one', 'two']);
      expect(await store.folders('f/none/')).toEqual([]);
    });

    it('deletes, and deletes again without complaint', async () => {
      const store = await open();
      await store.put('delete/me', text('x'));
      await store.delete('delete/me');
      await store.delete('delete/me');
      expect(await store.get('delete/me')).toBeNull();
      expect(await store.put('delete/me', text('y'), { absent: true })).not.toBeNull();
    });
  });
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function decode(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

async function readText(store: ObjectStore, key: string): Promise<string> {
  return decode((await store.get(key))?.bytes);
}

function byUtf8(a: string, b: string): number {
  const [left, right] = [text(a), text(b)];
  const at = left.findIndex((byte, i) => byte !== right[i]);
  return at === -1 ? left.length - right.length : (left[at] as number) - (right[at] ?? -1);
}

async function inTurns<T>(
  items: readonly T[],
  size: number,
  use: (item: T) => Promise<unknown>,
): Promise<void> {
  for (let i = 0; i < items.length; i += size) await Promise.all(items.slice(i, i + size).map(use));
}
