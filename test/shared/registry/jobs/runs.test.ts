import { beforeEach, describe, expect, test } from 'vitest';
import { loadJobProgress, saveJobProgress } from '../../../../shared/registry/jobs/jobs.ts';
import { keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import {
  createRunId,
  listRuns,
  loadRun,
  type RunRecord,
  saveRun,
} from '../../../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { MODEL } from '../../../support/version.ts';

const AT = new Date('2026-11-23T03:00:05.250Z');

function makeRun(id: string, changes: Partial<RunRecord> = {}): RunRecord {
  return {
    format: 'holdfast-run/1',
    id,
    model: MODEL,
    trigger: 'cron',
    by: 'cron',
    status: 'running',
    startedAt: AT.toISOString(),
    finishedAt: null,
    cutoffMs: AT.getTime(),
    step: 'split',
    steps: [{ name: 'snapshot', finishedAt: AT.toISOString(), seconds: 0.25, note: '12 examples' }],
    specDigest: 'ab'.repeat(32),
    mayPromote: true,
    wantedSnapshot: null,
    snapshot: 'a snapshot',
    championAtStart: null,
    candidate: null,
    verdict: null,
    promoted: false,
    why: null,
    summary: null,
    error: null,
    ...changes,
  };
}

let store: ObjectStore;
beforeEach(() => {
  store = createMemoryStore();
});

describe('a run record', () => {
  test('is loaded as it was saved', async () => {
    await saveRun(store, makeRun('one'));
    await saveRun(store, makeRun('one', { status: 'complete', verdict: 'hold', candidate: 4 }));
    expect(await loadRun(store, MODEL, 'one')).toEqual({
      ok: true,
      value: makeRun('one', { status: 'complete', verdict: 'hold', candidate: 4 }),
    });
  });

  test('that is not there is refused by name', async () => {
    expect(await loadRun(store, MODEL, 'nope')).toEqual({
      ok: false,
      error: { kind: 'unknown-run', detail: 'digits has no run "nope"' },
    });
  });

  test('that can not be read is an error of its own', async () => {
    await store.put(keys.run(MODEL, 'one', 'run.json'), new TextEncoder().encode('{"id": "one"'));
    expect(await loadRun(store, MODEL, 'one')).toEqual({
      ok: false,
      error: {
        kind: 'run-unreadable',
        detail: 'models/digits/runs/one/run.json: expected JSON in UTF-8',
      },
    });
  });
});

test('runs are listed oldest first, without those that can not be read', async () => {
  const ids = ['20261123T030000-cron', '20261122T030000-cron', '20261123T030000-api-0a1b2c'];
  for (const id of ids) await saveRun(store, makeRun(id));
  await store.put(keys.run(MODEL, '20261121T030000-cron', 'run.json'), new Uint8Array());
  await store.put(keys.run(MODEL, '20261120T030000-cron', 'spec.json'), new Uint8Array());
  await saveRun(store, { ...makeRun('of another model'), model: 'faces' });
  expect((await listRuns(store, MODEL)).map(({ id }) => id)).toEqual([
    '20261122T030000-cron',
    '20261123T030000-api-0a1b2c',
    '20261123T030000-cron',
  ]);
});

test('progress is what was told last, and null where there is none or it can not be read', async () => {
  expect(await loadJobProgress(store, 'run', MODEL, 'one')).toBe(null);
  const progress = { step: 'fine-tune', at: AT.toISOString(), fraction: 0.5, message: 'epoch 10 of 20' };
  await saveJobProgress(store, 'run', { model: MODEL, id: 'one' }, { ...progress, fraction: 0.25 });
  await saveJobProgress(store, 'run', { model: MODEL, id: 'one' }, progress);
  expect(await loadJobProgress(store, 'run', MODEL, 'one')).toEqual(progress);
  await store.put(keys.run(MODEL, 'one', 'progress.json'), new Uint8Array());
  expect(await loadJobProgress(store, 'run', MODEL, 'one')).toBe(null);
});

describe('a run id', () => {
  test('begins with its start in UTC: to the second for cron, to the millisecond for others', () => {
    expect(createRunId('cron', AT, '')).toBe('20261123T030005-cron');
    expect(createRunId('api', AT, '0a1b2c')).toMatch(/^20261123T030005\d{3}-api-0a1b2c$/);
    expect(createRunId('cron', AT, '') < createRunId('api', AT, '0a1b2c')).toBe(true);
  });

  test('is the same for the same cron trigger, so a repeated one starts nothing', () => {
    const scheduled = new Date('2026-11-23T03:00:00.000Z');
    expect(createRunId('cron', scheduled, '')).toBe(createRunId('cron', new Date(scheduled), ''));
  });

  test('fits a Workflow instance id together with the longest model name', () => {
    const id = `${'m'.repeat(48)}_${createRunId('cron', AT, '0a1b2c')}`;
    expect(id).toMatch(/^[a-zA-Z0-9_][a-zA-Z0-9-_]*$/);
    expect(id.length).toBeLessThanOrEqual(100);
  });
});
