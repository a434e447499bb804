/**
 * What the events of one id amount to, before a step of the index and after it, and what that step changed. Pure: the
 * same join as of a whole history, of one id at a time.
 */
import { hiddenGroup } from '../../../../shared/events/group.ts';
import type { Event } from '../../../../shared/events/schema.ts';
import { isLabel, type TaskSpec } from '../../../../shared/model/spec/task.ts';
import type { Entry } from './changes.ts';
import { joinEvents, type Joined, type LabelledExample } from './join.ts';

/** An event as the index sees it. */
export interface SeenEvent {
  readonly event: Event;
  readonly batch: number;
  /** whether the bytes of its input lie in the batch */
  readonly inline: boolean;
  /** the first step that saw it */
  readonly from: number;
}

/** What an event is about: a prediction with its label, or a whole example. */
export function subjectOf(event: Event): string {
  switch (event.kind) {
    case 'prediction':
      return `p:${event.id}`;
    case 'label':
      return `p:${event.prediction}`;
    case 'example':
      return `w:${event.id}`;
  }
}

/** What one step changed about one subject. */
export interface Change {
  /** to the labelled examples, and to the predictions without a label: what stands where, or nothing any more */
  readonly labelled: readonly Entry[];
  readonly unlabelled: readonly Entry[];
  /** to the counts */
  readonly examples: number;
  readonly unmatchedLabels: number;
  readonly unlabelledPredictions: number;
  /** an example whose label is none of the model's: as it was before, and as it is */
  readonly strange: readonly [LabelledExample | null, LabelledExample | null];
}

/** What is known of one subject: at most one of the first three. */
interface Standing {
  readonly usable: LabelledExample | null;
  readonly strange: LabelledExample | null;
  readonly unlabelled: LabelledExample | null;
  readonly joined: Joined;
}

/**
 * @param seen      all events of one subject, up to the step
 * @param sequence  the step
 */
export function changeOf(
  spec: TaskSpec & { readonly salt: string },
  seen: readonly SeenEvent[],
  sequence: number,
): Change {
  const standingAt = (step: number): Standing =>
    standingOf(
      spec,
      seen.filter(({ from }) => from <= step).map(({ event }) => event),
    );
  const [before, after] = [standingAt(sequence - 1), standingAt(sequence)];
  const steps = [...new Set(seen.map(({ from }) => from))].sort((a, b) => a - b);
  const toggles: number[] = [];
  for (const step of steps) {
    const isThere = step === sequence ? after.usable !== null : standingAt(step).usable !== null;
    if (isThere !== (toggles.length % 2 === 1)) toggles.push(step);
  }
  const whole = seen[0]?.event.kind === 'example';
  const difference = (one: LabelledExample | null, other: LabelledExample | null): Entry[] =>
    entriesOf(one, other, seen, { whole, toggles });
  return {
    labelled: difference(before.usable, after.usable),
    unlabelled: difference(before.unlabelled, after.unlabelled),
    examples: Number(after.usable !== null) - Number(before.usable !== null),
    unmatchedLabels: after.joined.unmatchedLabels - before.joined.unmatchedLabels,
    unlabelledPredictions: after.joined.unlabelled.length - before.joined.unlabelled.length,
    strange: [before.strange, after.strange],
  };
}

function standingOf(spec: TaskSpec & { readonly salt: string }, events: readonly Event[]): Standing {
  const joined = joinEvents(events);
  const [example] = joined.examples;
  const [prediction] = joined.unlabelled;
  const isUsable = example !== undefined && isLabel(spec, example.label);
  return {
    usable: isUsable ? withHiddenGroup(spec, example) : null,
    strange: example === undefined || isUsable ? null : example,
    unlabelled: prediction === undefined ? null : asExample(prediction),
    joined,
  };
}

/** Older events have groups as they came: the same group is one, whenever it came. */
function withHiddenGroup({ salt }: { readonly salt: string }, example: LabelledExample): LabelledExample {
  const { group } = example;
  return group === undefined ? example : { ...example, group: hiddenGroup(salt, group) };
}

/** In the form of a labelled one; nobody reads the label. */
function asExample({ id, at, input, version, predicted }: Joined['unlabelled'][number]): LabelledExample {
  return { id, at, label: 0, input, served: { version, predicted } };
}

function entriesOf(
  before: LabelledExample | null,
  after: LabelledExample | null,
  seen: readonly SeenEvent[],
  { whole, toggles }: Pick<Entry, 'whole' | 'toggles'>,
): Entry[] {
  if (before === after || JSON.stringify(before) === JSON.stringify(after)) return [];
  const entries: Entry[] = [];
  if (before !== null && before.at !== after?.at) {
    entries.push({ at: before.at, id: before.id, whole, example: null, batch: null, toggles });
  }
  if (after !== null) {
    const { at, id } = after;
    entries.push({ at, id, whole, example: after, batch: holderOf(after, seen), toggles });
  }
  return entries;
}

/** The batch that has the bytes of an example's input; null where none has. */
function holderOf({ input }: LabelledExample, seen: readonly SeenEvent[]): number | null {
  const holder = seen.find(
    ({ event, inline }) => inline && event.kind !== 'label' && event.input.digest === input.digest,
  );
  return holder?.batch ?? null;
}
