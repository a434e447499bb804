/**
 * Reads labelled examples from NDJSON: one object a line, with `instance` as a prediction request would have it (or
 * the features beside the rest), `label`, and where known `timestamp` and `group`.
 */
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { parseInstance } from '../../../shared/model/spec/input.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { ColumnNames, ExampleRow, ExampleSource, ReadOptions, ReadRow } from './example-source.ts';
import { createMeter, type InputFile, streamFile, toReadable } from './input-file.ts';
import { parseLabel, parseTime } from './values.ts';

export function openNdjson(file: InputFile, options: ReadOptions): ExampleSource {
  const meter = createMeter(file.bytes);
  return {
    name: file.name,
    digest: file.digest,
    maxRows: file.lines,
    fraction: meter.fraction,
    rows: () => readRows(file, options, meter.add),
  };
}

async function* readRows(
  file: InputFile,
  options: ReadOptions,
  onBytes: (length: number) => void,
): AsyncGenerator<ReadRow> {
  const lines = createInterface({
    input: toReadable(streamFile(file, onBytes)),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  let row = 0;
  for await (const line of lines) {
    const at = row;
    row += 1;
    if (line.trim() === '') continue;
    const parsed = parseLine(line, options);
    yield parsed.ok
      ? ok({ row: at, ...parsed.value })
      : err({ row: at, problem: `line ${at + 1}: ${parsed.error}` });
  }
}

const objectSchema = z.record(z.string(), z.unknown());

function parseLine(
  line: string,
  { spec, columns, now }: ReadOptions,
): Result<Omit<ExampleRow, 'row'>, string> {
  const object = parseObject(line);
  if (!object.ok) return object;
  const fields = takeApart(object.value, columns);
  if (typeof fields.label !== 'string' && typeof fields.label !== 'number')
    return err(`${columns.label}: expected a text or a number, got ${describe(fields.label)}`);
  const label = parseLabel(spec, String(fields.label));
  if (!label.ok) return err(`${columns.label}: ${label.error}`);
  const at = parseOptionalTime(fields.time, now);
  if (!at.ok) return err(`${columns.time ?? 'timestamp'}: ${at.error}`);
  const raw = parseInstance(spec.input, fields.instance, 'instance');
  if (!raw.ok) return raw;
  return ok({
    raw: raw.value,
    label: label.value,
    ...(at.value === null ? {} : { at: at.value }),
    ...(typeof fields.group === 'string' ? { group: fields.group } : {}),
  });
}

function parseObject(line: string): Result<Record<string, unknown>, string> {
  try {
    const object = objectSchema.safeParse(JSON.parse(line));
    return object.success ? ok(object.data) : err('expected a JSON object');
  } catch {
    return err('expected a JSON object, got something that is no JSON');
  }
}

function takeApart(object: Readonly<Record<string, unknown>>, columns: ColumnNames) {
  const keys = { label: columns.label, time: columns.time ?? 'timestamp', group: columns.group ?? 'group' };
  const special = new Set([...Object.values(keys), ...columns.ignore]);
  const features = Object.entries(object).filter(([name]) => !special.has(name));
  return {
    instance: 'instance' in object ? object['instance'] : Object.fromEntries(features),
    label: object[keys.label],
    time: object[keys.time],
    group: object[keys.group],
  };
}

function parseOptionalTime(value: unknown, now: Date): Result<number | null, string> {
  if (value === undefined || value === null) return ok(null);
  if (typeof value === 'string' || typeof value === 'number') return parseTime(value, now);
  return err(`expected a time, got ${describe(value)}`);
}

function describe(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 40);
}
