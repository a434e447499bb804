/** A run that can't succeed however often it is repeated: the message is for the person who has to act. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
}

/** Whether it is for a person to act; everything else that is thrown is an outage or a bug, and may be tried again. */
export function isRunFailure(error: unknown): error is RunFailure {
  return error instanceof RunFailure;
}
