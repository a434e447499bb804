import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { createScratchStore } from '../../../trainer/reproduce/scratch-store.ts';
import { describeStoreContract } from '../../shared/registry/store/store-contract.ts';

const empty = createScratchStore(createMemoryStore(), 'scratch/');
describeStoreContract('a scratch in an empty store', async () => empty);

const bytes = (text: string) => new TextEncoder().encode(text);

async function over(hides?: (key: string) => boolean) {
  const below = createMemoryStore();
  await below.put('a/kept', bytes('kept'));
  await below.put('a/secret/x', bytes('secret'));
  const scratch = createScratchStore(below, 's/1/', hides && { hides });
  const read = async (key: string) => {
    const object = await scratch.get(key);
    return object && new TextDecoder().decode(object.bytes);
  };
  return { below, scratch, read };
}

describe('a scratch over what is there', () => {
  test('reads through, and writes beside it', async () => {
    const { below, scratch, read } = await over();
    expect(await read('a/kept')).toBe('kept');
    await scratch.put('a/kept', bytes('other'));
    await scratch.put('a/new', bytes('new'));
    expect([await read('a/kept'), await read('a/new')]).toEqual(['other', 'new']);
    expect(await scratch.list('a/')).toEqual(['a/kept', 'a/new', 'a/secret/x']);
    expect(await scratch.folders('a/')).toEqual(['secret']);
    expect(await below.list('')).toEqual(['a/kept', 'a/secret/x', 's/1/a/kept', 's/1/a/new']);
    expect((await below.get('a/kept'))?.bytes).toEqual(bytes('kept'));
  });

  test('its own objects have no second name', async () => {
    const { scratch, read } = await over();
    await scratch.put('b', bytes('b'));
    expect(await read('s/1/b')).toBeNull();
    expect(await scratch.list('')).toEqual(['a/kept', 'a/secret/x', 'b']);
  });

  test('a condition is on what is seen', async () => {
    const { scratch, read } = await over();
    expect(await scratch.put('a/kept', bytes('no'), { absent: true })).toBeNull();
    expect(await scratch.put('a/kept', bytes('no'), { etag: 'another' })).toBeNull();
    const { etag } = (await scratch.get('a/kept')) ?? { etag: '' };
    expect(await scratch.put('a/kept', bytes('yes'), { etag })).not.toBeNull();
    expect(await scratch.put('a/kept', bytes('no'), { etag })).toBeNull();
    expect(await read('a/kept')).toBe('yes');
  });

  test('a delete takes away what was written here alone', async () => {
    const { scratch, read } = await over();
    await scratch.put('a/kept', bytes('other'));
    await scratch.delete('a/kept');
    await scratch.delete('a/kept');
    expect(await read('a/kept')).toBe('kept');
  });

  test('what is hidden is not there until it is written', async () => {
    const { scratch, read } = await over((key) => key.startsWith('a/secret/'));
    expect([await read('a/secret/x'), await scratch.list('a/')]).toEqual([null, ['a/kept']]);
    expect(await scratch.put('a/secret/x', bytes('mine'), { absent: true })).not.toBeNull();
    expect(await read('a/secret/x')).toBe('mine');
  });
});
