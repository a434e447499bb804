/**
 * Model status in TF Serving's words: which version serves, and which one is on its way.
 */
import { err, ok, type Result } from '../../../shared/result.ts';
import { type AppError, UNSERVABLE } from '../../http/errors.ts';
import type { ServingStatus } from '../cache/model-cache.ts';

export interface VersionStatus {
  readonly version: string;
  readonly state: 'AVAILABLE' | 'LOADING';
  readonly status: { readonly error_code: 'OK' | 'UNAVAILABLE'; readonly error_message: string };
}

/** The status of a version that answers. */
export function available(version: number): VersionStatus {
  return { version: String(version), state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } };
}

/** The champion; and before it, where it can't be loaded, what was promoted since. */
export function toVersionStatuses(
  model: string,
  { version, promoted, failure }: ServingStatus,
): Result<VersionStatus[], AppError> {
  if (promoted === null) return err({ kind: 'no-champion', detail: `${model} has no champion yet` });
  const serving = version === null ? [] : [available(version)];
  if (promoted === version) return ok(serving);
  const status = {
    error_code: 'UNAVAILABLE' as const,
    error_message: failure === null ? 'not loaded yet' : UNSERVABLE,
  };
  return ok([{ version: String(promoted), state: 'LOADING', status }, ...serving]);
}
