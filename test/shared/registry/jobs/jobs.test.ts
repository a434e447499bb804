import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  claimJob,
  createJobId,
  endJob,
  type JobKind,
  type JobRecord,
  loadJob,
  saveJob,
} from '../../../../shared/registry/jobs/jobs.ts';
import { type JobName, keys } from '../../../../shared/registry/store/keys.ts';
import { createMemoryStore } from '../../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import * as z from '../../../../shared/zod.ts';

const AT = new Date('2026-11-23T10:15:02.417Z');
const NAMES: readonly JobName[] = ['run', 'comparison', 'reproduction'];

const recordSchema = z.object({
  id: z.string(),
  model: z.string(),
  status: z.enum(['running', 'complete', 'failed', 'skipped']),
  finishedAt: z.nullable(z.string()),
  error: z.nullable(z.string()),
});

function kindOf<Name extends JobName>(name: Name): JobKind<Name, JobRecord> {
  return { name, schema: recordSchema };
}

function makeRecord(changes: Partial<JobRecord> = {}): JobRecord {
  return { id: 'one', model: 'digits', status: 'running', finishedAt: null, error: null, ...changes };
}

let store: ObjectStore;
beforeEach(() => {
  store = createMemoryStore();
});

describe.each(NAMES)('the record of a %s', (name) => {
  const kind = kindOf(name);

  test('lies in the folder of its kind, under the name of its kind', async () => {
    await saveJob(store, kind, makeRecord());
    expect(await store.list('')).toEqual([`models/digits/${name}s/one/${name}.json`]);
    expect(await loadJob(store, kind, 'digits', 'one')).toEqual({ ok: true, value: makeRecord() });
  });

  test('is claimed once: who comes second is given what is there', async () => {
    const [first, second] = [makeRecord(), makeRecord({ error: 'another' })];
    expect(await claimJob(store, kind, first)).toEqual({ ok: true, value: first });
    expect(await claimJob(store, kind, second)).toEqual({ ok: true, value: first });
  });

  test('that is not there, and an id that can be none, are unknown', async () => {
    await store.put('models/digits/spec.json', new TextEncoder().encode(JSON.stringify(makeRecord())));
    for (const id of ['nope', '', '../..', 'a/b', 'a b', 'a'.repeat(129)]) {
      expect(await loadJob(store, kind, 'digits', id)).toEqual({
        ok: false,
        error: {
          kind: `unknown-${name}`,
          detail: `digits has no ${name} ${JSON.stringify(id.slice(0, 80))}`,
        },
      });
    }
  });

  test('that can not be read is an error of its own', async () => {
    await store.put(keys.job(name, 'digits', 'one', `${name}.json`), new TextEncoder().encode('{"id": 1}'));
    expect(await loadJob(store, kind, 'digits', 'one')).toMatchObject({
      ok: false,
      error: {
        kind: `${name}-unreadable`,
        detail: expect.stringContaining(`${name}.json: id: expected string`),
      },
    });
  });

  test('says when it ended', async () => {
    const ended = await endJob(store, kind, makeRecord({ status: 'complete' }), AT);
    expect(ended).toEqual(makeRecord({ status: 'complete', finishedAt: AT.toISOString() }));
    expect(await loadJob(store, kind, 'digits', 'one')).toEqual({ ok: true, value: ended });
  });
});

test('ids sort by the time of their start, and can be keys', () => {
  expect(createJobId(AT, 3, '0a1b2c')).toBe('20261123T101502417-3-0a1b2c');
  const time = fc.date({ min: new Date('2000-01-01'), max: new Date('2999-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(time, time, (a, b) => {
      expect(createJobId(a) < createJobId(b)).toBe(a.getTime() < b.getTime());
    }),
  );
});
