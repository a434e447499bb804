/**
 * `npm start`. Plain JavaScript that an old Node can read, so that an old Node can say what to do.
 */
import process from 'node:process';
import { requireNode } from '../node-version.mjs';

requireNode('npm start');
const { main } = await import('./start.ts');
process.exitCode = await main(process.argv.slice(2), process.env);
