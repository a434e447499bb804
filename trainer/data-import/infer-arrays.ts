/**
 * What a new model can be told from arrays of NumPy: the shape of an example, and what its labels ask to predict.
 */
import { isNumeral } from '../../shared/model/spec/read-value.ts';
import type { TaskSpec } from '../../shared/model/spec/task.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import { findLabels } from './readers/array-source.ts';
import { openArrays } from './readers/arrays.ts';
import { scanFile } from './readers/input-file.ts';

/** Whole numbers with more different values are a target. */
const MOST_CLASSES = 30;

export interface InferredArrays {
  readonly count: number;
  /** Of an example. */
  readonly shape: readonly number[];
  /** What the labels ask to predict; null where the labels' names are given. */
  readonly task: TaskSpec;
  /** The array that the labels stand in. */
  readonly label: string;
}

/**
 * @param label  the array of labels; null: one of a usual name
 * @param task   what is asked for; null: as the labels look
 */
export async function inferFromArrays(
  path: string,
  label: string | null,
  task: TaskSpec['task'] | null,
): Promise<Result<InferredArrays, string>> {
  const file = await scanFile(path);
  if (!file.ok) return file;
  const arrays = await openArrays(file.value, null);
  if (!arrays.ok) return arrays;
  const { count, shape, columns } = arrays.value;
  const labels = findLabels(arrays.value, label);
  if (labels === null)
    return err(
      `${path}: expected an array of labels, called y or labels, got ${[...columns.keys()].join(', ')}`,
    );
  const values = new Set(Array.from({ length: labels.length }, (_, i) => labels.item(i)));
  const names = [...values].map((value) => String(value).trim());
  const numbers = names.every(isNumeral);
  const whole = names.every((name) => Number.isInteger(Number(name)));
  const asTarget = task === null ? numbers && (!whole || names.length > MOST_CLASSES) : task === 'regression';
  if (asTarget && !numbers)
    return err(`${path}: ${labels.name}: expected numbers to predict, got ${JSON.stringify(names[0])}`);
  const known: TaskSpec = asTarget
    ? { task: 'regression', target: { name: labels.name } }
    : { task: 'classification', labels: sortNames(names, numbers) };
  return ok({ count, shape, task: known, label: labels.name });
}

function sortNames(names: readonly string[], numbers: boolean): string[] {
  const unique = [...new Set(names)];
  return numbers ? unique.toSorted((a, b) => Number(a) - Number(b)) : unique.toSorted();
}
