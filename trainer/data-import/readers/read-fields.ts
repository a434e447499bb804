/**
 * From the fields of one row, whatever file they come from, to an example. What a value means is read by the same code
 * as predictions and feedback (shared/model/spec/read-value.ts).
 */
import { unwrapNumeral } from '../../../shared/model/spec/feature.ts';
import { parseInstance } from '../../../shared/model/spec/input.ts';
import { parseTime } from '../../../shared/model/spec/moment.ts';
import { parseGroup } from '../../../shared/model/spec/read-value.ts';
import { parseLabel } from '../../../shared/model/spec/task.ts';
import { err, ok, type Result } from '../../../shared/result.ts';
import type { ExampleRow, ReadOptions } from './example-source.ts';

export interface Fields {
  readonly label: unknown;
  readonly time: unknown;
  readonly group: unknown;
  readonly id: unknown;
  /** As a prediction request would have it. */
  readonly instance: unknown;
}

/** How messages name the fields. */
export type FieldNames = Readonly<Record<keyof Fields, string>>;

/** A target as tables write it, where the file says how. */
function toNumber(label: unknown, decimal: ReadOptions['decimal']): unknown {
  if (typeof label !== 'string') return label;
  if (decimal) return unwrapNumeral(label, decimal)?.value ?? label;
  // As for a feature: Number reads more than what a number is written as.
  const number = label === '' ? Number.NaN : Number(label);
  return Number.isNaN(number) ? label : number;
}

/** @returns the example, or what is wrong with the first field that is */
export function readFields(
  fields: Fields,
  { spec, now, moments, decimal }: Pick<ReadOptions, 'spec' | 'now' | 'moments' | 'decimal'>,
  names: FieldNames,
): Result<Omit<ExampleRow, 'row'>, string> {
  const label = parseLabel(spec, spec.task === 'regression' ? toNumber(fields.label, decimal) : fields.label);
  if (!label.ok) return err(`${names.label}: ${label.error}`);
  const at = parseTime(fields.time, now.getTime(), moments);
  if (!at.ok) return err(`${names.time}: ${at.error}`);
  const group = parseGroup(fields.group);
  if (!group.ok) return err(`${names.group}: ${group.error}`);
  const id = parseGroup(fields.id);
  if (!id.ok) return err(`${names.id}: ${id.error}`);
  const raw = parseInstance(spec.input, fields.instance, names.instance);
  if (!raw.ok) return raw;
  return ok({
    raw: raw.value,
    label: label.value,
    ...(at.value !== null && { at: at.value }),
    ...(group.value !== null && { group: group.value }),
    ...(id.value !== null && { id: id.value }),
  });
}
