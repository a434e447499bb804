/**
 * How often a key may ask, counted by the platform (`[[ratelimits]]` in wrangler.toml) in each of its locations.
 */
import { describeCause, type Log } from '../log.ts';

/** Whether the key's next request is within its rate. */
export type RateLimit = (key: string) => Promise<boolean>;

/** What this needs of the platform's binding. */
export interface RateLimiter {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/** A limiter that does not answer lets everybody in: it is there for fairness, not for safety. */
export function createRateLimit(limiter: RateLimiter, log: Log): RateLimit {
  return async (key) => {
    try {
      return (await limiter.limit({ key })).success;
    } catch (cause) {
      log.error('rate-limit-failed', { key, cause: describeCause(cause) });
      return true;
    }
  };
}
