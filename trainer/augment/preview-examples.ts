/**
 * Examples to preview: a model's own, of those it trains on, every label in turn.
 */
import { assignSide } from '../../shared/events/holdout.ts';
import { joinEvents, type LabelledExample } from '../../shared/events/join.ts';
import { loadInput } from '../../shared/events/stored-input.ts';
import { rawSize } from '../../shared/model/input.ts';
import type { Spec } from '../../shared/model/spec.ts';
import { createRandom, shuffle } from '../../shared/random.ts';
import type { ObjectStore } from '../../shared/registry/store.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { openEventLog } from '../pipeline/event-log.ts';
import { identityOf } from '../pipeline/split.ts';
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
      example.label < spec.labels.length && assignSide(spec.salt, identityOf(example), fractions) === 'train',
  );
  if (trained.length === 0)
    return err(
      `${spec.name} has no labelled examples to train on yet: holdfast import brings some in, and --from shows a folder of pictures`,
    );
  const chosen = await log.withInputs(everyLabelInTurn(trained, count, seed));
  const read: PreviewExample[] = [];
  for (const { id, label, input } of chosen) {
    const raw = await loadInput(store, spec.name, input, rawSize(spec.input));
    if (!raw.ok) return err(`example ${id}: ${raw.error}`);
    read.push({ id, label: spec.labels[label] as string, raw: raw.value });
  }
  return ok(read);
}

/** A random order in which every label has had its first example before any has its second. */
function everyLabelInTurn(
  examples: readonly LabelledExample[],
  count: number,
  seed: number,
): LabelledExample[] {
  const order = shuffle(
    Int32Array.from(examples, (_, i) => i),
    createRandom(seed),
  );
  const seen = new Map<number, number>();
  const ranked = Array.from(order, (at) => {
    const example = examples[at] as LabelledExample;
    const rank = seen.get(example.label) ?? 0;
    seen.set(example.label, rank + 1);
    return { example, rank };
  });
  return ranked
    .sort((a, b) => a.rank - b.rank || a.example.label - b.example.label)
    .slice(0, count)
    .map(({ example }) => example);
}
