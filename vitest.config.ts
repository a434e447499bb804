/**
 * Two projects: `node`, and `workerd` (inside the real runtime, with real local R2).
 * A test that runs in workerd is named `*.workerd.test.ts`.
 */
import { availableParallelism } from 'node:os';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { readConformance } from './test/functions/serving/conformance/provide.ts';
import { LeftOut } from './test/support/left-out.ts';

/** A file into which the results are written as JSON as well. */
const report = process.env['HOLDFAST_TEST_REPORT'];

function jsonInto(outputFile: string): ['json', { outputFile: string }] {
  return ['json', { outputFile }];
}

export default defineConfig({
  test: {
    // Vitest would leave one of two cores to itself, and twice the minutes to whoever waits.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // What did not run for want of data is said last, so that nobody takes a green run for a whole one.
    reporters: ['default', new LeftOut(), ...(report === undefined ? [] : [jsonInto(report)])],
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.workerd.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './test/workerd/wrangler.toml' },
          }),
        ],
        test: {
          name: 'workerd',
          include: ['test/**/*.workerd.test.ts'],
          testTimeout: 60_000,
          provide: { conformance: readConformance() },
        },
      },
    ],
  },
});
