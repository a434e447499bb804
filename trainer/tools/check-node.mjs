/**
 * Runs before `npm test` and `npm run check`: says what to do where Node is too old for them.
 */
import process from 'node:process';
import { requireNode } from './node-version.mjs';

requireNode(process.env['npm_lifecycle_event'] === 'pretest' ? 'npm test' : 'npm run check');
