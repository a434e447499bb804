/**
 * `npm run demo`. Plain JavaScript that an old Node can read, so that an old Node can say what to do.
 */
import process from 'node:process';
import { requireNode } from '../node-version.mjs';

requireNode('npm run demo');
const { main } = await import('./demo.ts');
process.exitCode = await main(process.argv.slice(2));
