/**
 * Objects as tables: NDJSON and lists in JSON, whose keys are columns. An `instance` with names is part of its row.
 */
import { err, ok, type Result } from '../../../shared/result.ts';
import type { ExampleSource, ReadOptions, ReadRow } from './example-source.ts';
import { createMeter, type InputFile } from './input-file.ts';
import { findAbsent, parseObject, readObject } from './object-fields.ts';
import type { Table, TableRecord } from './table.ts';
import { readLines } from './text-lines.ts';
import { openText, streamText, type TextForm } from './text-stream.ts';

/** One object of a file, with its place. */
export interface PlacedObject {
  readonly place: string;
  /** 0, 1, 2, …: empty lines count. */
  readonly row: number;
  readonly object: Result<Record<string, unknown>, string>;
}

type Objects = (onBytes?: (length: number) => void) => AsyncGenerator<PlacedObject>;

/** A list is read whole: larger ones go as NDJSON, one object a line. */
const MAX_JSON_BYTES = 512_000_000;

/** The file's objects, read as they are asked for, each with where it stood and, where it is none, what is wrong. */
export async function openObjects(
  file: InputFile,
  format: 'ndjson' | 'json',
  form: TextForm,
): Promise<Result<Objects, string>> {
  const text = openText(file, form);
  if (!text.ok) return text;
  if (format === 'ndjson') {
    return ok(async function* objects(onBytes) {
      let line = 0;
      for await (const content of readLines(streamText(text.value, onBytes))) {
        line += 1;
        if (content.trim() !== '')
          yield { place: `line ${line}`, row: line - 1, object: parseObject(content) };
      }
    });
  }
  if (file.bytes > MAX_JSON_BYTES)
    return err(`${file.name}: expected JSON of at most 512 MB; write one object a line (NDJSON) instead`);
  const list = await readList(streamText(text.value));
  if (!list.ok) return err(`${file.name}: ${list.error}`);
  return ok(async function* objects(onBytes = () => {}) {
    for (const [i, item] of list.value.entries()) {
      onBytes(file.bytes / list.value.length);
      const isObject = typeof item === 'object' && item !== null && !Array.isArray(item);
      const object = isObject ? ok({ ...item }) : err('expected a JSON object');
      yield { place: `item ${i + 1}`, row: i, object };
    }
  });
}

/** The file is a list of objects, or an object that holds one list of them and nothing else that is a list. */
async function readList(chunks: AsyncIterable<Buffer>): Promise<Result<readonly unknown[], string>> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  let value: unknown;
  try {
    value = JSON.parse(
      Buffer.concat(parts)
        .toString()
        .replace(/^\uFEFF/, ''),
    );
  } catch {
    return err('expected a list of objects in JSON; of one object a line, --format ndjson');
  }
  if (Array.isArray(value)) return ok(value);
  const lists = typeof value === 'object' && value !== null ? Object.values(value).filter(Array.isArray) : [];
  const [only] = lists;
  return only !== undefined && lists.length === 1
    ? ok(only as unknown[])
    : err('expected a list of objects in JSON, or an object that holds one');
}

/** Examples from lines, or from the items of a list. */
export async function openObjectSource(
  file: InputFile,
  format: 'ndjson' | 'json',
  options: ReadOptions & TextForm,
): Promise<Result<ExampleSource, string>> {
  const objects = await openObjects(file, format, options);
  if (!objects.ok) return objects;
  const absent = await findAbsent(objects.value(), options.columns);
  if (absent !== null) return err(`${file.name}: ${absent}`);
  const meter = createMeter(file.bytes);
  return ok({
    name: file.name,
    digest: file.digest,
    maxRows: format === 'json' ? await count(objects.value()) : file.lines,
    fraction: meter.fraction,
    rows: async function* rows(): AsyncGenerator<ReadRow> {
      for await (const { place, row, object } of objects.value(meter.add)) {
        const read = object.ok ? readObject(object.value, options) : object;
        yield read.ok ? ok({ row, ...read.value }) : err({ row, problem: `${place}: ${read.error}` });
      }
    },
  });
}

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let n = 0;
  for await (const _ of items) n += 1;
  return n;
}

/** For looking at columns: all keys that any object has, in order of first appearance. */
export async function openObjectTable(
  file: InputFile,
  format: 'ndjson' | 'json',
  form: TextForm,
): Promise<Result<Table, string>> {
  const objects = await openObjects(file, format, form);
  if (!objects.ok) return objects;
  const columns = new Set<string>();
  let rows = 0;
  for await (const { object } of objects.value()) {
    rows += 1;
    if (object.ok) for (const key of Object.keys(flatten(object.value))) columns.add(key);
  }
  if (columns.size === 0) return err(`${file.name}: expected objects with names, found none`);
  const names = [...columns];
  const meter = createMeter(file.bytes);
  return ok({
    name: file.name,
    digest: file.digest,
    columns: names,
    maxRows: rows,
    notes: [],
    fraction: meter.fraction,
    records: async function* records(): AsyncGenerator<TableRecord> {
      for await (const { place, object } of objects.value(meter.add)) {
        if (!object.ok) yield { place, cells: object };
        else {
          const flat = flatten(object.value);
          yield { place, cells: ok(names.map((name) => flat[name] ?? null)) };
        }
      }
    },
  });
}

function flatten(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { instance, ...rest } = object;
  const named = typeof instance === 'object' && instance !== null && !Array.isArray(instance);
  return named ? { ...rest, ...instance } : { ...object };
}
