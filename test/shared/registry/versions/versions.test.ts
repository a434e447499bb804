import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { encodeJson } from '../../../../shared/registry/store/json.ts';
import { keys, VERSION_FILES } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { listVersionNumbers } from '../../../../shared/registry/versions/find-version.ts';
import {
  claimVersion,
  loadManifest,
  loadVersionFile,
  publishVersion,
} from '../../../../shared/registry/versions/versions.ts';
import { crashEverywhere, wrapStore } from '../../../support/faulty-store.ts';
import { makeFiles, makeManifest, MODEL, publishVersions } from '../../../support/version.ts';

let store: ObjectStore;
beforeEach(() => {
  store = createMemoryStore();
});

describe('a claim', () => {
  test('takes the next number, and is given back to the run that asks again', async () => {
    expect(await claimVersion(store, MODEL, 'a')).toBe(1);
    expect(await claimVersion(store, MODEL, 'b')).toBe(2);
    expect(await claimVersion(store, MODEL, 'b')).toBe(2);
  });

  test('is given back also when other runs have claimed numbers since', async () => {
    await claimVersion(store, MODEL, 'a');
    await claimVersion(store, MODEL, 'b');
    await claimVersion(store, MODEL, 'c');
    expect(await claimVersion(store, MODEL, 'a')).toBe(1);
    expect(await claimVersion(store, MODEL, 'd')).toBe(4);
  });

  test('skips what is taken by a published version or by an unreadable claim', async () => {
    await publishVersions(store, 'promote', 'promote');
    await store.put(keys.claim(MODEL, 3), new TextEncoder().encode('{'));
    expect(await claimVersion(store, MODEL, 'a')).toBe(4);
  });

  test('counts past nine as a number, not as text', async () => {
    for (let i = 1; i <= 11; i++) await claimVersion(store, MODEL, `run ${i}`);
    expect(await claimVersion(store, MODEL, 'next')).toBe(12);
    expect(await listVersionNumbers(store, MODEL)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  test('of one model says nothing about another', async () => {
    await claimVersion(store, MODEL, 'a');
    expect(await claimVersion(store, 'faces', 'a')).toBe(1);
  });

  test('is never shared by concurrent runs, and is one and the same for a run that runs twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const store = createMemoryStore();
        const slow = wrapStore(store, (name, call) => scheduler.schedule(Promise.resolve(), name).then(call));
        const runs = ['a', 'b', 'c', 'a', 'b'];
        const claiming = Promise.all(runs.map((run) => claimVersion(slow, MODEL, run)));
        await scheduler.waitFor(claiming);
        const numbers = await claiming;
        expect(new Set(numbers.slice(0, 3)).size).toBe(3);
        expect(numbers.slice(3)).toEqual(numbers.slice(0, 2));
        expect(new Set(numbers)).toEqual(new Set([1, 2, 3]));
      }),
      { numRuns: 150 },
    );
  });

  test('that crashed anywhere is found again', async () => {
    await crashEverywhere(
      async () => {
        const store = createMemoryStore();
        await claimVersion(store, MODEL, 'before');
        return { store };
      },
      (store) => claimVersion(store, MODEL, 'a'),
      async ({ store }, place) => {
        await claimVersion(store, MODEL, 'other');
        const claimed = await claimVersion(store, MODEL, 'a');
        expect([2, 3], place).toContain(claimed);
        expect(await listVersionNumbers(store, MODEL), place).toEqual([1, 2, 3]);
      },
    );
  });
});

