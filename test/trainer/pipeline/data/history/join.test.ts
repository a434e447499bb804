import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinEvents } from '../../../../../trainer/pipeline/data/history/join.ts';
import type {
  Event,
  ExampleEvent,
  LabelEvent,
  PredictionEvent,
} from '../../../../../shared/events/schema.ts';
import { storeInline } from '../../../../../shared/events/stored-input.ts';

const input = storeInline(Float32Array.of(1, 2));

const prediction = (id: string, changes: Partial<PredictionEvent> = {}): PredictionEvent => ({
  kind: 'prediction',
  id,
  at: 100,
  version: 3,
  input,
  predicted: 1,
  ...changes,
});
const label = (id: string, prediction: string, changes: Partial<LabelEvent> = {}): LabelEvent => ({
  kind: 'label',
  id,
  at: 200,
  prediction,
  label: 0,
  ...changes,
});
const example = (id: string, changes: Partial<ExampleEvent> = {}): ExampleEvent => ({
  kind: 'example',
  id,
  at: 150,
  input,
  label: 2,
  ...changes,
});

test('a label meets its prediction: the example has the time and the input of the prediction, and when the label came', () => {
  expect(joinEvents([label('l', 'p'), prediction('p')])).toEqual({
    examples: [{ id: 'p', at: 100, label: 0, input, served: { version: 3, predicted: 1 }, labelledAt: 200 }],
    unmatchedLabels: 0,
    unlabelled: [],
  });
});

test('a whole example needs no prediction, and keeps its group', () => {
  expect(joinEvents([example('e', { group: 'user 7' }), example('f')]).examples).toEqual([
    { id: 'e', at: 150, label: 2, input, group: 'user 7' },
    { id: 'f', at: 150, label: 2, input },
  ]);
});

test('labels without a prediction and predictions without a label are counted', () => {
  const joined = joinEvents([
    prediction('p'),
    prediction('q'),
    label('l', 'q'),
    label('m', 'gone'),
    label('n', 'x'),
  ]);
  expect(joined.examples).toHaveLength(1);
  expect(joined).toMatchObject({ unmatchedLabels: 2, unlabelled: [prediction('p')] });
});

describe('of several labels for one prediction', () => {
  test('the latest counts', () => {
    const labels = [label('a', 'p', { at: 300, label: 1 }), label('b', 'p', { at: 200, label: 2 })];
    expect(joinEvents([prediction('p'), ...labels]).examples).toMatchObject([{ label: 1, labelledAt: 300 }]);
  });

  test('of one instant, the one with the greatest id counts', () => {
    const labels = [label('b', 'p', { label: 2 }), label('a', 'p', { label: 1 })];
    expect(joinEvents([prediction('p'), ...labels]).examples).toMatchObject([{ label: 2 }]);
  });

  test('all that are without their prediction are one unmatched label', () => {
    expect(joinEvents([label('a', 'p'), label('b', 'p', { at: 300 })]).unmatchedLabels).toBe(1);
  });
});

test('examples are in order of time, then id', () => {
  const events = [example('b', { at: 5 }), example('c', { at: 4 }), example('a', { at: 5 })];
  expect(joinEvents(events).examples.map(({ id }) => id)).toEqual(['c', 'a', 'b']);
});

test('no events give nothing', () => {
  expect(joinEvents([])).toEqual({ examples: [], unmatchedLabels: 0, unlabelled: [] });
});

describe('for any events', () => {
  const id = fc.constantFrom('a', 'b', 'c');
  const at = fc.integer({ min: 0, max: 3 });
  const value = fc.integer({ min: 0, max: 2 });
  const event: fc.Arbitrary<Event> = fc.oneof(
    fc.tuple(id, at, value).map(([id, at, predicted]) => prediction(id, { at, predicted })),
    fc.tuple(id, id, at, value).map(([id, to, at, value]) => label(id, to, { at, label: value })),
    fc.tuple(id, at, value).map(([id, at, value]) => example(`e${id}`, { at, label: value })),
  );
  const events = fc.array(event, { maxLength: 20 });

  test('their order changes nothing', () => {
    fc.assert(
      fc.property(
        events.chain((list) =>
          fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
        ),
        ([list, shuffled]) => {
          expect(joinEvents(shuffled)).toEqual(joinEvents(list));
        },
      ),
    );
  });

  test('a repetition changes nothing', () => {
    fc.assert(
      fc.property(
        events.chain((list) => fc.tuple(fc.constant(list), fc.subarray(list))),
        ([list, repeated]) => {
          expect(joinEvents([...list, ...structuredClone(repeated)])).toEqual(joinEvents(list));
        },
      ),
    );
  });

  test('every id is one example, and every prediction and label is counted once', () => {
    fc.assert(
      fc.property(events, (list) => {
        const { examples, unmatchedLabels, unlabelled } = joinEvents(list);
        const distinct = (values: readonly string[]) => new Set(values).size;
        const served = examples.filter(({ served }) => served !== undefined).length;
        const predictions = list.filter((event) => event.kind === 'prediction').map(({ id }) => id);
        const labelled = list.flatMap((event) => (event.kind === 'label' ? [event.prediction] : []));
        expect(distinct(examples.map(({ id }) => id))).toBe(examples.length);
        expect(served + unlabelled.length).toBe(distinct(predictions));
        expect(served + unmatchedLabels).toBe(distinct(labelled));
      }),
    );
  });
});

describe('a reported flip', () => {
  const flipOf = (...events: Event[]) => joinEvents(events).examples.map(({ flip }) => flip);

  test('marks its example, whether it came with a label or with a whole example', () => {
    expect(flipOf(prediction('p'), label('l', 'p', { flip: true }))).toEqual([true]);
    expect(flipOf(example('e', { flip: true }), example('f'))).toEqual([true, undefined]);
  });

  test('stands when the same label comes again without it', () => {
    const again = label('m', 'p', { at: 300 });
    expect(flipOf(prediction('p'), label('l', 'p', { flip: true }), again)).toEqual([true]);
    expect(flipOf(again, label('l', 'p', { flip: true }), prediction('p'))).toEqual([true]);
    expect(flipOf(example('e', { flip: true }), example('e', { at: 400 }))).toEqual([true]);
  });

  test('falls when another label takes its place', () => {
    const other = label('m', 'p', { at: 300, label: 2 });
    expect(flipOf(prediction('p'), label('l', 'p', { flip: true }), other)).toEqual([undefined]);
  });
});

describe('the last word on something', () => {
  test('is what came in last, whatever time it is about', () => {
    const first = example('e', { at: 500, label: 1, received: 1_000 });
    const last = example('e', { at: 100, label: 0, received: 1_000.25 });
    for (const events of [
      [first, last],
      [last, first],
    ]) {
      expect(joinEvents(events).examples).toEqual([{ id: 'e', at: 100, label: 0, input }]);
    }
  });

  test('of a prediction is told by arrival, not by the order of text', () => {
    const labels = [
      label('r.9', 'p', { label: 1, received: 200 }),
      label('r.10', 'p', { label: 2, received: 200.5 }),
    ];
    expect(joinEvents([prediction('p'), ...labels]).examples[0]?.label).toBe(2);
  });
});

test('a prediction has the group that it was made with, or the one that its label says', () => {
  const predicted = prediction('p', { group: 'g' });
  expect(joinEvents([predicted, label('l', 'p')]).examples[0]?.group).toBe('g');
  expect(joinEvents([predicted, label('l', 'p', { group: 'h' })]).examples[0]?.group).toBe('h');
});
