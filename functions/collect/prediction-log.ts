/**
 * Logs predictions off the request's path. The predictions of many requests are gathered in the isolate for a moment
 * and put into the bucket as one inbox object; a queue message names it.
 *
 * Each request makes its own lines, a few microseconds each, so that writing what was gathered is one short piece of
 * work: a flush of thousands of predictions holds up nobody's answer.
 *
 * The moment is short after a rest, so that a prediction that comes alone is soon in the bucket; only a stream of them
 * is gathered for a second (write-budget.ts).
 *
 * The answer does not wait for the log: a crash of the isolate within that moment loses what was gathered. Labels do wait
 * for what their own isolate has gathered (`settle`); one that comes for a lost prediction is kept, and counted as
 * unmatched.
 */
import { encodeEvent, writeInboxLines } from '../../shared/events/write-inbox.ts';
import type { WrittenInput } from '../../shared/events/schema.ts';
import { fitsInline, packInline, storeInput } from '../../shared/events/stored-input.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import type { NotifyQueue } from './queue-notifier.ts';
import { describeCause, type Log } from '../log.ts';
import type { KeepAlive } from '../http/single-flight.ts';
import { createWriteBudget, MAX_WAIT_MS, type WriteBudget } from './write-budget.ts';

export interface LoggedPrediction {
  /** with its instance */
  readonly id: string;
  readonly at: number;
  readonly version: number;
  /** [rawSize] */
  readonly raw: Float32Array;
  /** index of the label; of a regression the number */
  readonly predicted: number;
  /** hidden (shared/events/group.ts) */
  readonly group?: string;
}

export interface PredictionLog {
  /** Takes note of one request's predictions. `keepAlive` must be the request's own. */
  add(model: string, predictions: readonly LoggedPrediction[], keepAlive: KeepAlive): void;
  /** Resolves once what was gathered for a model is in the bucket; after a while also where that does not succeed. */
  settle(model: string, keepAlive: KeepAlive): Promise<void>;
}

export interface PredictionLogDeps {
  readonly store: ObjectStore;
  readonly notifyQueue: NotifyQueue;
  readonly log: Log;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Longer than a write takes. Writes belong to requests, and one whose request was ended may never come back. */
const SETTLES_WITHIN_MS = 2_000;
/** What is gathered stays small beside the models, and its object small enough to be merged. */
const MAX_BYTES = 2_000_000;
const RETRY_DELAYS_MS = [100, 400, 1_600, 6_400];

interface Gathered {
  readonly model: string;
  readonly openedMs: number;
  readonly lines: string[];
  /** Their inputs become objects of their own, before the lines are written. */
  readonly large: LoggedPrediction[];
  /** of both */
  bytes: number;
}

/** The log of one isolate. What it gathers is lost with the isolate until `flush` has put it into the bucket. */
export function createPredictionLog(deps: PredictionLogDeps): PredictionLog {
  const { now, sleep } = deps;
  const open = new Map<string, Gathered>();
  const beingWritten = new Map<Gathered, Promise<void>>();
  const budgets = new Map<string, WriteBudget>();
  const budgetOf = (model: string): WriteBudget => {
    const budget = budgets.get(model) ?? createWriteBudget(now());
    budgets.set(model, budget);
    return budget;
  };

  const flush = async (gathered: Gathered): Promise<void> => {
    if (open.get(gathered.model) !== gathered) return;
    open.delete(gathered.model);
    const writing = writeWithRetries(deps, gathered).finally(() => beingWritten.delete(gathered));
    beingWritten.set(gathered, writing);
    await writing;
  };

  return {
    add(model, predictions, keepAlive) {
      if (predictions.length === 0) return;
      let gathered = open.get(model);
      if (gathered === undefined) {
        gathered = { model, openedMs: now(), lines: [], large: [], bytes: 0 };
        open.set(model, gathered);
        const opened = gathered;
        keepAlive(sleep(budgetOf(model).take(now())).then(() => flush(opened)));
      }
      for (const prediction of predictions) gather(gathered, prediction);
      if (isDue(gathered, now())) keepAlive(flush(gathered));
    },
    async settle(model, keepAlive) {
      const gathered = open.get(model);
      if (gathered !== undefined) keepAlive(flush(gathered));
      const writes = [...beingWritten]
        .filter(([written]) => written.model === model)
        .map(([, write]) => write);
      if (writes.length > 0) await Promise.race([Promise.all(writes), sleep(SETTLES_WITHIN_MS)]);
    },
  };
}

function gather(gathered: Gathered, prediction: LoggedPrediction): void {
  if (!fitsInline(prediction.raw)) {
    gathered.large.push(prediction);
    gathered.bytes += prediction.raw.byteLength;
    return;
  }
  const line = toLine(prediction, packInline(prediction.raw));
  gathered.lines.push(line);
  gathered.bytes += line.length;
}

function toLine({ id, at, version, predicted, group }: LoggedPrediction, input: WrittenInput): string {
  return encodeEvent({ kind: 'prediction', id, at, version, input, predicted, group });
}

/** Late: the request that opened it was ended before its timer rang. */
function isDue({ bytes, openedMs }: Gathered, nowMs: number): boolean {
  return bytes >= MAX_BYTES || nowMs - openedMs > 2 * MAX_WAIT_MS;
}

async function writeWithRetries(deps: PredictionLogDeps, gathered: Gathered): Promise<void> {
  const { log, sleep } = deps;
  for (const delayMs of [...RETRY_DELAYS_MS, null]) {
    try {
      return await write(deps, gathered);
    } catch (cause) {
      const facts = {
        model: gathered.model,
        predictions: gathered.lines.length + gathered.large.length,
        cause: describeCause(cause),
      };
      if (delayMs === null) return log.error('predictions-lost', facts);
      log.error('prediction-log-failed', { ...facts, retryInMs: delayMs });
      await sleep(delayMs);
    }
  }
}

async function write({ store, notifyQueue, now }: PredictionLogDeps, gathered: Gathered): Promise<void> {
  const lines = [...gathered.lines];
  for (const prediction of gathered.large) {
    lines.push(toLine(prediction, await storeInput(store, gathered.model, prediction.raw)));
  }
  await notifyQueue(await writeInboxLines(store, gathered.model, lines, new Date(now())));
}
