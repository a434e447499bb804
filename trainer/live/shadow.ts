/**
 * Retro-shadow: what any version would have answered to the traffic that was logged, without mirroring a request. Beside
 * what was served, by class and by slice, and beside the labels that came for either.
 */
import { collectInbox } from '../../shared/events/inbox.ts';
import type { Spec } from '../../shared/model/spec/spec.ts';
import { loadSpec } from '../../shared/model/spec/load-spec.ts';
import { isLabel } from '../../shared/model/spec/task.ts';
import { openEventLog } from '../pipeline/data/history/event-log.ts';
import { joinEvents, type LabelledExample } from '../pipeline/data/history/join.ts';
import { openAnswering } from '../referee/answering.ts';
import { replayLog } from '../referee/replay-log.ts';
import { RunFailure } from '../run-failure.ts';
import { sliceNames } from './as-served.ts';
import { CLOCKS_MS, type LookHost, uniquePredictions } from './open-look.ts';

/** Predictions of one class, or with one value of a feature: how many, and on how many the version says the same. */
export interface Agreement {
  readonly name: string;
  readonly n: number;
  readonly same: number;
}

export interface Shadow {
  readonly model: string;
  readonly version: number;
  /** of the inputs, ISO 8601 */
  readonly from: string;
  readonly to: string;
  readonly predictions: number;
  /** on which it says the same; of numbers exactly the same */
  readonly same: number;
  /** of numbers: mean absolute difference from what was served; null of classes */
  readonly difference: number | null;
  /** by what was served, and by the features of the policy's slices */
  readonly classes: readonly Agreement[];
  readonly slices: readonly Agreement[];
  /** those that have a label, and on how many each was right; of numbers the sums of absolute errors */
  readonly labels: {
    readonly n: number;
    readonly both: number;
    readonly onlyServed: number;
    readonly onlyShadow: number;
    readonly servedError: number;
    readonly shadowError: number;
  };
  readonly unreadable: number;
  /** of its plan and weights */
  readonly bytes: number;
}

/** One prediction, answered again. */
interface Answered {
  readonly served: number;
  readonly shadow: number;
  readonly label: number | null;
  readonly slices: readonly string[];
}

/** @throws RunFailure for a version that can't be opened, by name */
export async function shadowVersion(
  host: LookHost,
  model: string,
  version: number,
  sinceMs: number,
): Promise<Shadow> {
  const { store } = host;
  const loaded = await loadSpec(store, model);
  if (!loaded.ok) throw new RunFailure(loaded.error.detail);
  const { spec } = loaded.value;
  const toMs = host.now().getTime();
  await collectInbox(store, model, host.now());
  const run = { model, cutoffMs: toMs };
  const log = await openEventLog({ store, run, now: host.now, onProgress: () => {} }, sinceMs - CLOCKS_MS);
  const labels = new Map(joinEvents(log.events).examples.map(({ id, label }) => [id, label]));
  const asked = uniquePredictions(log.events, sinceMs).map(
    ({ id, at, input, version: by, predicted }): LabelledExample => ({
      id,
      at,
      input,
      label: 0,
      served: { version: by, predicted },
    }),
  );
  const versions = await openAnswering(host, spec, [version]);
  try {
    const failure = versions.failures.get(version);
    if (failure !== undefined) throw new RunFailure(failure);
    const wantsRows = spec.gate.slices.length > 0;
    const { seen, rows, unreadable } = await replayLog({ ...host, spec, log }, versions, asked, wantsRows);
    const said = seen.answers.get(version) ?? new Float64Array();
    const answered = seen.ids.map((id, i): Answered => {
      const label = labels.get(id);
      return {
        served: seen.served[i] ?? Number.NaN,
        shadow: said[i] as number,
        label: label === undefined || !isLabel(spec, label) ? null : label,
        slices: rows[i] === undefined ? [] : sliceNames(spec, rows[i]),
      };
    });
    const files = versions.manifests.get(version)?.files;
    return {
      model,
      version,
      from: new Date(sinceMs).toISOString(),
      to: new Date(toMs).toISOString(),
      ...summarize(spec, answered),
      unreadable,
      bytes: (files?.['edge.json'].bytes ?? 0) + (files?.['edge.bin'].bytes ?? 0),
    };
  } finally {
    versions.close();
  }
}

function summarize(
  spec: Spec,
  answered: readonly Answered[],
): Omit<Shadow, 'model' | 'version' | 'from' | 'to' | 'unreadable' | 'bytes'> {
  const labels = { n: 0, both: 0, onlyServed: 0, onlyShadow: 0, servedError: 0, shadowError: 0 };
  const [classes, slices] = [new Map<string, Agreement>(), new Map<string, Agreement>()];
  let same = 0;
  let difference = 0;
  for (const { served, shadow, label, slices: names } of answered) {
    const agrees = served === shadow;
    same += agrees ? 1 : 0;
    difference += Math.abs(served - shadow);
    if (spec.task === 'classification') note(classes, spec.labels[served] ?? String(served), agrees);
    for (const name of names) note(slices, name, agrees);
    if (label === null) continue;
    labels.n += 1;
    labels.servedError += Math.abs(served - label);
    labels.shadowError += Math.abs(shadow - label);
    if (served === label && shadow === label) labels.both += 1;
    else if (served === label) labels.onlyServed += 1;
    else if (shadow === label) labels.onlyShadow += 1;
  }
  const n = answered.length;
  return {
    predictions: n,
    same,
    difference: spec.task === 'regression' && n > 0 ? difference / n : null,
    classes: largestFirst(classes),
    slices: largestFirst(slices),
    labels,
  };
}

function note(parts: Map<string, Agreement>, name: string, agrees: boolean): void {
  const before = parts.get(name) ?? { name, n: 0, same: 0 };
  parts.set(name, { name, n: before.n + 1, same: before.same + (agrees ? 1 : 0) });
}

function largestFirst(parts: ReadonlyMap<string, Agreement>): Agreement[] {
  return [...parts.values()].sort((a, b) => b.n - a.n || (a.name < b.name ? -1 : 1));
}
