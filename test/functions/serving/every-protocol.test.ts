/**
 * The same example by every protocol: what is stored, and what the model is shown, is the same.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createClient, type Instance } from '../../../client/client.ts';
import { createArrivalClock } from '../../../functions/collect/arrival-clock.ts';
import { parseFeedback, toEvents } from '../../../functions/collect/feedback.ts';
import type { InferenceRequest } from '../../../functions/serving/inference.ts';
import { parseInferBody } from '../../../functions/serving/open-inference/body.ts';
import { readInferRequest } from '../../../functions/serving/open-inference/request.ts';
import { readPredictRequest } from '../../../functions/serving/tf-serving/predict-request.ts';
import { collectInbox, readBatch } from '../../../shared/events/inbox.ts';
import { hideGroup } from '../../../shared/events/group.ts';
import type { Event } from '../../../shared/events/schema.ts';
import { type ClassificationSpec, specSchema } from '../../../shared/model/spec/spec.ts';
import type { ServingSpec } from '../../../shared/model/spec/serving-spec.ts';
import { createMemoryStore } from '../../../shared/registry/store/memory-store.ts';
import type { Result } from '../../../shared/result.ts';
import { importExamples } from '../../../trainer/data-import/import-examples.ts';
import { openSource } from '../../../trainer/data-import/readers/open-source.ts';
import { useTempFolder } from '../../support/temp-folder.ts';

const folder = useTempFolder();
const NOW = new Date('2026-11-23T12:00:00Z');

const spec = specSchema.parse({
  format: 'holdfast-spec/1',
  name: 'protocols',
  task: 'classification',
  input: {
    kind: 'tabular',
    features: [
      { name: 'age', type: 'number', missing: true },
      { name: 'smoker', type: 'category', values: ['False', 'True'], missing: true },
      { name: 'grade', type: 'category', values: ['1', '2', '3.5'], rare: 2 },
      { name: 'seen', type: 'date', parts: ['hour', 'age'], missing: true },
    ],
  },
  labels: ['0', '1.5', 'True'],
  salt: 'ab'.repeat(32),
}) as ClassificationSpec;

/** An example as a program has it. */
interface Given {
  readonly age: number | null;
  readonly smoker: boolean | null;
  readonly grade: number;
  readonly seen: string | number | null;
  readonly label: number | boolean;
  readonly time: string | number;
  readonly group: string | number | null;
}

const given: fc.Arbitrary<Given> = fc.record({
  age: fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(Math.fround)),
  smoker: fc.option(fc.boolean()),
  grade: fc.constantFrom(1, 2, 3.5, 7),
  seen: fc.option(fc.constantFrom('2026-01-31', '2025-12-24 18:30:00+01', 1_767_225_600)),
  label: fc.constantFrom<number | boolean>(0, 1.5, true),
  time: fc.constantFrom('2026-01-01', '2026-01-01 00:00:00', 1_767_225_600, 1_767_225_600_000, '20260101'),
  group: fc.option(fc.oneof(fc.integer(), fc.constantFrom('', 'user 7', 'ü'))),
});

/** What of an event the protocols have to agree about. */
interface Stored {
  readonly input: string;
  readonly label: number;
  readonly at: number;
  readonly group: string | undefined;
}

