/**
 * Labelled examples from arrays of NumPy: tensors, rows of numbers, or pixels.
 */
import { encodedShape } from '../../../shared/model/spec/input.ts';
import { findName } from '../../../shared/model/spec/read-value.ts';
import type { TaskSpec } from '../../../shared/model/spec/task.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import { type Arrays, type Column, LABELS, openArrays } from './arrays.ts';
import type { ColumnNames, ExampleSource, ReadOptions, ReadRow } from './example-source.ts';
import { createMeter, type InputFile } from './input-file.ts';
import { readFields } from './read-fields.ts';

/**
 * Examples of an array and its labels; an error where the two, or either and the model, do not go together.
 *
 * @param labelsFile  null for labels that lie in the same file or beside it
 */
export async function openArraySource(
  file: InputFile,
  labelsFile: string | null,
  options: ReadOptions,
): Promise<Result<ExampleSource, string>> {
  const arrays = await openArrays(file, labelsFile);
  if (!arrays.ok) return arrays;
  const misfit = misfitOf(arrays.value, options);
  if (misfit !== null) return err(`${file.name}: ${misfit}`);
  const columns = findColumns(arrays.value, options.columns);
  if (!columns.ok) return err(`${file.name}: ${columns.error}`);
  const meter = createMeter(arrays.value.bytes);
  return ok({
    name: file.name,
    digest: arrays.value.digest,
    maxRows: arrays.value.count,
    fraction: meter.fraction,
    rows: () => readRows(arrays.value, columns.value, options, meter.add),
  });
}

/** Sides of 1 say nothing: [n, 43, 232] are spectrograms of [43, 232, 1]. */
function misfitOf({ shape }: Arrays, { spec: { input } }: ReadOptions): string | null {
  const wanted = encodedShape(input);
  if (input.kind === 'tabular' && input.features.some(({ type }) => type !== 'number'))
    return 'an array holds numbers, and this model has categories or dates among its features';
  const long = (sides: readonly number[]): string => sides.filter((side) => side !== 1).join();
  const size = shape.reduce((product, side) => product * side, 1);
  const expected = input.kind === 'tabular' ? [input.features.length] : wanted;
  const fits = long(shape) === long(expected) || (shape.length === 1 && size === product(expected));
  return fits
    ? null
    : `expected examples of [${expected.join(', ')}], as the model's spec says, got [${shape.join(', ')}]`;
}

function product(sides: readonly number[]): number {
  return sides.reduce((size, side) => size * side, 1);
}

interface Columns {
  readonly label: Column;
  readonly time: Column | null;
  readonly group: Column | null;
  readonly id: Column | null;
}

/** The label goes by the name that was asked for, else by a usual one. */
export function findLabels({ columns }: Arrays, asked: string | null): Column | null {
  const named = asked === null ? undefined : columns.get(asked);
  return named ?? [...columns.values()].find(({ name }) => LABELS.test(name)) ?? null;
}

function findColumns(arrays: Arrays, names: ColumnNames): Result<Columns, string> {
  const { columns, count } = arrays;
  const label = findLabels(arrays, names.label);
  const there = [...columns.keys()].join(', ') || 'none';
  if (label === null)
    return err(`expected an array of labels, called y or labels, got ${there}; --label names another`);
  const found = new Map<string, Column | null>();
  for (const [option, name] of [
    ['--time', names.time],
    ['--group', names.group],
    ['--id', names.id ?? null],
  ] as const) {
    const column = name === null ? null : columns.get(name);
    if (column === undefined)
      return err(`there is no array ${JSON.stringify(name)} (${option}), but ${there}`);
    found.set(option, column);
  }
  const of = (option: string): Column | null => found.get(option) ?? null;
  const all = { label, time: of('--time'), group: of('--group'), id: of('--id') };
  const short = Object.values(all).find((column) => column !== null && column.length !== count);
  return short === undefined || short === null
    ? ok(all)
    : err(`there are ${count} examples, and ${short.length} of ${short.name}`);
}

const NAMES = { label: 'label', time: 'time', group: 'group', id: 'id', instance: 'example' };

async function* readRows(
  arrays: Arrays,
  columns: Columns,
  options: ReadOptions,
  onBytes: (length: number) => void,
): AsyncGenerator<ReadRow> {
  const labelOf = labelReader(options.spec);
  let row = 0;
  for await (const instance of arrays.examples(onBytes)) {
    const fields = {
      label: labelOf(columns.label.item(row)),
      time: columns.time?.item(row),
      group: columns.group?.item(row),
      id: columns.id?.item(row),
      instance,
    };
    const read = readFields(fields, options, NAMES);
    yield read.ok ? ok({ row, ...read.value }) : err({ row, problem: `example ${row}: ${read.error}` });
    row += 1;
  }
}

/** As of IDX: a whole number is the label of that name, else, where no label is a number, the label in that place. */
function labelReader(spec: TaskSpec): (value: unknown) => unknown {
  if (spec.task === 'regression' || spec.labels.some((label) => /^\d+$/.test(label))) return (value) => value;
  const { labels } = spec;
  return (value) =>
    typeof value === 'number' && findName(labels, value) === -1 ? (labels[value] ?? value) : value;
}
