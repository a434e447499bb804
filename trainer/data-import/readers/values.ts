/**
 * Labels, targets and times as files write them.
 */
import { parseTarget, type TaskSpec } from '../../../shared/model/spec/task.ts';
import { err, ok, type Result } from '../../../shared/result.ts';

const SHOWN = 8;

/** @returns the label's index; of a regression the target */
export function parseLabel(spec: TaskSpec, text: string): Result<number, string> {
  return spec.task === 'classification' ? findLabel(spec.labels, text) : parseTarget(readNumber(text));
}

/** Text that is no number stays text, so that the message can show it. */
function readNumber(text: string): string | number {
  const number = text === '' ? Number.NaN : Number(text);
  return Number.isNaN(number) ? text : number;
}

function findLabel(labels: readonly string[], text: string): Result<number, string> {
  const index = labels.indexOf(text);
  if (index !== -1) return ok(index);
  const shown = labels.slice(0, SHOWN).map((label) => JSON.stringify(label));
  const more = labels.length > SHOWN ? `, … (${labels.length} labels)` : '';
  return err(`expected one of ${shown.join(', ')}${more}, got ${JSON.stringify(text)}`);
}

/** From here on a number means milliseconds: as seconds it would be the year 5138, as milliseconds it is 1973. */
const FIRST_MILLISECONDS = 1e11;

const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * An ISO 8601 time (UTC where it names no zone), or seconds or milliseconds since the epoch.
 *
 * @param now  later times are refused: no run would see them
 * @returns whole milliseconds since the epoch
 */
export function parseTime(value: string | number, now: Date): Result<number, string> {
  const at =
    typeof value === 'number' || /^\d+(\.\d+)?$/.test(value) ? fromNumber(Number(value)) : fromIso(value);
  if (Number.isNaN(at)) {
    return err(
      `expected a time as ISO 8601 or as seconds or milliseconds since 1970, got ${JSON.stringify(value)}`,
    );
  }
  if (at < 0) return err(`expected a time after 1970, got ${JSON.stringify(value)}`);
  if (at > now.getTime()) return err(`expected a time that has passed, got ${new Date(at).toISOString()}`);
  return ok(at);
}

function fromNumber(value: number): number {
  return Math.floor(value < FIRST_MILLISECONDS ? value * 1_000 : value);
}

function fromIso(text: string): number {
  const match = ISO.exec(text);
  if (match === null) return Number.NaN;
  const dateOnly = text.length === 10;
  return Date.parse(`${text.replace(' ', 'T')}${match[1] === undefined && !dateOnly ? 'Z' : ''}`);
}
