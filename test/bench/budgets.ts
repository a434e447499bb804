/**
 * What a deployment may upload, in bytes compressed by gzip, file by file. Every kilobyte is parsed when an isolate
 * starts, so weight is the first request's time.
 */
const KILOBYTE = 1_000;

export const BUDGETS = {
  edge: { what: 'edge Worker, all of it', bytes: 260 * KILOBYTE },
  inference: { what: 'inference: executor and WASM', bytes: 145 * KILOBYTE },
} as const;
