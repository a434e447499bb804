/**
 * A classifier's labels, as files have them: one a line, a JSON list, or a JSON object (by index, by label, or under a
 * name that exporters use).
 */
import { err, ok, type Result } from '../../shared/result.ts';
import { isObject, type Json } from './json-object.ts';

export interface LabelsFile {
  /** In the order of the outputs. */
  readonly labels: readonly string[];
  /** What was done to them, in words; null where they stood so. */
  readonly note: string | null;
}

/** Names of a list of labels in files of Teachable Machine and others. */
const LIST_NAMES = [
  'labels',
  'wordLabels',
  'words',
  'classes',
  'class_names',
  'classNames',
  'names',
  'categories',
];

/**
 * @param text   the file's
 * @param where  names it in messages
 */
export function parseLabels(text: string, where: string): Result<LabelsFile, string> {
  const clean = text.replace(/^\uFEFF/, '').trim();
  if (clean === '') return err(`${where}: expected labels, the file is empty`);
  if (!/^[[{]/.test(clean)) return parseLines(clean, where);
  let value: unknown;
  try {
    value = JSON.parse(clean);
  } catch {
    return err(
      `${where}: expected a JSON list or object of labels, or one label a line; it begins like JSON and is none`,
    );
  }
  const list = Array.isArray(value) ? readList(value, where) : readObject(value as Json, where);
  return list.ok ? ok({ labels: list.value, note: null }) : list;
}

function parseLines(text: string, where: string): Result<LabelsFile, string> {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const empty = lines.indexOf('');
  if (empty !== -1) return err(`${where} line ${empty + 1}: expected a label, got an empty line`);
  // Teachable Machine and TensorFlow's label files: `0 Café cup`, `1: dog`.
  const numbered = lines.map((line) => /^(\d+)[ \t:,]+(.+)$/.exec(line));
  const inOrder = lines.length > 1 && numbered.every((match, i) => Number(match?.[1] ?? -1) === i);
  if (!inOrder) return ok({ labels: lines, note: null });
  const labels = numbered.map((match) => match?.[2] ?? '');
  return ok({ labels, note: `${where}: the numbers in front of the labels were taken away` });
}

function readList(list: readonly unknown[], where: string): Result<string[], string> {
  const labels: string[] = [];
  for (const [i, item] of list.entries()) {
    const label = labelOf(item);
    if (label === null)
      return err(`${where}: expected a text at position ${i}, got ${JSON.stringify(item)?.slice(0, 60)}`);
    labels.push(label);
  }
  return labels.length === 0 ? err(`${where}: expected labels, the list is empty`) : ok(labels);
}

/** A text or number; `["n01440764", "tench"]` as Keras's index of ImageNet has it; `{"name": …}`. */
function labelOf(item: unknown): string | null {
  if (typeof item === 'string' && item.trim() !== '') return item;
  if (typeof item === 'number' || typeof item === 'boolean') return String(item);
  if (Array.isArray(item) && item.length === 2 && typeof item[1] === 'string') return item[1];
  const name = isObject(item) ? (item['name'] ?? item['label'] ?? item['display_name']) : undefined;
  return typeof name === 'string' && name !== '' ? name : null;
}

function readObject(object: Json, where: string): Result<string[], string> {
  const listed = LIST_NAMES.find((name) => Array.isArray(object[name]));
  if (listed !== undefined) return readList(object[listed] as unknown[], `${where}: ${listed}`);
  const entries = Object.entries(object);
  if (entries.length === 0) return err(`${where}: expected labels, the object is empty`);
  const byIndex = entries.every(([key]) => /^\d+$/.test(key));
  const byLabel = !byIndex && entries.every(([, value]) => Number.isInteger(value));
  if (!byIndex && !byLabel)
    return err(
      `${where}: expected an object like {"0": "cat"}, {"cat": 0} or {"labels": ["cat"]}, got the keys ${entries
        .slice(0, 4)
        .map(([key]) => JSON.stringify(key))
        .join(', ')}`,
    );
  const pairs = entries.map(([key, value]) =>
    byIndex ? ([Number(key), value] as const) : ([value, key] as const),
  );
  const sorted = [...pairs].sort(([a], [b]) => Number(a) - Number(b));
  const first = Number(sorted[0]?.[0]) === 1 ? 1 : 0;
  const gap = sorted.findIndex(([index], i) => index !== i + first);
  if (gap !== -1)
    return err(
      `${where}: expected the index ${gap + first} once, got ${String(sorted[gap]?.[0])} in its place`,
    );
  return readList(
    sorted.map(([, label]) => label),
    where,
  );
}

/** Which labels stand more than once, and where; null where none does. */
export function describeDuplicates(labels: readonly string[]): string | null {
  const places = new Map<string, number[]>();
  for (const [i, label] of labels.entries()) places.set(label, [...(places.get(label) ?? []), i]);
  const twice = [...places].filter(([, at]) => at.length > 1);
  if (twice.length === 0) return null;
  const shown = twice.slice(0, 5).map(([label, at]) => `${JSON.stringify(label)} at ${at.join(' and ')}`);
  return `${shown.join(', ')}${twice.length > shown.length ? `, and ${twice.length - shown.length} more` : ''}`;
}

/** `crane`, `crane` as `crane`, `crane 2`: every label once, the first of each as it was. */
export function numberDuplicates(labels: readonly string[]): string[] {
  const taken = new Set(labels);
  const seen = new Set<string>();
  return labels.map((label) => {
    if (!seen.has(label)) {
      seen.add(label);
      return label;
    }
    let n = 2;
    while (taken.has(`${label} ${n}`)) n += 1;
    const numbered = `${label} ${n}`;
    taken.add(numbered);
    return numbered;
  });
}
