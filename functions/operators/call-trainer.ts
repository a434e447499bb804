/**
 * Asking the trainer for something, and what the caller is told when it does not do it.
 */
import { err, ok, type Result } from '../../shared/result.ts';
import type { TrainerError, TrainerService } from '../../shared/trainer-service.ts';
import type { AppDeps } from '../deps.ts';
import type { AppError } from '../http/errors.ts';
import { describeCause } from '../log.ts';

/** A trainer that refuses says why; one that can't be reached is an outage, and the run may be asked for again. */
export async function callTrainer<T extends object>(
  { trainer, log }: AppDeps,
  call: (trainer: TrainerService) => Promise<Result<T, TrainerError>>,
): Promise<Result<T, AppError>> {
  if (trainer === null) {
    return err({ kind: 'trainer-unavailable', detail: 'this deployment has no trainer bound to it' });
  }
  let answer: Result<T, TrainerError>;
  try {
    answer = await call(trainer);
  } catch (cause) {
    log.error('trainer-unavailable', { cause: describeCause(cause) });
    return err({ kind: 'trainer-unavailable', detail: 'the trainer does not answer' });
  }
  // What came over the binding is copied: it belongs to the call.
  if (answer.ok) return ok({ ...answer.value });
  return err({ kind: 'trainer-refused', detail: `${answer.error.kind}: ${answer.error.detail}` });
}
