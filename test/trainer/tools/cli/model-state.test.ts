import { expect, test } from 'vitest';
import { exitCodeOf } from '../../../../trainer/tools/cli/run-text.ts';
import { findState, isServing } from '../../../../trainer/tools/cli/model-state.ts';
import type { ModelStatus } from '../../../../trainer/tools/cli/target.ts';
import type { Move } from '../../../../shared/registry/champion/alias.ts';
import type { Quarantine } from '../../../../shared/registry/quarantine.ts';
import type { RunRecord } from '../../../../shared/registry/jobs/runs.ts';

const NOW = new Date('2026-11-24T09:00:00.000Z');

const MOVE: Move = {
  sequence: 3,
  action: 'rollback',
  from: 3,
  to: 2,
  at: '2026-11-23T09:00:00.000Z',
  by: 'ada',
  reason: 'still bad',
  verdict: 'promote',
  forced: false,
  run: null,
};

const RUN: RunRecord = {
  format: 'holdfast-run/1',
  id: '20261124T030000-cron',
  model: 'mnist',
  trigger: 'cron',
  by: 'cron',
  status: 'complete',
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
  candidate: 4,
  verdict: 'promote',
  promoted: true,
  why: 'every check passed',
  summary: 'Promote: every check passed',
  error: null,
};

const WELL: ModelStatus = {
  name: 'mnist',
  description: '',
  champion: MOVE,
  serving: 2,
  failure: null,
  rollbackTo: null,
  versions: [1, 2, 3],
  lastRun: RUN,
  quarantines: [],
  live: null,
  problems: [],
};

test('has nothing to say where all is well', () => {
  expect(findState(WELL, NOW)).toEqual([]);
  expect(isServing(WELL)).toBe(true);
});

test('says first that nothing serves, why, and what a rollback would put back', () => {
  const failure = 'edge.bin: expected 203584 bytes, got 1000';
  const status = { ...WELL, serving: null, failure, rollbackTo: 1, problems: ['the spec is unreadable'] };
  expect(findState(status, NOW).map(({ text }) => text)).toEqual([
    'NOT SERVING: edge.bin: expected 203584 bytes, got 1000; holdfast rollback mnist puts version 1 back',
    'the spec is unreadable',
  ]);
  expect(isServing(status)).toBe(false);
  expect(findState({ ...status, rollbackTo: null }, NOW)[0]?.text).toContain(
    'no earlier version can be put back',
  );
});

test('a promotion that can not be loaded is a problem, while the version before it serves', () => {
  const status = { ...WELL, serving: 1, failure: 'edge.bin is not there' };
  expect(findState(status, NOW)).toMatchObject([
    {
      kind: 'problem',
      text: "version 1 goes on serving: version 2, which was promoted, can't be loaded: edge.bin is not there",
    },
  ]);
  expect(isServing(status)).toBe(true);
});

test('names what is failed, hanging, held and paused', () => {
  const kinds = (run: Partial<RunRecord>, pause?: Move['pause']) =>
    findState(
      { ...WELL, lastRun: { ...RUN, ...run }, champion: pause === undefined ? MOVE : { ...MOVE, pause } },
      NOW,
    ).map(({ kind }) => kind);
  expect(kinds({ status: 'failed', error: 'no base' })).toEqual(['failed']);
  expect(kinds({ status: 'running', startedAt: '2026-11-23T03:00:00.000Z' })).toEqual(['late']);
  expect(kinds({ status: 'running' })).toEqual([]);
  expect(kinds({ verdict: 'hold', promoted: false })).toEqual(['held']);
  const pause = { since: 3, at: MOVE.at, by: 'ada', reason: 'still bad', until: 'resumed' as const };
  expect(kinds({ verdict: 'hold', promoted: false }, pause)).toEqual(['paused', 'held']);
});

test.each([
  [{}, 0],
  [{ status: 'failed' as const, promoted: false, verdict: null }, 1],
  [{ promoted: false, verdict: 'hold' as const }, 3],
  [{ promoted: false, verdict: 'reject' as const }, 4],
  [{ promoted: false, verdict: null, status: 'skipped' as const }, 5],
  [{ promoted: false }, 6],
])('a run that ended with %j ends train with %i', (end, code) => {
  expect(exitCodeOf({ ...RUN, ...end })).toBe(code);
});

test('names labels that are kept apart, with the command that decides about them', () => {
  const apart: Quarantine = {
    format: 'holdfast-quarantine/1',
    fromMs: Date.parse('2026-11-23T00:00:00Z'),
    toMs: Date.parse('2026-11-24T00:00:00Z'),
    status: 'held',
    kind: 'renamed',
    run: RUN.id,
    at: RUN.startedAt,
    reason: '10.0 % of 300 labels agree with what served, where 95.0 % did before',
    examples: 300,
    agreement: 0.1,
    usual: 0.95,
    renamings: [],
    scale: null,
    sample: [],
    ended: null,
    former: [],
  };
  const [finding] = findState({ ...WELL, quarantines: [apart] }, NOW);
  expect(finding).toMatchObject({ kind: 'apart', short: 'labels are kept apart' });
  expect(finding?.text).toBe(
    'labels of 2026-11-23T00:00:00.000Z to 2026-11-24T00:00:00.000Z are kept apart: 10.0 % of 300 labels agree with what served, where 95.0 % did before; holdfast quarantine mnist release (or discard) 1795392000000-1795478400000 decides about them',
  );
  expect(isServing({ ...WELL, quarantines: [apart] })).toBe(true);
});