describe('a publication', () => {
  test('is visible by its manifest alone: before that the number is taken, and nothing more', async () => {
    await claimVersion(store, MODEL, 'run-1');
    for (const file of VERSION_FILES) {
      await store.put(keys.versionFile(MODEL, 1, file), makeFiles(1)[file]);
      expect(await loadManifest(store, MODEL, 1)).toEqual({
        ok: false,
        error: {
          kind: 'unpublished',
          version: 1,
          detail:
            'version 1 of digits is not completely published: models/digits/versions/1/manifest.json is not there',
        },
      });
    }
    await publishVersion(store, makeManifest(1), makeFiles(1));
    expect(await loadManifest(store, MODEL, 1)).toEqual({ ok: true, value: makeManifest(1) });
  });

  test('that crashed anywhere is whole or invisible, and whole after a repeat', async () => {
    const places = await crashEverywhere(
      async () => ({ store: createMemoryStore() }),
      (store) => publishVersion(store, makeManifest(1), makeFiles(1)),
      async ({ store }, place) => {
        const seen = await loadManifest(store, MODEL, 1);
        if (seen.ok) await expectWhole(store, place);
        await publishVersion(store, makeManifest(1), makeFiles(1));
        await expectWhole(store, place);
      },
    );
    expect(places).toBe(6);
  });

  test('repeated with the same content writes nothing', async () => {
    await publishVersion(store, makeManifest(1), makeFiles(1));
    const puts: string[] = [];
    const watched: ObjectStore = {
      ...store,
      put(key, bytes, condition) {
        puts.push(key);
        return store.put(key, bytes, condition);
      },
    };
    await publishVersion(watched, makeManifest(1), makeFiles(1));
    expect(puts).toEqual([]);
  });

  test.each([
    ['another run', makeManifest(1, { run: 'run-2' })],
    ['the same run with another verdict', makeManifest(1, { verdict: 'reject' })],
    ['the same run with other files', makeManifest(1, { files: makeManifest(2).files })],
  ])('with other content, of %s, throws and leaves the version as it was', async (_name, manifest) => {
    await publishVersion(store, makeManifest(1), makeFiles(1));
    await expect(publishVersion(store, manifest, makeFiles(2))).rejects.toThrow(
      `models/digits/versions/1/manifest.json: expected what run ${manifest.run} publishes, got another manifest`,
    );
    await expectWhole(store, 'after the refusal');
  });

  async function expectWhole(store: ObjectStore, place: string): Promise<void> {
    expect(await loadManifest(store, MODEL, 1), place).toEqual({ ok: true, value: makeManifest(1) });
    for (const file of VERSION_FILES) {
      expect(await loadVersionFile(store, makeManifest(1), file), place).toEqual({
        ok: true,
        value: makeFiles(1)[file],
      });
    }
  }
});

describe('a damaged version', () => {
  beforeEach(() => publishVersions(store, 'promote', 'promote'));

  test.each(VERSION_FILES)('names %s when it is truncated, altered or gone', async (file) => {
    const key = keys.versionFile(MODEL, 1, file);
    const { sha256, bytes } = makeManifest(1).files[file];
    const whole = makeFiles(1)[file];
    const altered = whole.slice();
    altered[3] = (altered[3] ?? 0) ^ 1;
    const damages = [
      { content: whole.slice(0, 4), detail: `${key}: expected ${bytes} bytes, got 4` },
      { content: new Uint8Array(), detail: `${key}: expected ${bytes} bytes, got 0` },
      {
        content: makeFiles(2)[file],
        detail: `${key}: expected SHA-256 ${sha256}, got ${makeManifest(2).files[file].sha256}`,
      },
    ];
    for (const { content, detail } of damages) {
      await store.put(key, content);
      expect(await loadVersionFile(store, makeManifest(1), file)).toEqual({
        ok: false,
        error: { kind: 'damaged', version: 1, detail },
      });
    }
    await store.put(key, altered);
    expect(await loadVersionFile(store, makeManifest(1), file)).toMatchObject({
      ok: false,
      error: { detail: expect.stringMatching(/: expected SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}$/) },
    });
    await store.delete(key);
    expect(await loadVersionFile(store, makeManifest(1), file)).toEqual({
      ok: false,
      error: { kind: 'damaged', version: 1, detail: `${key} is not there` },
    });
  });

  test('is one whose manifest is no manifest', async () => {
    await store.put(keys.manifest(MODEL, 1), encodeJson({ ...makeManifest(1), files: {} }));
    expect(await loadManifest(store, MODEL, 1)).toMatchObject({
      ok: false,
      error: {
        kind: 'damaged',
        detail: expect.stringContaining('models/digits/versions/1/manifest.json: files.model.json: '),
      },
    });
  });

  test('is one whose manifest is that of another version or model', async () => {
    await store.put(keys.manifest(MODEL, 1), encodeJson(makeManifest(2)));
    expect(await loadManifest(store, MODEL, 1)).toEqual({
      ok: false,
      error: {
        kind: 'damaged',
        version: 1,
        detail:
          'models/digits/versions/1/manifest.json: expected version 1 of digits, got version 2 of digits',
      },
    });
  });
});

test('an unknown version is refused with the newest ones there are', async () => {
  for (let i = 1; i <= 10; i++) await claimVersion(store, MODEL, `run ${i}`);
  expect(await loadManifest(store, MODEL, 11)).toEqual({
    ok: false,
    error: {
      kind: 'unknown-version',
      version: 11,
      detail: 'digits has no version 11; it has versions … 3, 4, 5, 6, 7, 8, 9, 10',
    },
  });
});

test('only folders that are version numbers count as versions', async () => {
  for (const name of ['1', '2', '02', '1e3', '0x10', '-1', '0', ' 5', 'x', '']) {
    await store.put(`${keys.versions(MODEL)}${name}/claim.json`, encodeJson({ run: name }));
  }
  expect(await listVersionNumbers(store, MODEL)).toEqual([1, 2]);
});
