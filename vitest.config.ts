/**
 * Two projects: `node`, and `workerd` (inside the real runtime, with real local R2).
 * A test that runs in workerd is named `*.workerd.test.ts`.
 */
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { readConformance } from './test/functions/conformance/provide.ts';

export default defineConfig({
  test: {
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