async function importText(name: string, text: string): Promise<Stored[]> {
  const store = createMemoryStore();
  const path = await folder.write(name, text);
  const columns = { label: 'label', time: 'time', group: 'group', ignore: [] };
  const options = { spec, columns, now: NOW, format: null, labelsFile: null };
  const source = await openSource(path, options);
  if (!source.ok) throw new Error(source.error);
  const request = { store, model: 'protocols', task: spec.task, salt: spec.salt, source: source.value };
  const settings = { options: {}, skip: 0, limit: Number.POSITIVE_INFINITY, dryRun: false, now: NOW };
  const imported = await importExamples({ ...request, ...settings, onProgress: () => {} });
  if (!imported.ok || imported.value.rejected > 0) throw new Error(JSON.stringify(imported));
  await collectInbox(store, 'protocols', NOW);
  const events: Event[] = [];
  for (const key of await store.list('models/protocols/events/')) {
    events.push(...(await readBatch(key, (await store.get(key))?.bytes ?? new Uint8Array())).events);
  }
  return toStored(events.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
}

function toStored(events: readonly Event[]): Stored[] {
  return events.map((event) => {
    if (event.kind !== 'example') throw new Error('expected examples');
    return { input: event.input.digest, label: event.label, at: event.at, group: event.group };
  });
}

async function feedBack(items: readonly unknown[]): Promise<Stored[]> {
  const next = createArrivalClock();
  const parsed = await parseFeedback({ items }, spec, {
    nowMs: NOW.getTime(),
    requestId: 'r',
    arrival: () => next(NOW.getTime()),
    readImage: () => Promise.reject(new Error('there are no images')),
  });
  if (!parsed.ok || parsed.value.rejected.length > 0) throw new Error(JSON.stringify(parsed));
  return toStored(await toEvents(createMemoryStore(), 'protocols', parsed.value));
}

/** What a client library sends. */
async function sentBy(call: (client: ReturnType<typeof createClient>) => Promise<unknown>) {
  let sent: unknown = null;
  const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
    sent = JSON.parse(init?.body as string);
    return new Response('{"error":"enough"}', { status: 418 });
  };
  await call(createClient({ url: 'https://edge.example', fetch })).catch(() => undefined);
  return sent as { readonly items: unknown[]; readonly instances: unknown[] };
}

/** What the model is shown, and the group as it will be stored. */
function shown(read: Result<InferenceRequest, unknown>): object {
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  const { examples, groups } = read.value;
  const hidden = examples.map((_, i) => {
    const group = groups?.[i] ?? null;
    return group === null ? undefined : hideGroup(spec.salt, group);
  });
  return {
    rows: examples.map((example) => [...(example as Float32Array)].map((value) => value + 0)),
    hidden,
  };
}

type Cell = string | number | boolean | null;

const quote = (value: Cell): string => (value === null ? '' : `"${String(value)}"`);
const spell = (value: Cell): Cell => (typeof value === 'boolean' ? (value ? 'True' : 'False') : value);

function instanceOf({ age, smoker, grade, seen }: Given): Instance {
  return { age, smoker, grade, seen };
}

test('the same example means the same by every protocol', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(given, { minLength: 1, maxLength: 4 }), async (rows) => {
      const items = rows.map((row) => ({
        instance: instanceOf(row),
        label: row.label,
        timestamp: row.time,
        group: row.group,
      }));
      const expected = await feedBack(items);

      const header = 'time,age,smoker,grade,seen,group,label';
      const lines = rows.map(({ time, age, smoker, grade, seen, group, label }) =>
        [time, age, spell(smoker), grade, seen, group, spell(label)].map(quote).join(','),
      );
      expect(await importText('protocols.csv', [header, ...lines].join('\n'))).toEqual(expected);
      expect(await importText('flat.ndjson', rows.map((row) => JSON.stringify(row)).join('\n'))).toEqual(
        expected,
      );
      const whole = rows.map((row) => ({ ...row, instance: instanceOf(row) }));
      const nested = whole.map(({ age: _a, smoker: _s, grade: _g, seen: _d, ...rest }) =>
        JSON.stringify(rest),
      );
      expect(await importText('whole.ndjson', nested.join('\n'))).toEqual(expected);
      const sent = await sentBy((client) => client.feedback('protocols', items));
      expect(await feedBack(sent.items)).toEqual(expected);

      const group = rows.map((row) => row.group);
      const byName = shown(readPredictRequest({ instances: rows.map(instanceOf), group }, spec, 100));
      expect((byName as { hidden: unknown }).hidden).toEqual(expected.map(({ group }) => group));
      const inOrder = rows.map(({ age, smoker, grade, seen }) => [age, smoker, grade, seen]);
      expect(shown(readPredictRequest({ instances: inOrder, group }, spec, 100))).toEqual(byName);
      const column = (name: 'age' | 'smoker' | 'grade' | 'seen') => rows.map((row) => row[name]);
      const columns = {
        age: column('age'),
        smoker: column('smoker'),
        grade: column('grade'),
        seen: column('seen'),
      };
      expect(shown(readPredictRequest({ inputs: columns, group }, spec, 100))).toEqual(byName);
      const asked = await sentBy((client) => client.predict('protocols', rows.map(instanceOf), { group }));
      expect(shown(readPredictRequest(asked, spec, 100))).toEqual(byName);

      const inputs = [
        { name: 'age', datatype: 'FP64', data: columns.age },
        {
          name: 'smoker',
          datatype: 'BYTES',
          data: columns.smoker.map((value) => (value === null ? null : String(spell(value)))),
        },
        { name: 'grade', datatype: 'FP32', data: columns.grade },
        {
          name: 'seen',
          datatype: 'BYTES',
          data: columns.seen.map((value) => (value === null ? null : String(value))),
        },
      ].map((tensor) => ({ ...tensor, shape: [rows.length] }));
      const json = new TextEncoder().encode(JSON.stringify({ inputs, parameters: { group } }));
      const body = parseInferBody(json, 'application/json', null);
      if (!body.ok) throw new Error(JSON.stringify(body.error));
      expect(shown(readInferRequest(body.value, spec, 100))).toEqual(byName);
    }),
    { numRuns: 25 },
  );
});

