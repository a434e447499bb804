/**
 * `npm run bench`. Plain JavaScript that an old Node can read, so that an old Node can say what to do.
 */
import process from 'node:process';
import { requireNode } from '../../trainer/tools/node-version.mjs';

requireNode('npm run bench');
const { main } = await import('./bench.ts');
process.exitCode = await main(process.argv.slice(2));
