/**
 * As replay.ts, straight from the log of events: for who looks between two runs, when there is no snapshot and nothing
 * has its features yet.
 */
import { logLosses } from '../../shared/continuity/policy/probabilities.ts';
import { loadInput } from '../../shared/events/stored-input.ts';
import type { StoredInput } from '../../shared/events/schema.ts';
import { rawSize } from '../../shared/model/spec/input.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import type { ObjectStore } from '../../shared/registry/store/store.ts';
import type { EventLog } from '../pipeline/data/history/event-log.ts';
import type { LabelledExample } from '../pipeline/data/history/join.ts';
import type { AnsweringVersions } from './answering.ts';
import { decide, identify, type Replayed } from './replay.ts';

/** Answered at a time: what a base makes of as many pictures fits into an isolate. */
const AT_ONCE = 64;

export interface ReplaySource {
  readonly store: ObjectStore;
  readonly spec: Spec;
  readonly log: Pick<EventLog, 'withInputs'>;
  readonly yieldControl?: (() => Promise<void>) | undefined;
}

export interface ReplayedLog {
  readonly seen: Replayed;
  /** raw inputs, [n][rawSize], where they were asked for */
  readonly rows: readonly Float32Array[];
  /** examples whose input can't be read: missing, altered or of another size */
  readonly unreadable: number;
}

/**
 * What each version answers to some examples, which are in order of time. One whose input can't be read is left out.
 *
 * @param keepRows  whether raw inputs are wanted as well
 */
export async function replayLog(
  { store, spec, log, yieldControl }: ReplaySource,
  versions: Pick<AnsweringVersions, 'manifests' | 'answer' | 'knows'>,
  examples: readonly LabelledExample[],
  keepRows = false,
): Promise<ReplayedLog> {
  const kept: LabelledExample[] = [];
  const rows: Float32Array[] = [];
  const answers = new Map([...versions.manifests.keys()].map((number) => [number, [] as number[]]));
  const losses = new Map([...versions.manifests.keys()].map((number) => [number, [] as number[]]));
  const wantsLosses = spec.task === 'classification' && spec.gate.metric === 'log-loss';
  for (let at = 0; at < examples.length; at += AT_ONCE) {
    const part = await log.withInputs(examples.slice(at, at + AT_ONCE));
    const { readable, raw } = await readInputs(store, spec, part);
    if (readable.length > 0) {
      const labels = Int32Array.from(readable, ({ label }) => label);
      for (const [number, outputs] of versions.answer(raw)) {
        const note = (column: number[] | undefined, said: ArrayLike<number>): void => {
          for (const [i, { label }] of readable.entries())
            column?.push(versions.knows(number, label) ? (said[i] as number) : Number.NaN);
        };
        note(answers.get(number), decide({ spec }, outputs, readable.length));
        if (wantsLosses) note(losses.get(number), logLosses(labels, outputs));
      }
    }
    kept.push(...readable);
    if (keepRows) rows.push(...raw);
    await yieldControl?.();
  }
  const columns = (values: typeof answers): Map<number, Float64Array> =>
    new Map([...values].map(([number, column]) => [number, Float64Array.from(column)]));
  const seen: Replayed = {
    ids: kept.map(({ id }) => id),
    positions: [...kept.keys()],
    times: Float64Array.from(kept, ({ at }) => at),
    labels: Float64Array.from(kept, ({ label }) => label),
    served: kept.map(({ served }) => served?.predicted ?? null),
    ...identify(kept),
    answers: columns(answers),
    logLosses: wantsLosses ? columns(losses) : new Map(),
  };
  return { seen, rows, unreadable: examples.length - kept.length };
}

/** Raw inputs of those that can be read. */
export async function readInputs<T extends { readonly input: StoredInput }>(
  store: ObjectStore,
  spec: Spec,
  examples: readonly T[],
): Promise<{ readonly readable: T[]; readonly raw: Float32Array[] }> {
  const size = rawSize(spec.input);
  const readable: T[] = [];
  const raw: Float32Array[] = [];
  for (const example of examples) {
    const input = await loadInput(store, spec.name, example.input, size);
    if (!input.ok) continue;
    readable.push(example);
    raw.push(input.value);
  }
  return { readable, raw };
}
