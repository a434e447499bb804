/**
 * How a command ends early. Thrown by commands, caught once, in main.ts.
 */
import type { Result } from '../../../shared/result.ts';

/** What a command ends with, for scripts and schedulers. 0: done; of `train`, promoted. */
export const EXIT = {
  /** It could not be done. */
  failed: 1,
  /** It was asked for wrongly. */
  usage: 2,
  /** `train`: the gate holds the candidate back: nothing is shown either way. */
  held: 3,
  /** `train`: the gate refused the candidate. */
  refused: 4,
  /** `train`: there was nothing new to learn from, or too little to judge by. */
  skipped: 5,
  /** `train`: the gate passed the candidate, and a person decides: promotion is manual or paused, or was overtaken. */
  waiting: 6,
  /** `status`: a model has a champion and nothing serves it. */
  notServing: 7,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

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

/** A command that was called wrongly: exit code 2. */
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
