import { beforeEach, describe, expect, test } from 'vitest';
import {
  endJob,
  type JobKind,
  type JobRecord,
  loadJob,
  saveJob,
} from '../../../shared/registry/jobs/jobs.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import * as z from '../../../shared/zod.ts';
import { RunFailure } from '../../../trainer/run-failure.ts';
import { followJob } from '../../../trainer/run/follow-job.ts';
import { giveUpJob } from '../../../trainer/run/job-record.ts';
import type { StepRunner } from '../../../trainer/run/steps.ts';

const AT = new Date('2026-11-23T10:15:02.417Z');
const MODEL = 'digits';

const job: JobKind<'comparison', JobRecord> = {
  name: 'comparison',
  schema: z.object({
    id: z.string(),
    model: z.string(),
    status: z.enum(['running', 'complete', 'failed', 'skipped']),
    finishedAt: z.nullable(z.string()),
    error: z.nullable(z.string()),
  }),
};
const RECORD: JobRecord = { id: 'one', model: MODEL, status: 'running', finishedAt: null, error: null };

let store: ObjectStore;
let done: string[];
beforeEach(async () => {
  store = createMemoryStore();
  done = [];
  await saveJob(store, job, RECORD);
});

const steps: StepRunner = {
  do: (name, body) => {
    done.push(name);
    return body();
  },
};

function follow(work: (record: JobRecord) => Promise<void>): Promise<JobRecord> {
  return followJob({ store, now: () => AT }, job, MODEL, 'one', steps, work);
}

describe('a job', () => {
  test('is given back as it recorded that it ended', async () => {
    const ended = await follow(async (record) => {
      await endJob(store, job, { ...record, status: 'complete' }, AT);
    });
    expect(ended).toEqual({ ...RECORD, status: 'complete', finishedAt: AT.toISOString() });
    expect(done).toEqual([]);
  });

  test('that no repetition can mend is recorded as failed, in a step', async () => {
    const ended = await follow(async () => {
      throw new RunFailure('there is no such version');
    });
    const failed = {
      ...RECORD,
      status: 'failed',
      finishedAt: AT.toISOString(),
      error: 'there is no such version',
    };
    expect(ended).toEqual(failed);
    expect(await loadJob(store, job, MODEL, 'one')).toEqual({ ok: true, value: failed });
    expect(done).toEqual(['fail']);
  });

  test('that an outage stops is left for its host to repeat', async () => {
    const outage = new Error('the bucket does not answer');
    await expect(follow(() => Promise.reject(outage))).rejects.toBe(outage);
    expect(await loadJob(store, job, MODEL, 'one')).toEqual({ ok: true, value: RECORD });
  });

  test('that has ended is not done again', async () => {
    await saveJob(store, job, { ...RECORD, status: 'failed' });
    const never = (): Promise<void> => Promise.reject(new Error('done again'));
    expect(await follow(never)).toEqual({ ...RECORD, status: 'failed' });
  });

  test('without a record can not be done, and so is not repeated', async () => {
    const none = followJob({ store, now: () => AT }, job, MODEL, 'other', steps, async () => {});
    await expect(none).rejects.toThrow(new RunFailure('digits has no comparison "other"'));
  });
});

test('giving up records why, but not over an end that came meanwhile', async () => {
  const failed = { ...RECORD, status: 'failed', finishedAt: AT.toISOString(), error: 'ten times' };
  expect(await giveUpJob(store, job, MODEL, 'one', 'ten times', AT)).toEqual(failed);
  expect(await giveUpJob(store, job, MODEL, 'one', 'once more', new Date())).toEqual(failed);
});