test('a tensor of truths is the words of a category', () => {
  const inputs = [
    { name: 'smoker', datatype: 'BOOL', shape: [2], data: [true, false] },
    { name: 'grade', datatype: 'INT64', shape: [2], data: [2, 9] },
  ];
  const body = parseInferBody(new TextEncoder().encode(JSON.stringify({ inputs })), '', null);
  if (!body.ok) throw new Error(JSON.stringify(body.error));
  expect(shown(readInferRequest(body.value, spec, 100))).toMatchObject({
    rows: [
      [Number.NaN, 1, 1, Number.NaN],
      [Number.NaN, 0, 3, Number.NaN],
    ],
  });
});

/** A request for a model of numbers, of which the second may be missing. */
function inferNumbers(inputs: readonly object[]) {
  const features = [
    { name: 'width', type: 'number' as const },
    { name: 'height', type: 'number' as const, missing: true as const },
  ];
  const numbers: ServingSpec = { ...spec, input: { kind: 'tabular', features } };
  const body = parseInferBody(new TextEncoder().encode(JSON.stringify({ inputs })), '', null);
  if (!body.ok) throw new Error(JSON.stringify(body.error));
  return readInferRequest(body.value, numbers, 100);
}

test.each<[string, object[], string]>([
  [
    'in one tensor of all features',
    [{ name: 'input', datatype: 'FP32', shape: [2, 2], data: [1, null, null, 4] }],
    'inputs[0]: expected FP32 at position 2, got null',
  ],
  [
    'in a tensor of its own',
    [
      { name: 'width', datatype: 'FP64', shape: [2], data: [1, null] },
      { name: 'height', datatype: 'FP64', shape: [2], data: [null, 4] },
    ],
    'inputs[0]: expected FP64 at position 1, got null',
  ],
])('null %s is refused by its place where the feature may not be missing', (_, inputs, detail) => {
  expect(inferNumbers(inputs)).toMatchObject({ ok: false, error: { detail } });
});

test('null in one tensor of all features is a gap where the feature may be missing', () => {
  const inputs = [{ name: 'input', datatype: 'FP32', shape: [2, 2], data: [1, null, 3, 4] }];
  const read = inferNumbers(inputs);
  expect(read.ok && read.value.examples).toEqual([Float32Array.of(1, Number.NaN), Float32Array.of(3, 4)]);
});

test.each<[string, object, string]>([
  ['a group that is true', { group: true }, 'items[0].group: expected a text or a number, got true'],
  [
    'a group that is an object',
    { group: { a: 1 } },
    'items[0].group: expected a text or a number, got an object',
  ],
  [
    'a misspelt feature',
    { instance: { agge: 1, grade: 1 } },
    'items[0].instance: there is no feature "agge"',
  ],
  [
    'a day that does not exist',
    { timestamp: '2026-02-30' },
    'items[0].timestamp: expected a time as ISO 8601',
  ],
  ["a spreadsheet's day", { timestamp: 45_000.5 }, 'items[0].timestamp: expected a time as ISO 8601'],
  ['a year alone', { timestamp: 2026 }, 'items[0].timestamp: expected a time as ISO 8601'],
])('%s is refused with its place', async (_, changes, message) => {
  const item = { instance: { age: 1, grade: 1 }, label: 0, ...changes };
  await expect(feedBack([item])).rejects.toThrow(JSON.stringify(message).slice(1, -1));
});
