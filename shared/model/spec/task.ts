/**
 * What a model predicts, one of its labels or a number, and what follows from that for whoever trains, serves or
 * labels it.
 */
import type { Target } from '../../registry/versions/manifest.ts';
import { err, ok, type Result } from '../../result.ts';
import { findName, isNumeral, kindOf } from './read-value.ts';
import type { ClassificationSpec, RegressionSpec } from './spec.ts';

/** The part of a spec that says what is predicted. */
export type TaskSpec = Pick<ClassificationSpec, 'task' | 'labels'> | Pick<RegressionSpec, 'task' | 'target'>;

/** What a regression predicts; null for a classification. */
export function targetOf(spec: TaskSpec): Target | null {
  return spec.task === 'regression' ? spec.target : null;
}

/** Numbers in one answer: a probability a label, or the target. */
export function outputWidth(spec: TaskSpec): number {
  return spec.task === 'classification' ? spec.labels.length : 1;
}

/** What the head's last layer ends in. */
export function outputActivation({ task }: Pick<TaskSpec, 'task'>): 'softmax' | 'linear' {
  return task === 'classification' ? 'softmax' : 'linear';
}

/** Whether a stored label is one that this model can have. */
export function isLabel(spec: TaskSpec, label: number): boolean {
  if (spec.task === 'regression') return isTarget(label);
  return Number.isInteger(label) && label >= 0 && label < spec.labels.length;
}

/** Models compute in float32: a target beyond its range is infinite to them. */
function isTarget(value: number): boolean {
  return Number.isFinite(Math.fround(value));
}

const SHOWN_LABELS = 10;

/**
 * A label as anybody writes it: the label's name, or the target as a number or as a text that says one.
 *
 * @returns the label's index or the target; the error goes on after `items[2].label: `
 */
export function parseLabel(spec: TaskSpec, value: unknown): Result<number, string> {
  if (spec.task === 'regression') return parseTarget(value);
  const index = findName(spec.labels, value);
  if (index !== -1) return ok(index);
  const shown = spec.labels.slice(0, SHOWN_LABELS).map((label) => JSON.stringify(label));
  const more = spec.labels.length > shown.length ? `, … (${spec.labels.length} labels)` : '';
  return err(`expected one of ${shown.join(', ')}${more}, got ${describeValue(value)}`);
}

/** A target must be a number, finite also as float32. */
function parseTarget(value: unknown): Result<number, string> {
  const number = typeof value === 'string' && isNumeral(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number))
    return err(`expected a finite number, got ${describeValue(value)}`);
  return isTarget(number) ? ok(number) : err(`expected a number within ±3.4e38, got ${number}`);
}

function describeValue(value: unknown): string {
  return typeof value === 'number' && Number.isFinite(value) ? `the number ${value}` : kindOf(value);
}
