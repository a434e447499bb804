/** A run that can't succeed however often it is repeated: the message is for the person who has to act. */
export class RunFailure extends Error {
  override readonly name = 'RunFailure';
}
