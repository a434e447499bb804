/**
 * Examples to preview: a model's own, of those it trains on.
 */
import { assignSide } from '../../pipeline/data/holdout.ts';
import { joinEvents, type LabelledExample } from '../../pipeline/data/history/join.ts';
import { loadInput } from '../../../shared/events/stored-input.ts';
import { rawSize } from '../../../shared/model/spec/input.ts';
import type { Spec } from '../../../shared/model/spec/spec.ts';
import { isLabel, type TaskSpec } from '../../../shared/model/spec/task.ts';
import { createRandom, shuffle } from '../../../shared/random.ts';
import type { ObjectStore } from '../../../shared/registry/store/store.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { openEventLog } from '../../pipeline/data/history/event-log.ts';
import { identityOf } from '../../pipeline/data/facts.ts';
import type { PreviewExample } from './preview.ts';

export interface ExampleRequest {
  readonly store: ObjectStore;
  readonly spec: Spec;
  readonly count: number;
  /** Draws which ones. */
  readonly seed: number;
  readonly now: Date;
  readonly onProgress: (fraction: number) => void;
}

/** @returns at most `count`; an error says what to do where there is nothing to show */
export async function readPreviewExamples(
  request: ExampleRequest,
): Promise<Result<PreviewExample[], string>> {
  const { store, spec, count, seed, now } = request;
  const log = await openEventLog({
    store,
    run: { model: spec.name, cutoffMs: now.getTime() },
    now: () => now,
    onProgress: ({ fraction }) => request.onProgress(fraction),
  });
  const { examples } = joinEvents(log.events);
  const fractions = { holdout: spec.holdout.fraction, validation: spec.training.validation };
  const trained = examples.filter(
    (example) =>
      isLabel(spec, example.label) && assignSide(spec.salt, identityOf(example), fractions) === 'train',
  );
  if (trained.length === 0)
    return err(
      `${spec.name} has no labelled examples to train on yet: holdfast import brings some in, and --from shows a folder of pictures`,
    );
  const chosen = await log.withInputs(chooseExamples(trained, spec, count, seed));
  const read: PreviewExample[] = [];
  for (const { id, label, input } of chosen) {
    const raw = await loadInput(store, spec.name, input, rawSize(spec.input));
    if (!raw.ok) return err(`example ${id}: ${raw.error}`);
    read.push({ id, label: nameOf(spec, label), raw: raw.value });
  }
  return ok(read);
}

/** At random; of a classification so that every label has its first example before any has its second. */
function chooseExamples(
  examples: readonly LabelledExample[],
  { task }: Pick<TaskSpec, 'task'>,
  count: number,
  seed: number,
): LabelledExample[] {
  const order = shuffle(
    Int32Array.from(examples, (_, i) => i),
    createRandom(seed),
  );
  const shuffled = Array.from(order, (at) => examples[at] as LabelledExample);
  return (task === 'classification' ? everyLabelInTurn(shuffled) : shuffled).slice(0, count);
}

function everyLabelInTurn(examples: readonly LabelledExample[]): LabelledExample[] {
  const seen = new Map<number, number>();
  const ranked = examples.map((example) => {
    const rank = seen.get(example.label) ?? 0;
    seen.set(example.label, rank + 1);
    return { example, rank };
  });
  return ranked
    .sort((a, b) => a.rank - b.rank || a.example.label - b.example.label)
    .map(({ example }) => example);
}

function nameOf(spec: TaskSpec, label: number): string {
  return spec.task === 'classification'
    ? (spec.labels[label] as string)
    : String(Number(label.toPrecision(5)));
}
