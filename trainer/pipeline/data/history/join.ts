/**
 * From events to labelled examples: labels meet their predictions, however late; each id counts once.
 */
import type {
  Event,
  ExampleEvent,
  LabelEvent,
  PredictionEvent,
  StoredInput,
} from '../../../../shared/events/schema.ts';

export interface LabelledExample {
  /** the prediction's or the example's id: unique */
  readonly id: string;
  /** when the input was seen, milliseconds since the epoch */
  readonly at: number;
  /** index of the label, or the target */
  readonly label: number;
  readonly input: StoredInput;
  readonly group?: string;
  /** the version that predicted and what it said, where this was a prediction */
  readonly served?: { readonly version: number; readonly predicted: number };
  /** reported as turned wrong by an update */
  readonly flip?: true;
  /**
   * when the label came, milliseconds since the epoch, where it came for a prediction; a whole example's label comes with
   * the example, and an import's long after `at`: nobody could have known it
   */
  readonly labelledAt?: number;
}

export interface Joined {
  /** in order of time, then id */
  readonly examples: readonly LabelledExample[];
  /** labels whose prediction was not found (its log was lost, or has not arrived yet) */
  readonly unmatchedLabels: number;
  /** predictions whose label has not come, each as it was logged last, in the same order */
  readonly unlabelled: readonly PredictionEvent[];
}

/**
 * Joins labels to predictions and adds whole examples. What came last for an id counts, whenever it was seen, so
 * a wrong label can be put right by sending another. A reported flip stands as long as the label that it came with
 * does: repeating that label leaves it standing, another label takes it back. The order of the events changes nothing.
 */
export function joinEvents(events: Iterable<Event>): Joined {
  const predictions = new Map<string, PredictionEvent>();
  const labels = new Map<string, LabelEvent>();
  const wholes = new Map<string, ExampleEvent>();
  const reported = new Set<string>();
  for (const event of events) {
    if (event.kind !== 'prediction' && event.flip === true) reported.add(nameReport(event));
    switch (event.kind) {
      case 'prediction':
        keepLatest(predictions, event.id, event);
        break;
      case 'label':
        keepLatest(labels, event.prediction, event);
        break;
      case 'example':
        keepLatest(wholes, event.id, event);
        break;
    }
  }
  const matched = [...labels.values()].flatMap((label) => {
    const prediction = predictions.get(label.prediction);
    return prediction === undefined
      ? []
      : [withReport(fromPrediction(prediction, label), reported.has(nameReport(label)))];
  });
  const given = [...wholes.values()].map((example) =>
    withReport(fromExample(example), reported.has(nameReport(example))),
  );
  const examples = [...matched, ...given];
  return {
    examples: examples.sort(byTimeThenId),
    unmatchedLabels: labels.size - matched.length,
    unlabelled: [...predictions.values()].filter(({ id }) => !labels.has(id)).sort(byTimeThenId),
  };
}

/** What two events for the same thing are ordered by. */
interface Said {
  readonly at: number;
  readonly id: string;
  readonly received?: number | undefined;
}

function keepLatest<T extends Said>(kept: Map<string, T>, key: string, next: T): void {
  const previous = kept.get(key);
  if (previous === undefined || compareEvents(previous, next) < 0) kept.set(key, next);
}

/**
 * By when they came in, then time, id and content: two events that differ are never equal, so their order can't matter.
 * Older events don't say when they came in; their time stands for it.
 */
function compareEvents(a: Said, b: Said): number {
  const [first, second] = [a.received ?? a.at, b.received ?? b.at];
  return first - second || byTimeThenId(a, b) || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}

/** In order of time, then id. */
export function byTimeThenId(
  a: { readonly at: number; readonly id: string },
  b: { readonly at: number; readonly id: string },
): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}

/** What a report is about: one example with one label. */
function nameReport(event: LabelEvent | ExampleEvent): string {
  const id = event.kind === 'label' ? event.prediction : event.id;
  return `${event.kind} ${event.label} ${id}`;
}

function withReport(example: LabelledExample, reported: boolean): LabelledExample {
  return reported ? { ...example, flip: true } : example;
}

function fromPrediction(prediction: PredictionEvent, label: LabelEvent): LabelledExample {
  const { id, at, input, version, predicted } = prediction;
  const group = label.group ?? prediction.group;
  const served = { version, predicted };
  const example = { id, at, label: label.label, input, served, labelledAt: label.at };
  return group === undefined ? example : { ...example, group };
}

function fromExample({ id, at, label, input, group }: ExampleEvent): LabelledExample {
  return group === undefined ? { id, at, label, input } : { id, at, label, input, group };
}
