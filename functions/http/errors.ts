/**
 * Everything that may be wrong with a request, as one union, and what each protocol says about it.
 */
import type { AliasError } from '../../shared/registry/champion/alias.ts';
import type { JobError } from '../../shared/registry/jobs/jobs.ts';
import type { JobName } from '../../shared/registry/store/keys.ts';
import type { PromotionError } from '../../shared/registry/champion/promotion.ts';
import type { LiveError } from '../../shared/registry/live.ts';
import type { QuarantineError } from '../../shared/registry/quarantine.ts';
import type { ServedAtError } from '../../shared/registry/champion/served-at.ts';
import type { VersionError } from '../../shared/registry/versions/find-version.ts';
import type { SpecError } from '../../shared/model/spec/find-spec.ts';
import type { AuthError } from './auth.ts';

export type RequestError =
  | { readonly kind: 'invalid'; readonly detail: string }
  | { readonly kind: 'body-too-large'; readonly detail: string }
  | { readonly kind: 'not-found'; readonly detail: string }
  | { readonly kind: 'method-not-allowed'; readonly detail: string }
  | { readonly kind: 'misconfigured'; readonly detail: string };

/** Nothing is wrong with the request; it came at the wrong time. */
export type LimitError =
  | { readonly kind: 'over-rate'; readonly detail: string }
  | { readonly kind: 'overloaded'; readonly detail: string }
  | { readonly kind: 'timed-out'; readonly detail: string };

/** A model or version that exists and can't be loaded: damaged, too large, or storage does not answer. */
export type NotServable = { readonly kind: 'not-servable'; readonly detail: string };

/** Why a model can't answer now, although it exists. */
export type ServingError = NotServable | { readonly kind: 'no-champion'; readonly detail: string };

export type TrainerRefusal =
  | { readonly kind: 'trainer-unavailable'; readonly detail: string }
  | { readonly kind: 'trainer-refused'; readonly detail: string };

export type AppError =
  | AuthError
  | RequestError
  | LimitError
  | ServingError
  | TrainerRefusal
  | AliasError
  | JobError<JobName>
  | PromotionError
  | QuarantineError
  | LiveError
  | ServedAtError
  | SpecError
  | VersionError;

export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 429 | 503 | 504;

/** The HTTP status of an error, the same for every protocol. */
export function statusOf(error: AppError): ErrorStatus {
  switch (error.kind) {
    case 'invalid':
      return 400;
    case 'unauthenticated':
      return 401;
    case 'forbidden':
      return 403;
    case 'not-found':
    case 'unknown-model':
    case 'unknown-version':
    case 'unknown-run':
    case 'unknown-comparison':
    case 'unknown-reproduction':
    case 'unknown-quarantine':
    case 'unpublished':
    case 'nothing-served':
    case 'not-looked-at':
      return 404;
    case 'method-not-allowed':
      return 405;
    // The request was sound; what the bucket holds now stands against it.
    case 'lost-race':
    case 'already-champion':
    case 'not-passed':
    case 'nothing-to-roll-back':
    case 'taken-back':
    case 'promotion-paused':
    case 'not-paused':
    case 'damaged':
    case 'trainer-refused':
      return 409;
    case 'body-too-large':
      return 413;
    case 'over-rate':
      return 429;
    case 'timed-out':
      return 504;
    // Not 429: it is not this client who asks too much, and clients of both protocols try again after a 503.
    case 'overloaded':
    case 'no-champion':
    case 'not-servable':
    case 'spec-unreadable':
    case 'alias-unreadable':
    case 'run-unreadable':
    case 'comparison-unreadable':
    case 'reproduction-unreadable':
    case 'quarantine-unreadable':
    case 'live-unreadable':
    case 'trainer-unavailable':
    case 'misconfigured':
      return 503;
  }
}

/** In place of what is damaged or does not answer, which names what lies in storage. */
export const UNSERVABLE = 'the model can not be served now; its operators see why under /api';

/** Errors whose words are for operators. */
const BEHIND: ReadonlySet<AppError['kind']> = new Set([
  'not-servable',
  'damaged',
  'spec-unreadable',
  'alias-unreadable',
]);

/** What a client of a model is told: what concerns its request, and nothing of what is behind. */
export function toPublicDetail(error: AppError): string {
  if (error.kind === 'unpublished') return `version ${error.version} is not completely published`;
  return BEHIND.has(error.kind) ? UNSERVABLE : error.detail;
}

/** The Open Inference Protocol and TF Serving say it the same way. */
export function toInferenceError(detail: string): { error: string } {
  return { error: detail };
}

/** RFC 9457. A lost race names the move it lost to. */
export function toProblem(error: AppError): Record<string, unknown> {
  const problem = {
    type: `urn:holdfast:${error.kind}`,
    title: error.kind.replaceAll('-', ' '),
    status: statusOf(error),
    detail: error.detail,
  };
  return error.kind === 'lost-race' ? { ...problem, lostTo: error.to } : problem;
}

/** A request that is not as it should be (400). The detail says where, what was expected and what came. */
export function invalid(detail: string): { readonly ok: false; readonly error: AppError } {
  return { ok: false, error: { kind: 'invalid', detail } };
}
