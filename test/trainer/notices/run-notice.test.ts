import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import { listNotices } from '../../../shared/registry/notices.ts';
import { endQuarantine, type Quarantine, saveQuarantine } from '../../../shared/registry/quarantine.ts';
import type { RunRecord } from '../../../shared/registry/jobs/runs.ts';
import { noticeRun } from '../../../trainer/notices/run-notice.ts';

const RUN: RunRecord = {
  format: 'holdfast-run/1',
  id: '20261124T030000-cron',
  model: 'digits',
  trigger: 'cron',
  by: 'cron',
  status: 'skipped',
  startedAt: '2026-11-24T03:00:00.000Z',
  finishedAt: '2026-11-24T03:04:00.000Z',
  cutoffMs: 0,
  step: null,
  steps: [],
  specDigest: 'd',
  mayPromote: true,
  wantedSnapshot: null,
  snapshot: 's',
  championAtStart: 2,
  candidate: null,
  verdict: null,
  promoted: false,
  why: null,
  summary: 'Nothing new that may be learned from',
  error: null,
};
const APART: Quarantine = {
  format: 'holdfast-quarantine/1',
  fromMs: 1_000,
  toMs: 2_000,
  status: 'held',
  kind: 'renamed',
  run: RUN.id,
  at: '2026-11-24T03:03:00.000Z',
  reason: 'labels changed places',
  examples: 50,
  agreement: 0.1,
  usual: 0.9,
  renamings: [],
  scale: null,
  sample: [],
  ended: null,
  former: [],
};

test('a person hears once of labels that are kept apart, and what to do about them', async () => {
  const store = createMemoryStore();
  await saveQuarantine(store, 'digits', APART);
  await noticeRun(store, RUN);
  await noticeRun(store, RUN);
  expect(await listNotices(store, 'digits')).toMatchObject([
    {
      kind: 'labels-apart',
      run: RUN.id,
      text: 'digits: labels of 1970-01-01T00:00:01.000Z to 1970-01-01T00:00:02.000Z are kept apart: labels changed places; holdfast quarantine digits release (or discard) 1000-2000 decides about them',
    },
  ]);
});

test('nobody hears of a night without news, of another run, or of what was decided meanwhile', async () => {
  const store = createMemoryStore();
  await noticeRun(store, RUN);
  await saveQuarantine(store, 'digits', { ...APART, run: 'another' });
  await noticeRun(store, RUN);
  const own = { ...APART, fromMs: 5_000, toMs: 6_000 };
  await saveQuarantine(store, 'digits', own);
  await endQuarantine(store, 'digits', own, { status: 'released', by: 'ada', at: new Date(), why: 'r' });
  await noticeRun(store, RUN);
  expect(await listNotices(store, 'digits')).toEqual([]);
});
