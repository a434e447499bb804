/**
 * Names of Workflow instances.
 */
import { sha256Hex } from '../../shared/digest.ts';

/**
 * The instance that does what a record of a model says: `digits_20261130T030000Z`. Workflows allow 100 letters, digits,
 * - and _ in a name; a model that has others, or too many, goes by its digest. Ids of records have no _.
 */
export function instanceName(model: string, id: string): string {
  const name = `${model}_${id}`;
  return /^[A-Za-z0-9_-]{1,100}$/.test(name) ? name : `${sha256Hex(model).slice(0, 32)}_${id}`;
}
