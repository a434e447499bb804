/**
 * `npm run check:size`: what a deployment of the edge Worker uploads, and what weighs in it. Ends with 1 when it has
 * outgrown a budget, or evaluates at its start what a prediction does not need.
 */
import { readFile } from 'node:fs/promises';
import { BUDGETS } from './budgets.ts';
import { bundleEdge, bundleWorker, measureGzipBytes, metafileOf, withScratch } from './runtime.ts';
import { findEagerWay, groupModules, type Metafile } from './size-modules.ts';

const KILOBYTE = 1_000;
const SHOWN_MODULES = 12;

interface Measured {
  readonly what: string;
  readonly bytes: number;
  readonly budget: number;
}

async function measure(scratch: string): Promise<{ parts: Measured[]; meta: Metafile }> {
  const edge = await bundleEdge(scratch);
  const inference = await bundleWorker('cold-executor', scratch);
  const parts = [
    { what: BUDGETS.edge.what, bytes: await measureGzipBytes(edge), budget: BUDGETS.edge.bytes },
    {
      what: BUDGETS.inference.what,
      bytes: await measureGzipBytes(inference),
      budget: BUDGETS.inference.bytes,
    },
  ];
  return { parts, meta: JSON.parse(await readFile(metafileOf(edge), 'utf8')) as Metafile };
}

function kilobytes(bytes: number): string {
  return (bytes / KILOBYTE).toFixed(1).padStart(7);
}

const { parts, meta } = await withScratch(measure);
console.log('  kB gzip   budget');
for (const { what, bytes, budget } of parts)
  console.log(`  ${kilobytes(bytes)}  ${kilobytes(budget)}  ${what}`);
console.log("\nkB of the edge Worker's script, minified and not compressed");
for (const { name, bytes } of groupModules(meta).slice(0, SHOWN_MODULES)) {
  console.log(`  ${kilobytes(bytes)}  ${name}`);
}
const over = parts.filter(({ bytes, budget }) => bytes > budget);
for (const { what } of over) console.error(`\n${what}: over its budget`);
/** It takes as long as all the rest of a start, and only operators, feedback and the queue need it. */
const way = findEagerWay(meta, 'functions/worker.ts', 'zod');
if (way !== null) console.error(`\na first prediction would wait for zod: ${way.join(' > ')}`);
process.exitCode = over.length === 0 && way === null ? 0 : 1;
