/**
 * Where the local process finds and keeps things.
 */
import path from 'node:path';

/** The project's root folder. */
export const PROJECT = path.resolve(import.meta.dirname, '../../..');

const SCRATCH = path.join(PROJECT, '.wrangler');
export const DEFAULT_STATE = path.join(SCRATCH, 'state');
/** The demo's own state, fresh each time, and its report. */
export const DEMO_STATE = path.join(SCRATCH, 'demo', 'state');
export const DEMO_REPORT = path.join(SCRATCH, 'demo', 'report.html');
export const BUILDS = path.join(SCRATCH, 'build');
