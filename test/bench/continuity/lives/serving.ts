/**
 * A version as the edge serves it: loaded and verified from the store, run by the executor, every prediction logged
 * under an id of its own.
 */
import { createPredictionLog } from '../../../../functions/collect/prediction-log.ts';
import { createPredictionId, instanceId } from '../../../../functions/collect/prediction-id.ts';
import { type Base, createServable } from '../../../../shared/model/run/predictor.ts';
import type { Program } from '../../../../shared/model/run/program.ts';
import { loadBase, loadHead } from '../../../../shared/model/run/servable.ts';
import type { Spec } from '../../../../shared/model/spec/spec.ts';
import { createRandom } from '../../../../shared/random.ts';
import type { ObjectStore } from '../../../../shared/registry/store/store.ts';
import { loadManifest } from '../../../../shared/registry/versions/versions.ts';
import { argmaxRows } from '../../../../trainer/pipeline/features/judged-model.ts';
import type { Host } from '../../../../trainer/run/context.ts';
import type { SimulatedClock } from './clock.ts';
import type { Row } from '../streams/stream.ts';

/** Rows in a request. */
const BATCH_ROWS = 64;

/** A row with the moment at which it was seen. */
export interface SeenRow extends Row {
  readonly atMs: number;
}

export interface Served {
  /** [rows] class ids, or predicted numbers */
  readonly answers: Float32Array;
  /** of the predictions, [rows] */
  readonly ids: readonly string[];
}

/** What a version answers, [rows]: class ids, or predicted numbers. */
export type Answers = (version: number, rows: readonly Row[]) => Promise<Float32Array>;

/** Loads a version as the edge does, and lets it answer. */
export function createAnswers({ store, runtime }: Host, spec: Spec): Answers {
  return async (version: number, rows: readonly Row[]): Promise<Float32Array> => {
    const manifest = await loadManifest(store, spec.name, version);
    if (!manifest.ok) throw new Error(manifest.error.detail);
    const head = await loadHead(store, runtime, manifest.value);
    if (!head.ok) throw new Error(head.error.detail);
    const programs: Program[] = [head.value];
    let base: Base | null = null;
    if (manifest.value.base !== null) {
      const loaded = await loadBase(store, runtime, manifest.value.base);
      if (!loaded.ok) throw new Error(loaded.error.detail);
      base = loaded.value;
      programs.push(base.program);
    }
    const servable = createServable(spec, manifest.value, base, head.value);
    const answers = new Float32Array(rows.length);
    for (let at = 0; at < rows.length; at += BATCH_ROWS) {
      const batch = rows.slice(at, at + BATCH_ROWS);
      const outputs = servable.predict(batch.map(({ raw }) => raw));
      answers.set(spec.task === 'classification' ? argmaxRows(outputs, batch.length) : outputs, at);
    }
    for (const program of programs) program.dispose();
    return answers;
  };
}

/** Answers requests, one after the other, and logs them at the time of their rows. */
export function createServing(
  { store }: Host,
  clock: SimulatedClock,
  spec: Spec,
  answer: Answers,
): (version: number, rows: readonly SeenRow[]) => Promise<Served> {
  const log = createServingLog(store, clock);
  const random = createRandom(spec.training.seed);
  return async (version, rows) => {
    const answers = await answer(version, rows);
    const ids: string[] = [];
    for (let at = 0; at < rows.length; at += BATCH_ROWS) {
      const batch = rows.slice(at, at + BATCH_ROWS);
      const facts = { version, atMs: batch[0]?.atMs ?? 0, instances: batch.length, logged: true };
      const noise = Uint8Array.from({ length: 8 }, () => random.below(256));
      const id = createPredictionId(spec.salt, spec.name, facts, noise);
      clock.set(batch.at(-1)?.atMs ?? 0);
      const predictions = batch.map(({ raw, atMs }, i) => ({
        id: instanceId(id, i),
        at: atMs,
        version,
        raw,
        predicted: answers[at + i] as number,
      }));
      ids.push(...predictions.map(({ id }) => id));
      log.add(spec.name, predictions);
    }
    await log.settle(spec.name);
    return { answers, ids };
  };
}

/** What was gathered is written when it is asked for, or grew large: no time passes while a block is served. */
function createServingLog(store: ObjectStore, clock: SimulatedClock) {
  const writes: Promise<unknown>[] = [];
  const keepAlive = (work: Promise<unknown>): void => void writes.push(work);
  const never = (): Promise<void> => new Promise(() => {});
  const failed: string[] = [];
  const log = createPredictionLog({
    store,
    notifyQueue: async () => {},
    log: { info: () => {}, error: (event) => void failed.push(event) },
    now: () => clock.now().getTime(),
    sleep: never,
  });
  // the timer of whoever opened it never rings
  const withoutTimer = (work: Promise<unknown>): void => void work;
  return {
    add: (model: string, predictions: Parameters<typeof log.add>[1]) =>
      log.add(model, predictions, withoutTimer),
    async settle(model: string): Promise<void> {
      await log.settle(model, keepAlive);
      await Promise.all(writes.splice(0));
      if (failed.length > 0) throw new Error(`the prediction log: ${failed.join(', ')}`);
    },
  };
}
