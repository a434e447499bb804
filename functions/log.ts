/**
 * What the Worker says about itself: one JSON object a line, as `wrangler tail` and Logpush expect.
 */

import { printable } from '../shared/printable.ts';

export type LogFacts = Readonly<Record<string, string | number | boolean | null>>;

export interface Log {
  /** Something went on, worth knowing. */
  info(event: string, facts: LogFacts): void;
  /** Somebody should look at this. */
  error(event: string, facts: LogFacts): void;
}

/** Facts of any text: what could forge a line or colour a terminal is escaped (`printable`). */
export function createConsoleLog(): Log {
  return {
    info: (event, facts) => console.log(printable(JSON.stringify({ event, ...facts }))),
    error: (event, facts) => console.error(printable(JSON.stringify({ event, ...facts }))),
  };
}

/** An exception in words, for a log line. */
export function describeCause(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
