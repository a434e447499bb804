/**
 * How a command ends early. Thrown by commands, caught once, in main.ts.
 */
import type { Result } from '../../../shared/result.ts';

/** 1: it could not be done. 2: it was asked for wrongly. */
export type ExitCode = 1 | 2;

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: ExitCode;
  /** For --json: the kind of an error, and what else it says. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(message: string, exitCode: ExitCode = 1, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.exitCode = exitCode;
    this.facts = facts;
  }
}

export function usageError(message: string): Failure {
  return new Failure(message, 2, { kind: 'usage' });
}

/** The value, or the command ends with what is wrong. */
export function unwrap<T>(
  result: Result<T, string | { readonly kind: string; readonly detail: string }>,
  exitCode: ExitCode = 1,
): T {
  if (result.ok) return result.value;
  const { error } = result;
  if (typeof error === 'string') throw new Failure(error, exitCode);
  const { detail, ...facts } = error;
  throw new Failure(detail, exitCode, facts);
}
