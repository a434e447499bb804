/**
 * The group that predictions belong to, as a request says it: one for all of its examples, or a list with one for each.
 */
import { parseGroup } from '../../shared/model/spec/read-value.ts';
import { ok, type Result } from '../../shared/result.ts';
import { type AppError, invalid } from '../http/errors.ts';

/** One an example, as they came; null where there is none at all. */
export type Groups = readonly (string | null)[] | null;

/** @param count  of the examples */
export function readGroups(value: unknown, count: number, where: string): Result<Groups, AppError> {
  if (value === undefined || value === null || value === '') return ok(null);
  const list: readonly unknown[] = Array.isArray(value) ? value : Array.from({ length: count }, () => value);
  if (list.length !== count) return invalid(`${where}: expected one, or ${count}, got ${list.length}`);
  const groups: (string | null)[] = [];
  for (const [i, item] of list.entries()) {
    const group = parseGroup(item);
    if (!group.ok) return invalid(`${where}${list === value ? `[${i}]` : ''}: ${group.error}`);
    groups.push(group.value);
  }
  return ok(groups);
}
