import { beforeEach, expect, test } from 'vitest';
import type { ClassificationSpec } from '../../../shared/model/spec/spec.ts';
import type { Manifest } from '../../../shared/registry/versions/manifest.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { promote, rollback } from '../../../shared/registry/champion/promotion.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { publishVersion } from '../../../shared/registry/versions/versions.ts';
import type { RunContext } from '../../../trainer/run/context.ts';
import { NOTHING_SEEN } from '../../../shared/continuity/referee/challenger-comparison.ts';
import { UNTRIED } from '../../../shared/continuity/referee/trust.ts';
import { findContenders } from '../../../trainer/referee/contenders.ts';
import { appendLedger } from '../../../trainer/referee/ledger-file.ts';
import { type RefereeRecord, saveRefereeRecord } from '../../../trainer/referee/record.ts';
import { makeFiles, makeManifest, MODEL } from '../../support/version.ts';

const ADA = { by: 'ada', reason: 'still bad', at: new Date('2026-11-23T09:00:00.000Z') };

/** A version with the files of another number where that is given, from a snapshot and a parent of its own by default. */
async function publish(version: number, changes: Partial<Manifest> = {}, filesOf = version): Promise<void> {
  const manifest = makeManifest(version, { snapshot: `snapshot-${version}`, ...changes });
  await publishVersion(store, { ...manifest, files: makeManifest(filesOf).files }, makeFiles(filesOf));
}

/** Tonight's run, whose own version would be one that nobody knows yet. */
async function contenders(champion: number): Promise<[number, string][]> {
  const { labels } = makeManifest(1);
  const spec = { task: 'classification', labels } as ClassificationSpec;
  const ctx = { store, spec, run: { model: MODEL, id: 'tonight' } } as RunContext;
  return (await findContenders(ctx, champion)).map(({ version, kind }) => [version, kind]);
}

let store: ObjectStore;
beforeEach(async () => {
  store = createMemoryStore();
  for (const version of [1, 2, 3]) await publish(version);
  for (const version of [1, 2]) await promote(store, MODEL, version, ADA);
});

test('former champions and candidates stand beside the champion, the newest first', async () => {
  expect(await contenders(2)).toEqual([
    [3, 'challenger'],
    [1, 'former champion'],
  ]);
});

test('what a person took back stands beside nobody: by number, weights, or snapshot and parent', async () => {
  expect(await rollback(store, MODEL, ADA)).toMatchObject({ ok: true, value: { from: 2, to: 1 } });
  await publish(4, {}, 2);
  await publish(5, { snapshot: 'snapshot-2' });
  await publish(6);
  expect(await contenders(1)).toEqual([
    [6, 'challenger'],
    [3, 'challenger'],
  ]);
});

test('what was taken back and promoted again by a person stands where it stood', async () => {
  await rollback(store, MODEL, ADA);
  await promote(store, MODEL, 2, ADA);
  await promote(store, MODEL, 3, ADA);
  expect(await contenders(3)).toEqual([
    [2, 'former champion'],
    [1, 'former champion'],
  ]);
});

test('the former champion that was furthest ahead stays, however many came after it', async () => {
  for (const version of [4, 5, 6, 7]) {
    await publish(version);
    await promote(store, MODEL, version, ADA);
  }
  const beside = async (): Promise<number[]> => (await contenders(7)).map(([version]) => version);
  expect(await beside()).toEqual([6, 5, 4, 3]);
  const record = (progress: number): RefereeRecord => ({
    champion: 7,
    contenders: [
      {
        version: 1,
        kind: 'former champion',
        fromMs: 0,
        floor: 0,
        level: 0.01,
        comparison: NOTHING_SEEN,
        judgement: { finding: 'open', progress, moreLabels: null },
        dropped: null,
      },
    ],
    recipe: 'a recipe',
    trust: { trust: UNTRIED, change: null, by: null, wealth: 0, needed: 1 },
  });
  const lastNight = { store, run: { model: MODEL, id: 'last-night' } } as RunContext;
  const entry = { run: 'last-night', event: 'decided', at: ADA.at };
  await appendLedger(store, MODEL, entry, (state) => state);
  await saveRefereeRecord(lastNight, record(0));
  expect(await beside()).toEqual([6, 5, 4, 3]);
  await saveRefereeRecord(lastNight, record(0.4));
  expect(await beside()).toEqual([6, 5, 4, 3, 1]);
});
