/**
 * Real data that is not part of the project: a folder named by HOLDFAST_DATA, or ../shared/data beside the project.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(process.env['HOLDFAST_DATA'] ?? '../shared/data');

export function dataPath(...parts: readonly string[]): string {
  return join(ROOT, ...parts);
}

export const hasData = existsSync(ROOT);

/** What is said of a test that needs it; `left-out.ts` looks for it. */
export const NO_DATA = 'skipped: no data at HOLDFAST_DATA';

/** For names of tests that are skipped without it. */
export const DATA_NOTE = hasData ? '' : ` (${NO_DATA})`;
