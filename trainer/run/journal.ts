/**
 * A run's record as it is written: R2 takes about one write a second of a key and answers 429 beyond, so what a person
 * only looks at is gathered for a second, and what later steps rest on waits its turn. A write that is refused is said,
 * and comes again.
 *
 * One run has one writer, its pipeline; its steps may write at once, and come one after the other here.
 */
import { runJob, type RunRecord, saveRun } from '../../shared/registry/jobs/runs.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import { openJob } from './job-record.ts';

export interface JournalDeps {
  readonly store: ObjectStore;
  /** Between two writes; 0 where the store takes any number. */
  readonly paceMs: number;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly log: (facts: Readonly<Record<string, unknown>>) => void;
}

export type Change = (record: RunRecord) => RunRecord;

export interface Journal {
  /** With everything that was noted. */
  read(): Promise<RunRecord>;
  /** Is in the store when this resolves. */
  write(change: Change): Promise<void>;
  /** Is in the store within the pace, or with the next write: for what nobody rests on. */
  note(change: Change): Promise<void>;
}

const MAX_TRIES = 6;
const MAX_WAIT_MS = 10_000;

/** @param deps  `paceMs` is the least time between two writes of one key; the clock and the sleep are the host's */
export function createJournal(model: string, id: string, deps: JournalDeps): Journal {
  const { store, paceMs, nowMs, sleep, log } = deps;
  let noted: Change[] = [];
  let writtenMs = Number.NEGATIVE_INFINITY;
  let isFlushDue = false;

  const inTurn = createTurns();
  const load = (): Promise<RunRecord> => openJob(store, runJob, model, id);
  const save = async (record: RunRecord): Promise<void> => {
    await sleep(Math.max(0, writtenMs + paceMs - nowMs()));
    for (let tries = 1; ; tries++) {
      try {
        await saveRun(store, record);
        writtenMs = nowMs();
        return;
      } catch (cause) {
        if (paceMs === 0 || tries === MAX_TRIES) throw cause;
        const retryInMs = Math.min(MAX_WAIT_MS, paceMs * 2 ** (tries - 1));
        log({ event: 'run-state-refused', model, run: id, cause: String(cause), retryInMs });
        await sleep(retryInMs);
      }
    }
  };
  const writeNow = (change: Change): Promise<void> =>
    inTurn(async () => {
      const taken = noted;
      noted = [];
      try {
        const present = await load();
        await save(change(taken.reduce((record, next) => next(record), present)));
      } catch (cause) {
        noted = [...taken, ...noted];
        throw cause;
      }
    });
  const flushLater = async (waitMs: number): Promise<void> => {
    if (isFlushDue) return;
    isFlushDue = true;
    await sleep(waitMs);
    isFlushDue = false;
    if (noted.length > 0) await writeNow((record) => record);
  };

  return {
    read: () => inTurn(async () => noted.reduce((record, next) => next(record), await load())),
    write: writeNow,
    async note(change) {
      const waitMs = writtenMs + paceMs - nowMs();
      if (waitMs <= 0) return writeNow(change);
      noted.push(change);
      // Nobody waits for it, and nothing rests on it: what can't be written now comes with the next write.
      flushLater(waitMs).catch((cause: unknown) =>
        log({ event: 'run-state-refused', model, run: id, cause: String(cause), retryInMs: null }),
      );
    },
  };
}

/** One after the other; a failure is the caller's, and not that of who comes next. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
