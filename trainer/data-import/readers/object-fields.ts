/**
 * Labelled examples from objects, a line of NDJSON or an item of a list in JSON: with `instance` as a prediction request would have it (or
 * the features beside the rest), `label`, and where known `timestamp`, `group` and `id`.
 */
import * as z from 'zod';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { ColumnNames, ExampleRow, ReadOptions } from './example-source.ts';
import { type FieldNames, readFields } from './read-fields.ts';

/** A key that was named and that no line has is a mistake; most often the first line ends the search. */
export async function findAbsent(
  objects: AsyncIterable<{ readonly object: Result<Record<string, unknown>, string> }>,
  columns: ColumnNames,
): Promise<string | null> {
  const named: [option: string, key: string | null][] = [
    ['--label', columns.label],
    ['--time', columns.time],
    ['--group', columns.group],
    ['--id', columns.id ?? null],
  ];
  const wanted = new Map(named.flatMap(([option, key]) => (key === null ? [] : [[key, option] as const])));
  for await (const { object } of objects) {
    if (object.ok) for (const key of Object.keys(object.value)) wanted.delete(key);
    if (wanted.size === 0) return null;
  }
  const [first] = wanted;
  return first === undefined ? null : `no line has ${JSON.stringify(first[0])} (${first[1]})`;
}

const objectSchema = z.record(z.string(), z.unknown());

/** One line of NDJSON; an error where it is no JSON, or no object. */
export function parseObject(line: string): Result<Record<string, unknown>, string> {
  try {
    const object = objectSchema.safeParse(JSON.parse(line));
    return object.success ? ok(object.data) : err('expected a JSON object');
  } catch {
    return err('expected a JSON object, got something that is no JSON');
  }
}

/** An object with an example in it, as a line or in a list. */
export function readObject(
  object: Readonly<Record<string, unknown>>,
  options: ReadOptions,
): Result<Omit<ExampleRow, 'row'>, string> {
  const { columns } = options;
  const names: FieldNames = {
    label: columns.label,
    time: columns.time ?? 'timestamp',
    group: columns.group ?? 'group',
    id: columns.id ?? 'id',
    instance: 'instance',
  };
  const { label, time, group, id } = names;
  const whole = 'instance' in object;
  const named = whole || (columns.id ?? null) !== null;
  const apart = [label, time, group, ...(named ? [id] : []), ...columns.ignore];
  const rest = Object.entries(object).filter(([name]) => !apart.includes(name));
  const stray = whole ? rest.find(([name]) => name !== 'instance') : undefined;
  if (stray !== undefined)
    return err(
      `there is no place for ${JSON.stringify(stray[0])} beside the instance; --ignore ${stray[0]} leaves it out`,
    );
  const fields = {
    label: object[label],
    time: object[time],
    group: object[group],
    id: named ? object[id] : null,
    instance: whole ? object['instance'] : Object.fromEntries(rest),
  };
  return readFields(fields, options, names);
}
